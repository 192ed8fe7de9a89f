"""Counts of a fleet."""

from __future__ import annotations

from mlaudit.model.fleet import FleetReport
from mlaudit.reporters._json_text import Json


def summary(report: FleetReport) -> Json:
    """Counts of a fleet; every repository is in exactly one of `audited` and `given_up`."""
    given_up = sum(bool(repository.why) for repository in report.repositories)
    return {
        "repositories": len(report.repositories),
        "audited": len(report.repositories) - given_up,
        "given_up": given_up,
        "environments": report.environments,
        "pairs": len(report.pairs),
        "spanning": sum(bool(pair.address) for pair in report.pairs),
        "error": sum(pair.severity == "error" for pair in report.pairs),
        "warning": sum(pair.severity == "warning" for pair in report.pairs),
        "info": sum(pair.severity == "info" for pair in report.pairs),
        "compared": report.compared,
        "differing": report.differing,
        "not_listed": not_listed(report),
        "unread": sum(repository.unread for repository in report.repositories),
    }


def not_listed(report: FleetReport) -> int:
    """Findings of repositories that no pair lists: about single environments, or beyond what a row keeps."""
    every = sum(repository.error + repository.warning + repository.info for repository in report.repositories)
    return every - sum(len(pair.findings) for pair in report.pairs if not pair.address)
