"""Sentences of a planned upgrade, for every format that people read."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.findings import Finding
from mlaudit.model.nouns import Place, Severity
from mlaudit.model.report import listed
from mlaudit.repair.upgrade.nouns import (
    AffectedArtifact,
    EnvironmentMove,
    Fate,
    Order,
    PackageMove,
    PairOrder,
    Unsolved,
    UpgradePlan,
)

FATE_WORDS = {
    Fate.BREAKS: "does not load",
    Fate.CHANGES: "loads, and its results change",
    Fate.UNPROMISED: "may not load: the project does not promise that it does",
}
"""What a fate means for a user."""
ORDER_WORDS = {
    Order.READERS_FIRST: "{reader} before {writer}",
    Order.WRITERS_FIRST: "{writer} before {reader}",
    Order.TOGETHER: "{writer} and {reader} at the same time",
}
"""An order in words."""


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def headline(plan: UpgradePlan) -> str:
    """What the plan is for, and how much it takes."""
    if not plan.targets and not plan.moves:
        return "Nothing to plan: there is no error." if not plan.before else "No set of versions fixes an error."
    names = ", ".join(f"{package}=={to}" for package, to in plan.targets)
    head = f"Proposed: {names}".rstrip(": ") if plan.proposed else f"Upgrade to {names}"
    changes = sum(len(move.environments) for move in plan.moves)
    where = len({environment.environment for move in plan.moves for environment in move.environments})
    files = {place.path for move in plan.moves for environment in move.environments for place in places(environment)}
    if not changes:
        return f"{head}: every environment that names it has it already."
    return f"{head}: {count(changes, 'change')} in {count(where, 'environment')}, {count(len(files), 'file')}."


def places(move: EnvironmentMove) -> tuple[Place, ...]:
    """Where something is to be changed: what is edited, else where it is stated."""
    edited = tuple(Place(path=edit.path, line=edit.line, column=edit.column) for edit in move.edits)
    locks = tuple(
        statement for statement in move.statements if statement.path in {command.lock for command in move.commands}
    )
    return tuple(dict.fromkeys((*edited, *locks))) or move.statements


def change_words(move: EnvironmentMove, package: PackageMove) -> str:
    """`1.26.4 → 2.1.3`."""
    return f"{move.was} → {package.to}"


def unsolved_words(unsolved: Unsolved) -> str:
    """A conflict and why it has no solution."""
    subject, other = unsolved.unfit.packages
    where = listed(unsolved.environments, ", ")
    return f"{subject} and {other} in {where}: {unsolved.unfit.says.rstrip('.')}; {unsolved.says.rstrip('.')}."


def artifact_words(artifact: AffectedArtifact) -> str:
    """What happens to an artifact."""
    already = " (so it is today)" if artifact.already else ""
    versions = f"written by {artifact.package} {artifact.written}, read by {artifact.read} in {artifact.reader}"
    return f"{FATE_WORDS[artifact.fate]}{already}: {versions}."


def order_words(order: PairOrder) -> str:
    """Who goes first."""
    return ORDER_WORDS[order.order].format(writer=order.writer, reader=order.reader)


def retraining(plan: UpgradePlan) -> str:
    """What is to be done about artifacts; empty if nothing is known to break."""
    gone = [artifact for artifact in plan.artifacts if artifact.fate is not Fate.UNPROMISED]
    unsure = len(plan.artifacts) - len(gone)
    parts = []
    if gone:
        parts.append(f"{count(len(gone), 'artifact')} to retrain, or to save again with the new versions")
    if unsure:
        parts.append(
            f"{count(unsure, 'artifact')} to test: the projects do not promise that the new versions read them"
        )
    return "; ".join(parts)


def command(plan: UpgradePlan) -> tuple[str, ...]:
    """The command that makes the moves, in words that belong together; empty if none does."""
    if not plan.uniform:
        return ()
    sets = tuple(f"--set {move.package}=={move.to}" for move in plan.moves if move.environments)
    return ("mlaudit fix", *sets, "--unsafe-fixes", "--write") if sets else ()


def shown_findings(plan: UpgradePlan) -> tuple[Finding, ...]:
    """The findings after it that are errors or new, except those of what is stated before."""
    artifacts = {artifact.at.path for artifact in plan.artifacts if artifact.at is not None}
    unsolved_pairs = {
        (name, package)
        for unsolved in plan.unsolved
        for name in unsolved.environments
        for package in unsolved.unfit.packages
    }
    return tuple(
        finding
        for finding in plan.after
        if (finding.severity is Severity.ERROR or finding.fingerprint in plan.fresh)
        and not (len(finding.environments) == 1 and (finding.environments[0], finding.package) in unsolved_pairs)
        and not any(place.place.path in artifacts for place in finding.locations)
    )


def closing(plan: UpgradePlan) -> Iterator[str]:
    """What an audit of the new versions finds, and on what all of it rests."""
    if not plan.moves and not plan.before:
        return
    if any(move.environments for move in plan.moves):
        left, fresh = len(plan.errors_left), sum(finding.fingerprint in plan.fresh for finding in plan.after)
        new = f", {fresh:,} of {'what is left' if len(plan.after) != 1 else 'it'} new" if fresh else ""
        warnings = len(plan.after) - left
        yield (
            f"Audited with these versions in memory: {count(left, 'error')} (now {len(plan.before):,}) and "
            f"{count(warnings, 'warning')}{new}."
        )
    if not plan.uniform:
        yield (
            "Unrelated environments take different versions, so no single command makes all changes: run "
            "`mlaudit fix PATH --set PACKAGE==VERSION` for each, or apply the edits of --format json."
        )
    if plan.gave_up:
        yield f"The search stopped after {count(plan.search_steps, 'step')}: a smaller or a complete set may exist."
    yield (
        f"Requirements are those of the releases in mlaudit's index ({plan.index}); nothing was installed. "
        "Only a resolver can confirm them."
    )
