"""A planned upgrade as JSON, schema `mlaudit.plan/1`."""

from __future__ import annotations

from mlaudit import __version__
from mlaudit.model.findings import Finding
from mlaudit.model.nouns import Place
from mlaudit.model.secrets import masked
from mlaudit.repair.upgrade.nouns import (
    AffectedArtifact,
    EnvironmentMove,
    PackageMove,
    PairOrder,
    Unsolved,
    UpgradePlan,
)
from mlaudit.reporters._json_text import Json, edit_object, lines
from mlaudit.reporters._upgrade_facts import command, places


def as_json(plan: UpgradePlan) -> str:
    """Everything that the plan holds."""
    return lines(
        {
            "schema": "mlaudit.plan/1",
            "mlaudit": __version__,
            "knowledge": plan.index,
            "targets": [{"package": package, "to": to} for package, to in plan.targets],
            "proposed": plan.proposed,
            "moves": [_move(move) for move in plan.moves],
            "unsolved": [_unsolved(unsolved) for unsolved in plan.unsolved],
            "artifacts": [_artifact(artifact) for artifact in plan.artifacts],
            "orders": [_order(order) for order in plan.orders],
            "steps": [
                {"environments": list(step.environments), "packages": list(step.packages)} for step in plan.steps
            ],
            "unknown": [masked(text) for text in plan.unknown],
            "errors_before": len(plan.before),
            "errors_after": len(plan.errors_left),
            "findings": [_finding(finding, plan) for finding in plan.after],
            "gave_up": plan.gave_up,
            "search_steps": plan.search_steps,
            "command": " ".join(command(plan)) or None,
        }
    )


def _move(move: PackageMove) -> Json:
    return {
        "package": move.package,
        "to": move.to,
        "asked": move.asked,
        "because": masked(move.because) or None,
        "environments": [_environment(environment) for environment in move.environments],
    }


def _environment(move: EnvironmentMove) -> Json:
    return {
        "environment": move.environment,
        "was": move.was,
        "places": [_place(place) for place in places(move)],
        "edits": [edit_object(edit) for edit in move.edits],
        "commands": [{"folder": each.folder, "words": list(each.words)} for each in move.commands],
        "by_hand": masked(move.refusal) or None,
    }


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.line, "column": place.column}


def _unsolved(unsolved: Unsolved) -> Json:
    return {
        "environments": list(unsolved.environments),
        "packages": list(unsolved.unfit.packages),
        "says": masked(unsolved.unfit.says),
        "why": masked(unsolved.says),
        "proven": unsolved.proven,
    }


def _artifact(artifact: AffectedArtifact) -> Json:
    return {
        "name": artifact.name,
        "at": _place(artifact.at) if artifact.at is not None else None,
        "writer": artifact.writer,
        "reader": artifact.reader,
        "package": artifact.package,
        "written": artifact.written,
        "read": artifact.read,
        "fate": artifact.fate.value,
        "already": artifact.already,
        "says": masked(artifact.says),
        "remedy": masked(artifact.remedy) or None,
    }


def _order(order: PairOrder) -> Json:
    return {
        "writer": order.writer,
        "reader": order.reader,
        "order": order.order.value,
        "because": [masked(each) for each in order.because],
    }


def _finding(finding: Finding, plan: UpgradePlan) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "package": finding.package,
        "environments": list(finding.environments),
        "message": masked(finding.message),
        "fingerprint": finding.fingerprint,
        "new": finding.fingerprint in plan.fresh,
    }
