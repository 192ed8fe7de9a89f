"""A model artifact records another version than the environment that loads it has, or one that it does not name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.comparison.scene import View
from mlaudit.knowledge import table
from mlaudit.knowledge.kinds import packages_needed
from mlaudit.model.nouns import Change, Fix, Kind, Role, Severity, State, Strength
from mlaudit.model.report import MAX_LISTED, ArtifactCrossing, Hit, Location
from mlaudit.model.versions import admits, disjoint, distance, same_public
from mlaudit.rules._phrases import apart, worded
from mlaudit.rules._registry import fleet_rule


@fleet_rule(
    "MLA403",
    Severity.INFO,
    since="0.2",
    title="recorded and installed versions differ",
    fact="artifact",
    supersedes=["MLA003"],
    where="artifacts",
)
def check(view: View) -> Iterator[Hit]:
    """A model artifact records another version than the environment that loads it has, or one that it does not name.

    What it does:
        Compares the versions that libraries recorded in a model with those of the environment that loads it. Reports a
        difference whose effect on the model is not known, and a library that the environment does not name, so that its
        version is not pinned.

    Why:
        No known break does not mean that nothing breaks.

    Example:
        `config.json` records transformers 4.57.1; serving installs 4.40.0.

    Fix:
        Serve with the version that the model records, or test the model under the other one.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    for alike in _alike(view):
        first = alike[0]
        if _is_missing(first):
            yield _not_named(alike, view)
        elif _differ(first) and view.judgements.of_artifact(first) is None:
            yield _differing(alike, view)


def _alike(view: View) -> Iterable[Sequence[ArtifactCrossing]]:
    """What libraries wrote down of themselves; files that record the same version together."""
    grouped: dict[tuple[str | None, ...], list[ArtifactCrossing]] = {}
    for crossing in view.artifacts:
        pin = crossing.pin
        if pin.kind is Kind.PACKAGE and pin.strength is Strength.EXACT and _recorded(crossing) is not None:
            key = (crossing.writer, crossing.reader, pin.package, _recorded(crossing))
            grouped.setdefault(key, []).append(crossing)
    return grouped.values()


def _recorded(crossing: ArtifactCrossing) -> str | None:
    return crossing.pin.version or crossing.pin.specifier


def _differ(crossing: ArtifactCrossing) -> bool:
    """Whether no version is both what the file records and what the reader has."""
    cell, pin = crossing.cell, crossing.pin
    if cell.package != pin.package or not cell.stated or cell.state is State.SEVERAL:
        return False
    if cell.version is not None and pin.version is not None:
        return not same_public(pin.version, cell.version)
    ranged, exact = (pin.specifier, cell.version) if cell.version is not None else (cell.specifier, pin.version)
    if exact is not None:
        return ranged is not None and not admits(ranged, exact)
    return pin.specifier is not None and cell.specifier is not None and disjoint(pin.specifier, cell.specifier)


def _is_missing(crossing: ArtifactCrossing) -> bool:
    """Whether the reader, whose list is not complete, does not name what artifacts depend on.

    Who exported a file to a format of its own (ONNX) is not needed to read it.
    """
    package = crossing.pin.package
    artifact = crossing.artifact.artifact
    needed = packages_needed(frozenset((artifact.kind,) if artifact is not None and artifact.kind else ()))
    is_needed = needed is None or package in needed
    return crossing.cell.state is State.UNSTATED and table.in_artifacts(package) and is_needed


def _differing(alike: Sequence[ArtifactCrossing], view: View) -> Hit:
    cell, pin = alike[0].cell, alike[0].pin
    far = distance(pin.version, cell.version) if pin.version and cell.version else None
    how = f", {apart(far)}" if far else ""
    rest = f", and {cell.environment} has {worded(cell)}{how}. The effect on the model is not known."
    return _hit(alike, view, rest, Severity.INFO)


def _not_named(alike: Sequence[ArtifactCrossing], view: View) -> Hit:
    reader = alike[0].reader
    rest = f"; {reader} does not name it and is not a complete list, so its version there is not pinned."
    if view.environments[reader].unread:
        rest = f"; {reader} does not name it in what was read of it."
    return _hit(alike, view, rest, Severity.WARNING)


def _hit(alike: Sequence[ArtifactCrossing], view: View, rest: str, severity: Severity) -> Hit:
    first = alike[0]
    package, recorded = first.pin.package, _recorded(first)
    return Hit(
        package=package,
        environments=(first.writer, first.reader) if first.writer != first.reader else (first.reader,),
        severity=severity,
        message=f"{_files(alike)} {package} {recorded}{rest}",
        at=view.place(first.cell),
        related=tuple(dict.fromkeys(Location(crossing.pin.at, Role.ARTIFACT, f"{recorded}") for crossing in alike))[
            :MAX_LISTED
        ],
        expected=recorded,
        actual=first.cell.shown,
        fix=_fix(first),
    )


def _fix(crossing: ArtifactCrossing) -> Fix | None:
    if crossing.pin.version is None:
        return None
    change = Change(crossing.reader, crossing.pin.package, crossing.pin.version)
    return Fix(says=str(change), changes=(change,))


def _files(alike: Sequence[ArtifactCrossing]) -> str:
    """The files that record it, with the verb."""
    names = list(dict.fromkeys((crossing.artifact.name, crossing.artifact.at.path) for crossing in alike))
    more = len(names) - 1
    others = f" and {more:,} more file{'' if more == 1 else 's'} record" if more else " records"
    return f"{alike[0].artifact.name}{others}"
