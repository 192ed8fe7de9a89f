"""A fleet as JSON, schema `mlaudit.fleet/1`."""

from __future__ import annotations

from mlaudit import __version__
from mlaudit.model.fleet import FleetPair, FleetReport, FleetRepository
from mlaudit.reporters._json_text import Json, lines


def as_json(report: FleetReport) -> str:
    """Everything, in an order that depends on names alone."""
    return lines(
        {
            "schema": "mlaudit.fleet/1",
            "mlaudit": __version__,
            "knowledge": report.knowledge,
            "repositories": (_repository(one) for one in report.repositories),
            "pairs": (_pair(one) for one in report.pairs),
            "versions": (
                {"package": one.package, "version": one.version, "count": one.count, "where": list(one.where)}
                for one in report.versions
            ),
            "clusters": (
                {"versions": dict(one.versions), "count": one.count, "where": list(one.where)}
                for one in report.clusters
            ),
            "drifts": [
                {
                    "package": one.package,
                    "differing": one.differing,
                    "compared": one.compared,
                    "versions": one.versions,
                }
                for one in report.drifts
            ],
            "what_if": list(report.asked),
            "risks": (
                {
                    "environment": one.environment,
                    "package": one.package,
                    "stated": one.stated,
                    "to": one.to,
                    "why": one.why,
                    "models": list(one.models),
                }
                for one in report.risks
            ),
            "notes": list(report.notes),
            "summary": summary(report),
            "exit_code": report.exit_code,
        }
    )


def summary(report: FleetReport) -> Json:
    """Counts of a fleet; every repository is in exactly one of `audited` and `given_up`."""
    given_up = sum(bool(one.why) for one in report.repositories)
    return {
        "repositories": len(report.repositories),
        "audited": len(report.repositories) - given_up,
        "given_up": given_up,
        "environments": report.environments,
        "pairs": len(report.pairs),
        "spanning": sum(bool(one.address) for one in report.pairs),
        "error": sum(one.severity == "error" for one in report.pairs),
        "warning": sum(one.severity == "warning" for one in report.pairs),
        "info": sum(one.severity == "info" for one in report.pairs),
        "unread": sum(one.unread for one in report.repositories),
    }


def _repository(one: FleetRepository) -> Json:
    return {
        "name": one.name,
        "kind": one.kind,
        "revision": one.revision,
        "given_up": one.why or None,
        "environments": one.environments,
        "pairs": one.pairs,
        "unread": one.unread,
        "error": one.error,
        "warning": one.warning,
        "info": one.info,
    }


def _pair(one: FleetPair) -> Json:
    return {
        "writer": one.writer,
        "reader": one.reader,
        "severity": one.severity or None,
        "certain": one.certain,
        "address": one.address or None,
        "models": list(one.models),
        "differ": list(one.differ),
        "findings": [dict(finding) for finding in one.findings],
        "not_compared": one.why or None,
    }
