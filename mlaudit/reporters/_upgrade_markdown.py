"""A planned upgrade as Markdown, for a ticket: boxes to tick, in the order of the roll-out."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.secrets import masked
from mlaudit.repair.upgrade.nouns import EnvironmentMove, PackageMove, UpgradePlan
from mlaudit.reporters._escape import as_code, for_markdown
from mlaudit.reporters._upgrade_facts import (
    artifact_words,
    change_words,
    closing,
    command,
    headline,
    order_words,
    places,
    shown_findings,
    unsolved_words,
)


def as_markdown(plan: UpgradePlan) -> str:
    """The plan as sections; every change is a box."""
    sections = (_changes, _unsolved, _artifacts, _order, _left, _unknown, _next)
    parts = [
        f"## {_prose(headline(plan))}",
        *("\n".join(lines) for section in sections if (lines := list(section(plan)))),
    ]
    return "\n\n".join(parts) + "\n"


def _prose(sentence: str) -> str:
    return for_markdown(masked(sentence))


def _changes(plan: UpgradePlan) -> Iterator[str]:
    order = [name for step in plan.steps for name in step.environments]
    if order:
        yield "### Changes\n"
    for name in order:
        yield f"- **{_prose(name)}**"
        for move in plan.moves:
            for environment in move.environments:
                if environment.environment == name:
                    yield from _change(move, environment)


def _change(move: PackageMove, environment_move: EnvironmentMove) -> Iterator[str]:
    where = ", ".join(as_code(str(place)) for place in places(environment_move))
    hand = f" (by hand: {_prose(environment_move.refusal)})" if environment_move.refusal else ""
    run = "".join(f"; then run {as_code(str(each))}" for each in environment_move.commands)
    yield f"  - [ ] {as_code(move.package)} {_prose(change_words(environment_move, move))}: {where}{run}{hand}"
    if move.because:
        yield f"    because {_prose(move.because)}"


def _unsolved(plan: UpgradePlan) -> Iterator[str]:
    if plan.unsolved:
        yield "### No solution\n"
    yield from (f"- {_prose(unsolved_words(unsolved))}" for unsolved in plan.unsolved)


def _artifacts(plan: UpgradePlan) -> Iterator[str]:
    if plan.artifacts:
        yield "### Models\n"
    for artifact in plan.artifacts:
        remedy = f" Or: {_prose(artifact.remedy)}" if artifact.remedy else ""
        yield f"- [ ] {as_code(artifact.name)} {_prose(artifact_words(artifact))}{remedy}"


def _order(plan: UpgradePlan) -> Iterator[str]:
    if plan.orders:
        yield "### Order\n"
        yield from (f"{at}. {_prose(', '.join(step.environments))}" for at, step in enumerate(plan.steps, 1))
        yield ""
    yield from (f"- {_prose(order_words(order))}: {_prose('; '.join(order.because))}" for order in plan.orders)


def _left(plan: UpgradePlan) -> Iterator[str]:
    shown = shown_findings(plan)
    if shown:
        yield "### Findings that remain\n"
    for finding in shown:
        new = " (new)" if finding.fingerprint in plan.fresh else ""
        yield f"- {finding.severity.value} {finding.code}{new}: {_prose(finding.message)}"


def _unknown(plan: UpgradePlan) -> Iterator[str]:
    if plan.unknown:
        yield "### Not known\n"
    yield from (f"- {_prose(text)}" for text in plan.unknown)


def _next(plan: UpgradePlan) -> Iterator[str]:
    yield from (_prose(sentence) for sentence in closing(plan))
    typed = " ".join(command(plan))
    if typed:
        yield f"\nTo apply: {as_code(typed)}"
