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
            "repositories": (_repository(repository) for repository in report.repositories),
            "pairs": (_pair(pair) for pair in report.pairs),
            "versions": (
                {
                    "package": version.package,
                    "version": version.version,
                    "count": version.count,
                    "where": list(version.where),
                }
                for version in report.versions
            ),
            "clusters": (
                {"versions": dict(cluster.versions), "count": cluster.count, "where": list(cluster.where)}
                for cluster in report.clusters
            ),
            "drifts": [
                {
                    "package": drift.package,
                    "differing": drift.differing,
                    "compared": drift.compared,
                    "versions": drift.versions,
                }
                for drift in report.drifts
            ],
            "what_if": list(report.asked),
            "risks": (
                {
                    "environment": risk.environment,
                    "package": risk.package,
                    "stated": risk.stated,
                    "to": risk.to,
                    "why": risk.why,
                    "models": list(risk.models),
                }
                for risk in report.risks
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
