"""A fleet as JSON, schema `mlaudit.fleet/1`."""

from __future__ import annotations

from mlaudit import __version__
from mlaudit.model.fleet import FleetPair, FleetReport, FleetRepository
from mlaudit.reporters._fleet_facts import summary
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
        "differ": [{"package": name, "written": written, "read": read} for name, written, read in one.differ],
        "findings": [dict(finding) for finding in one.findings],
        "not_compared": one.why or None,
    }
