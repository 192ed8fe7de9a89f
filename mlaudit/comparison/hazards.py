"""What makes a change of versions unsafe: a known edge, a major version, another build, partners that stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlaudit.comparison.requirements import may_require
from mlaudit.knowledge.binaries import abi_breaks
from mlaudit.knowledge.combinations import broken_combinations
from mlaudit.knowledge.crossing import judge
from mlaudit.knowledge.family import demanded_packages, wanted
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Change, Distance, Kind, Severity, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, distance, public, split_variant


def weigh(environments: Iterable[Environment], changes: Iterable[Change]) -> Mapping[Change, str]:
    """Why each of some changes, all made together, is unsafe; a safe one has an empty reason."""
    together: dict[str, dict[str, str]] = {}
    given = tuple(changes)
    for change in given:
        together.setdefault(change.environment, {}).setdefault(change.package, change.to)
    if not together:
        return {}
    by_name = {environment.name: environment for environment in environments}
    followers: dict[str, list[Environment]] = {}
    for environment in by_name.values():
        for writer in environment.follows:
            followers.setdefault(writer, []).append(environment)
    reasons = {}
    for name, versions in together.items():
        if name in by_name:
            near = [by_name[name], *(by_name[followed] for followed in by_name[name].follows if followed in by_name)]
            crossing = _what_crosses([*near, *followers.get(name, ())])
            reasons[name] = hazards(by_name[name], versions, *crossing)
    return {change: reasons.get(change.environment, {}).get(change.package, "") for change in given}


def _what_crosses(near: Iterable[Environment]) -> tuple[frozenset[str], frozenset[str]]:
    """Kinds and classes of the artifacts that an environment and its partners write or read."""
    kinds: set[str] = set()
    classes: set[str] = set()
    for environment in near:
        kinds.update(environment.artifact_kinds, *environment.kinds_from.values())
        for pin in (
            pin
            for reading in (*environment.writes, *environment.reads)
            for pin in reading.pins
            if pin.artifact is not None
        ):
            if pin.artifact is not None:
                kinds.update(filter(None, (pin.artifact.kind,)))
                classes.update(pin.artifact.classes)
    return frozenset(kinds), frozenset(classes)


def hazards(
    environment: Environment,
    changes: Mapping[str, str],
    kinds: frozenset[str] = frozenset(),
    classes: frozenset[str] = frozenset(),
) -> Mapping[str, str]:
    """Why each of some changes, made together in one environment, is unsafe; a safe one has no entry.

    Args:
        changes: the versions that packages take.
        kinds, classes: of what crosses to or from the environment; every kind if that is not known.
    """
    demanding = _demanding(environment, changes)
    reasons = (
        (package, next(_reasons(environment, package, changes, demanding, (kinds, classes)), "")) for package in changes
    )
    weighed = {package: reason for package, reason in reasons if reason}
    return {**_new_breaks(environment, changes), **weighed}


def _new_breaks(environment: Environment, changes: Mapping[str, str]) -> Mapping[str, str]:
    """What some changes break beside what is there, and is not broken today, by the package that changes."""
    today = environment.versions_with_base
    broken_today = {parties for parties, _ in _breaks(environment, today)}
    return {
        package: says.rstrip(".")
        for parties, says in _breaks(environment, {**today, **changes})
        if parties not in broken_today
        for package in parties
        if package in changes
    }


def _breaks(environment: Environment, versions: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """The two packages of each break that some versions have together, and what it is."""
    for row in broken_combinations(versions, environment.distributions):
        if row.severity is not Severity.INFO:
            yield (row.package, row.other), row.says
    for abi_break in abi_breaks(versions):
        yield (abi_break.package, abi_break.other), abi_break.says


def _demanding(environment: Environment, changes: Mapping[str, str]) -> Mapping[str, list[str]]:
    """What is in an environment and demands a package that changes, by that package."""
    demanding: dict[str, list[str]] = {}
    for name, cell in environment.cells.items():
        version = changes.get(name, cell.version)
        if version is not None:
            for package in may_require(name, version).intersection(changes):
                demanding.setdefault(package, []).append(name)
    return demanding


def _reasons(
    environment: Environment,
    package: str,
    changes: Mapping[str, str],
    demanding: Mapping[str, list[str]],
    crossing: tuple[frozenset[str], frozenset[str]],
) -> Iterator[str]:
    cell, to = environment.cell(package), changes[package]
    yield from _distances(cell, to)
    yield from _partners(environment, package, changes, demanding.get(package, ()))
    for version in cell.versions:
        yield from _edges(package, version, to, *crossing)
    if any(pin.derived_from is not None for pin in cell.pins):
        yield "it is not known whether such an image is published"


def _distances(cell: Cell, to: str) -> Iterator[str]:
    if cell.state is State.RANGE and cell.specifier and not admits(cell.specifier, to):
        yield f"`{cell.specifier}` does not admit it"
    for version in cell.versions:
        far = distance(version, to)
        if far is Distance.MAJOR or (cell.kind is Kind.PYTHON and far is Distance.MINOR):
            yield f"the {far.value} version changes"
        variants = split_variant(version)[1], split_variant(to)[1]
        if variants[1] is not None and variants[0] != variants[1]:
            yield f"it is a different build from {version}"


def _edges(package: str, version: str, to: str, kinds: frozenset[str], classes: frozenset[str]) -> Iterator[str]:
    """Rows of the knowledge that state that something breaks or changes between two versions, in either direction."""
    for writer, reader in ((version, to), (to, version)):
        for consequence in judge(package, writer, reader, kinds=kinds, classes=classes):
            if consequence.effect not in (Effect.HARMLESS, Effect.NO_PROMISE):
                yield f"between {public(version)} and {public(to)} there is a known break ({consequence.id})"


def _partners(
    environment: Environment, package: str, changes: Mapping[str, str], demanding: Iterable[str]
) -> Iterator[str]:
    """Demands between a changed package and what is beside it, that the change breaks and that hold now."""
    to, was = changes[package], environment.cell(package).version
    for other in demanded_packages(package, to):
        version = changes.get(other, environment.cell(other).version)
        if version is not None and other != package and not _fits(package, to, other, version):
            yield f"{package} {to} requires {other}{_range(package, to, other)}, and {other} is {version}"
    for subject in demanding:
        version = changes.get(subject, environment.cell(subject).version)
        if version is None or subject == package:
            continue
        fitted = was is None or _fits(subject, version, package, was)
        if fitted and not _fits(subject, version, package, to):
            yield f"{subject} {version} requires {package}{_range(subject, version, package)}"


def _range(subject: str, version: str, other: str) -> str:
    demanded_range = wanted(subject, version, other)
    return demanded_range.range if demanded_range is not None else ""


def _fits(subject: str, version: str, other: str, other_version: str) -> bool:
    demanded_range = wanted(subject, version, other)
    return (
        demanded_range is None
        or admits(demanded_range.range, other_version)
        or admits(demanded_range.range, public(other_version))
    )
