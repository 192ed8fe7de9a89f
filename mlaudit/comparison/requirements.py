"""What the packages of one environment require of each other, held against what it has, for its target."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from mlaudit.environments.target import applies, pythons_of
from mlaudit.knowledge.family import Holds, Mismatch, family_mismatches
from mlaudit.model.nouns import Kind, Layer, State, Target
from mlaudit.model.report import Cell, Environment


def unmet_requirements(environment: Environment) -> tuple[Mismatch, ...]:
    """Requirements of exact versions that the environment does not meet on any of its Pythons, by subject.

    What conda's own solver chose is left out: its builds have demands of their own.
    """
    cells = {package: cell for package, cell in environment.cells.items() if cell.kind is Kind.PACKAGE}
    versions = {package: cell.version for package, cell in cells.items() if cell.version is not None}
    ranges = {
        package: cell.specifier
        for package, cell in cells.items()
        if cell.state is State.RANGE and cell.specifier is not None
    }
    found = family_mismatches(versions, ranges=ranges, worlds=_worlds(environment.target))
    return tuple(
        row for row in found if not (solved_by_conda(cells[row.subject]) and solved_by_conda(cells[row.other]))
    )


def solved_by_conda(cell: Cell) -> bool:
    """Whether conda's own solver chose the build, whose demands are not those of the wheel."""
    return any(pin.ecosystem == "conda" and pin.layer is not Layer.DECLARED for pin in cell.pins)


def _worlds(target: Target) -> dict[str, Holds]:
    """For each Python that the target may be, whether a marker surely holds on it."""
    return {python: _holds(replace(target, pythons=(python,))) for python in pythons_of(target)}


def _holds(target: Target) -> Holds:
    @lru_cache(maxsize=1024)
    def holds(marker: str) -> bool:
        return applies(marker, target)

    return holds
