"""The packages that an installer chooses a version for, and of which some release breaks what is pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.comparison.requirements import (
    always_required,
    extras_asked_in,
    holds_a_part,
    may_require,
    wanted_beside,
    worlds_for,
)
from mlaudit.knowledge import family
from mlaudit.knowledge.binaries import NUMPY
from mlaudit.knowledge.combinations import breakable, others_of, rows_of
from mlaudit.knowledge.releases import history
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, public


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPackage:
    """A package that an environment installs without an exact version.

    Attributes:
        range: what the environment states of it.
        required_by: who requires it, where the environment does not name it (`gensim 4.3.2`); empty where it does.
    """

    name: str
    range: str
    required_by: str


def open_packages(environment: Environment) -> Iterator[OpenPackage]:
    """The open packages of an environment of which some release breaks one of its exact versions."""
    versions = environment.exact_versions
    for other in dict.fromkeys((*others_of(versions), NUMPY)):
        package = _open_package(environment, other) if other not in versions else None
        if package is not None:
            yield package


def may_break_open(environment: Environment) -> bool:
    """Whether a package that exact versions require, and that has no exact version itself, may break beside others."""
    versions = environment.exact_versions
    cells = environment.cells
    extras = dict(extras_asked_in(environment))
    required = {name: None for name, cell in cells.items() if cell.state is State.RANGE}
    for name, version in versions.items():
        others = may_require(name, version) if name in extras else dict(always_required(name, version))
        required.update(dict.fromkeys(other for other in others if other not in cells))
    return any(
        _may_break(name, versions, required) and (name not in cells or is_of_the_index(cells[name]))
        for name in breakable(required, versions)
    )


def _may_break(package: str, versions: Mapping[str, str], required: Mapping[str, None]) -> bool:
    """Whether a release of an open package may break beside an exact version, or beside another open package."""
    for row in rows_of(package, versions):
        if row.absent or row.severity is not Severity.ERROR:
            continue
        if row.other in versions:
            if not row.others or admits(row.others, public(versions[row.other])):
                return True
        elif row.other in required or _ever_requires(package, row.other):
            return True
    return False


def _ever_requires(package: str, other: str) -> bool:
    known = history(package)
    return known is not None and other in known.texts


def _open_package(environment: Environment, package: str) -> OpenPackage | None:
    """A package as open; None where it has a version, where it is not pip's, or where nothing installs it."""
    cell = environment.cells.get(package)
    if cell is not None:
        is_open = cell.state is State.RANGE and is_of_the_index(cell)
        return OpenPackage(name=package, range=cell.specifier or "", required_by="") if is_open else None
    *_, holds = worlds_for(environment.target).values()
    known = family.known_subjects()
    extras = dict(extras_asked_in(environment))
    for name, version in environment.exact_versions.items():
        if name not in known or package not in may_require(name, version):
            continue
        if not requires_as_published(environment.cells[name]):
            continue
        if wanted_beside(name, version, package, holds, extras) is not None:
            return OpenPackage(name=package, range="", required_by=f"{name} {version}")
    return None


def requires_as_published(cell: Cell) -> bool:
    """Whether what the index publishes of a package is what is installed: no build of conda, and no part of it."""
    return is_of_the_index(cell) and not holds_a_part(cell)


def is_of_the_index(cell: Cell) -> bool:
    """Whether pip takes a package from its index: conda's own releases have other requirements."""
    return all(pin.ecosystem == "pypi" and pin.source == "index" and not pin.overrides for pin in cell.pins)
