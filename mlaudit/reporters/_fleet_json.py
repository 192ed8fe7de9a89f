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


def _repository(repository: FleetRepository) -> Json:
    return {
        "name": repository.name,
        "kind": repository.kind,
        "revision": repository.revision,
        "given_up": repository.why or None,
        "environments": repository.environments,
        "pairs": repository.pairs,
        "unread": repository.unread,
        "error": repository.error,
        "warning": repository.warning,
        "info": repository.info,
    }


def _pair(pair: FleetPair) -> Json:
    return {
        "writer": pair.writer,
        "reader": pair.reader,
        "severity": pair.severity or None,
        "certain": pair.certain,
        "address": pair.address or None,
        "models": list(pair.models),
        "differ": [{"package": name, "written": written, "read": read} for name, written, read in pair.differ],
        "findings": [dict(finding) for finding in pair.findings],
        "not_compared": pair.why or None,
    }
