"""The packages that an installer chooses a version for, and of which some release breaks what is pinned."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.requirements import holds_a_part, worlds_for
from mlaudit.knowledge import family
from mlaudit.knowledge.binaries import NUMPY
from mlaudit.knowledge.combinations import others_of
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import State
from mlaudit.model.report import Cell, Environment


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


def _open_package(environment: Environment, package: str) -> OpenPackage | None:
    """A package as open; None where it has a version, where it is not pip's, or where nothing installs it."""
    cell = environment.cells.get(package)
    if cell is not None:
        is_open = cell.state is State.RANGE and is_of_the_index(cell)
        return OpenPackage(name=package, range=cell.specifier or "", required_by="") if is_open else None
    *_, holds = worlds_for(environment.target).values()
    known = family.known_subjects()
    for name, version in environment.exact_versions.items():
        if name not in known:
            continue
        if requires_as_published(environment.cells[name]) and family.wanted(name, version, package, holds) is not None:
            return OpenPackage(name=package, range="", required_by=f"{name} {version}")
    return None


def requires_as_published(cell: Cell) -> bool:
    """Whether what the index publishes of a package is what is installed: no build of conda, and no part of it."""
    return is_of_the_index(cell) and not holds_a_part(cell)


def is_of_the_index(cell: Cell) -> bool:
    """Whether pip takes a package from its index: conda's own releases have other requirements."""
    return all(pin.ecosystem == "pypi" and pin.source == "index" and not pin.overrides for pin in cell.pins)
