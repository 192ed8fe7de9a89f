"""What makes a change of versions unsafe: a known edge, a major version, another build, partners that stay behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.knowledge.crossing import judge
from mlaudit.knowledge.family import demanded_packages, wanted
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Distance, Kind, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, distance, public, split_variant


def hazards(
    environment: Environment,
    changes: Mapping[str, str],
    kinds: frozenset[str] = frozenset(),
    classes: frozenset[str] = frozenset(),
) -> Mapping[str, str]:
    """Why each of some changes, made together in one environment, is unsafe; a safe one has no entry.

    Args:
        changes: the versions that packages take.
        kinds, classes: of what crosses to or from the environment; every kind where that is not known.
    """
    found = ((package, next(_reasons(environment, package, changes, kinds, classes), "")) for package in changes)
    return {package: reason for package, reason in found if reason}


def _reasons(
    environment: Environment,
    package: str,
    changes: Mapping[str, str],
    kinds: frozenset[str],
    classes: frozenset[str],
) -> Iterator[str]:
    cell, to = environment.cell(package), changes[package]
    yield from _distances(cell, to)
    for version in cell.versions:
        yield from _edges(package, version, to, kinds, classes)
    yield from _partners(environment, package, changes)
    if any(pin.derived_from is not None for pin in cell.pins):
        yield "whether such an image is published is not known"


def _distances(cell: Cell, to: str) -> Iterator[str]:
    if cell.state is State.RANGE and cell.specifier and not admits(cell.specifier, to):
        yield f"`{cell.specifier}` does not admit it"
    for version in cell.versions:
        far = distance(version, to)
        if far is Distance.MAJOR or (cell.kind is Kind.PYTHON and far is Distance.MINOR):
            yield f"it crosses from {version} to {to}"
        variants = split_variant(version)[1], split_variant(to)[1]
        if variants[1] is not None and variants[0] != variants[1]:
            yield f"it is another build than {version}"


def _edges(package: str, version: str, to: str, kinds: frozenset[str], classes: frozenset[str]) -> Iterator[str]:
    """Rows of the knowledge that say that something breaks or changes between two versions, in either direction."""
    for writer, reader in ((version, to), (to, version)):
        for one in judge(package, writer, reader, kinds=kinds, classes=classes):
            if one.effect is not Effect.HARMLESS:
                yield f"between {public(version)} and {public(to)} lies a known edge ({one.id})"


def _partners(environment: Environment, package: str, changes: Mapping[str, str]) -> Iterator[str]:
    """Demands between a changed package and what stands beside it, that the change breaks and that hold now."""
    after = {name: changes.get(name, cell.version) for name, cell in environment.cells.items()}
    to = changes[package]
    was = environment.cell(package).version
    for other in demanded_packages(package, to):
        version = after.get(other)
        if version is not None and other != package and not _fits(package, to, other, version):
            yield f"{package} {to} requires {other}{_range(package, to, other)}, and {other} is {version}"
    for subject, version in after.items():
        if version is None or subject == package or package not in demanded_packages(subject, version):
            continue
        held = was is None or _fits(subject, version, package, was)
        if held and not _fits(subject, version, package, to):
            yield f"{subject} {version} requires {package}{_range(subject, version, package)}"


def _range(subject: str, version: str, other: str) -> str:
    found = wanted(subject, version, other)
    return found.range if found is not None else ""


def _fits(subject: str, version: str, other: str, other_version: str) -> bool:
    found = wanted(subject, version, other)
    return found is None or admits(found.range, other_version) or admits(found.range, public(other_version))
