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
            "unsolved": [_unsolved(one) for one in plan.unsolved],
            "artifacts": [_artifact(artifact) for artifact in plan.artifacts],
            "orders": [_order(order) for order in plan.orders],
            "steps": [
                {"environments": list(step.environments), "packages": list(step.packages)} for step in plan.steps
            ],
            "unknown": [masked(one) for one in plan.unknown],
            "errors_before": len(plan.before),
            "errors_after": len(plan.errors_left),
            "findings": [_finding(one, plan) for one in plan.after],
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


def _environment(one: EnvironmentMove) -> Json:
    return {
        "environment": one.environment,
        "was": one.was,
        "places": [_place(place) for place in places(one)],
        "edits": [edit_object(edit) for edit in one.edits],
        "commands": [{"folder": each.folder, "words": list(each.words)} for each in one.commands],
        "by_hand": masked(one.refusal) or None,
    }


def _place(place: Place) -> Json:
    return {"path": place.path, "line": place.line, "column": place.column}


def _unsolved(one: Unsolved) -> Json:
    return {
        "environments": list(one.environments),
        "packages": list(one.unfit.packages),
        "says": masked(one.unfit.says),
        "why": masked(one.says),
        "proven": one.proven,
    }


def _artifact(one: AffectedArtifact) -> Json:
    return {
        "name": one.name,
        "at": _place(one.at) if one.at is not None else None,
        "writer": one.writer,
        "reader": one.reader,
        "package": one.package,
        "written": one.written,
        "read": one.read,
        "fate": one.fate.value,
        "already": one.already,
        "says": masked(one.says),
        "remedy": masked(one.remedy) or None,
    }


def _order(one: PairOrder) -> Json:
    return {
        "writer": one.writer,
        "reader": one.reader,
        "order": one.order.value,
        "because": [masked(each) for each in one.because],
    }


def _finding(one: Finding, plan: UpgradePlan) -> Json:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "package": one.package,
        "environments": list(one.environments),
        "message": masked(one.message),
        "fingerprint": one.fingerprint,
        "new": one.fingerprint in plan.fresh,
    }
