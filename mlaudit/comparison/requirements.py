"""What the packages of one environment require of each other, compared with what it has, for its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from mlaudit.environments.target import applies, pythons_of
from mlaudit.knowledge.family import (
    DemandedRange,
    Holds,
    Mismatch,
    demanded_packages,
    family_mismatches,
    requirements_are_known,
)
from mlaudit.knowledge.family import wanted as wanted_of
from mlaudit.knowledge.releases import agreed, requirements
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import is_reduced, normalized
from mlaudit.model.nouns import Evidence, Kind, Layer, Pin, State, Target
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import exact, joined, oldest, parsed

if TYPE_CHECKING:
    from packaging.version import Version

Worlds = tuple[tuple[str, Holds], ...]


def unmet_requirements(environment: Environment) -> tuple[Mismatch, ...]:
    """Requirements of exact versions that the environment does not meet on any of its Pythons, by subject.

    What conda's own solver chose is left out: its builds have demands of their own. So is what is built from a
    repository, whose revision may require something else than the release of that number, and a package that the
    project overrides: whoever writes `override-dependencies` has decided against what others require of it.
    """
    cells = environment.cells
    ranges = tuple(
        (cell.package, cell.specifier)
        for cell in environment.unusual_cells
        if cell.kind is Kind.PACKAGE and cell.state is State.RANGE and cell.specifier is not None
    )
    versions = tuple(environment.exact_versions.items())
    mismatches = _mismatches(
        versions, ranges, extras_asked_in(environment), tuple(worlds_for(environment.target).items())
    )
    if not mismatches:
        return ()
    overridden = {pin.package for reading in environment.readings for pin in reading.pins if pin.overrides}
    return tuple(
        row
        for row in mismatches
        if row.other not in overridden
        and not holds_a_part(cells[row.subject])
        and not _is_of_a_repository(cells[row.subject])
        and not (solved_by_conda(cells[row.subject]) and solved_by_conda(cells[row.other]))
    )


def is_refused(environment: Environment, row: Mismatch) -> bool:
    """Whether one install of lists that a user wrote asks for both: no installer takes them.

    What a later install asks for replaces what an earlier one brought, and pip only warns of what that needs.
    """
    pins = _both(environment, row)
    is_declared = all(pin.layer is Layer.DECLARED and pin.derived_from is None for pin in pins)
    return is_declared and len({pin.step for pin in pins}) == 1 and not any(pin.without_requirements for pin in pins)


def was_told_otherwise(environment: Environment, row: Mismatch) -> bool:
    """Whether one resolver chose both, which knew what is required, in a lock that does not say what was overridden."""
    from mlaudit.knowledge.roles import words

    pins = _both(environment, row)
    if not pins or any(pin.layer is not Layer.LOCKED for pin in pins) or len({pin.at.path for pin in pins}) > 1:
        return False
    formats = {reading.format for reading in environment.readings if reading.path == pins[0].at.path}
    return bool(formats) and formats <= words().silent_on_overrides


def may_be_mended(environment: Environment, row: Mismatch) -> bool:
    """Whether both were installed without what they require, and a later install of all that is required may follow.

    pip replaces then what the installed release of a package refuses, if the later install reaches it.
    """
    pins = _both(environment, row)
    if not pins or not all(pin.without_requirements for pin in pins):
        return False
    last = max(pin.step for pin in pins)
    every = (pin for reading in environment.readings for pin in reading.pins)
    return any(pin.step > last and pin.kind is Kind.PACKAGE and not pin.without_requirements for pin in every)


def _both(environment: Environment, row: Mismatch) -> list[Pin]:
    return [pin for package in (row.subject, row.other) for pin in environment.cell(package).pins]


def unknown_requirements(environment: Environment) -> tuple[str, ...]:
    """The packages of one exact version, chosen by no resolver, of which it is not known what they require."""
    cells = environment.cells
    unknown = _without_requirements(tuple(environment.exact_versions.items()))
    return tuple(package for package in unknown if not _is_resolved(cells[package]))


@lru_cache(maxsize=64)
def _without_requirements(versions: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(package for package, version in versions if not requirements_are_known(package, version))


def _is_resolved(cell: Cell) -> bool:
    """Whether a resolver chose the version, and so knew what it requires."""
    return solved_by_conda(cell) or any(pin.layer in (Layer.LOCKED, Layer.RESOLVED) for pin in cell.pins)


def extras_asked_in(environment: Environment) -> tuple[tuple[str, frozenset[str]], ...]:
    """The extras that are asked of packages."""
    asked = (
        (cell.package, frozenset(normalized(extra) for pin in cell.pins for extra in pin.extras))
        for cell in environment.unusual_cells
    )
    return tuple((package, extras) for package, extras in asked if extras)


@lru_cache(maxsize=16384)
def may_require(package: str, version: str) -> frozenset[str]:
    """The packages that a release may require, on some machine or with some extra."""
    return frozenset(demanded_packages(package, version))


@lru_cache(maxsize=4096)
def always_required(package: str, version: str) -> tuple[tuple[str, str], ...]:
    """What a release requires without an extra, as if all markers held: by METADATA, or by what its neighbours have."""
    declared = requirements(package, version)
    if declared is None:
        alike = agreed(package, version)
        if alike is None:
            return ()
        declared = alike.requirements
    required: list[tuple[str, str]] = []
    for other in declared:
        if not declared.is_optional(other):
            clauses = declared.everything(other)
            if clauses is None:
                clauses = joined(requirement.specifier for requirement in declared[other])
            required.append((other, clauses))
    return tuple(required)


def wanted_beside(
    name: str, version: str, package: str, holds: Holds, extras: Mapping[str, frozenset[str]]
) -> DemandedRange | None:
    """The range that a release requires of a package, with the extras that are asked of the release."""
    return wanted_of(name, version, package, holds, extras.get(name, frozenset()))


@lru_cache(maxsize=16)
def _mismatches(
    versions: tuple[tuple[str, str], ...],
    ranges: tuple[tuple[str, str], ...],
    extras: tuple[tuple[str, frozenset[str]], ...],
    worlds: Worlds,
) -> tuple[Mismatch, ...]:
    """Several rules ask for those of one environment."""
    return family_mismatches(dict(versions), ranges=dict(ranges), worlds=dict(worlds), extras=dict(extras))


def solved_by_conda(cell: Cell) -> bool:
    """Whether conda's own solver chose the build, whose demands are not those of the wheel."""
    return any(pin.ecosystem == "conda" and pin.layer is not Layer.DECLARED for pin in cell.pins)


def _is_of_a_repository(cell: Cell) -> bool:
    """Whether the package is built from a revision of a repository."""
    return any(pin.source == "git" for pin in cell.pins)


def holds_a_part(cell: Cell) -> bool:
    """Whether only a build that requires less than the whole project is there (`mlflow-skinny`)."""
    return bool(cell.pins) and all(is_reduced(pin.name) for pin in cell.pins)


def worlds_for(target: Target) -> dict[str, Holds]:
    """For each Python that the target may be, whether a marker surely holds on it."""
    return dict(_worlds_of(pythons_of(target), target.platform, target.machine, target.implementation))


@lru_cache(maxsize=64)
def _worlds_of(
    pythons: tuple[str, ...], platform: str, machine: str, implementation: str
) -> tuple[tuple[str, Holds], ...]:
    machines = (
        Target(pythons=(python,), platform=platform, machine=machine, implementation=implementation)
        for python in pythons
    )
    return tuple(zip(pythons, map(_holds, machines), strict=True))


def _holds(target: Target) -> Holds:
    @lru_cache(maxsize=1024)
    def holds(marker: str) -> bool:
        return applies(marker, target)

    return holds


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedRange:
    """What bounds a package that an environment does not name: what exact versions there are known to require.

    Attributes:
        chain: from what is named to what requires the package (`vllm 0.6.3`, `torch 2.4.0`).
    """

    package: str
    range: str
    chain: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    @property
    def because(self) -> str:
        """Who requires it, in words."""
        return ", which requires ".join(self.chain)


def implied_range(environment: Environment, package: str) -> ImpliedRange | None:
    """The narrowest statement that one exact version of an environment implies of a package; None if none does.

    A requirement counts where it is made on every Python that the environment may run; what a pin requires exactly
    (`torch==2.4.0`) requires in its turn.
    """
    worlds = tuple(worlds_for(environment.target).items())
    ranges = [
        ImpliedRange(package=package, range=wanted.range, chain=chain, evidence=wanted.evidence)
        for name, (version, chain) in _reached(_exact_as_published(environment), worlds).items()
        for wanted in [_everywhere(name, version, package, worlds)]
        if wanted is not None and name != package
    ]
    return max(
        ranges,
        key=lambda implied: (
            exact(implied.range) is not None,
            "<" in implied.range,
            -len(implied.chain),
            _lowest(implied.range),
        ),
        default=None,
    )


def implied_versions(environment: Environment) -> Mapping[str, str]:
    """The exact versions of an environment, and those that they pin in their turn, on every Python."""
    worlds = tuple(worlds_for(environment.target).items())
    reached = _reached(_exact_as_published(environment), worlds)
    implied = {name: version for name, (version, _) in reached.items() if name not in environment.cells}
    return {**implied, **environment.exact_versions}


def _exact_as_published(environment: Environment) -> tuple[tuple[str, str], ...]:
    """The exact versions that require what the index publishes of them."""
    return tuple(
        (cell.package, cell.version)
        for cell in environment.cells.values()
        if cell.kind is Kind.PACKAGE and cell.version is not None and not (solved_by_conda(cell) or holds_a_part(cell))
    )


def _lowest(specifier: str) -> Version:
    """What a range must be at least."""
    bounds = (clause.partition(">=")[2] for clause in specifier.split(","))
    return max((parsed(bound.strip()) or oldest() for bound in bounds if bound), default=oldest())


@lru_cache(maxsize=64)
def _reached(named: tuple[tuple[str, str], ...], worlds: Worlds) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Version and chain of what is named, and of what that pins exactly, step by step."""
    reached: dict[str, tuple[str, tuple[str, ...]]] = {
        name: (version, (f"{name} {version}",)) for name, version in named
    }
    waiting = [name for name, _ in named]
    for name in waiting:
        version, chain = reached[name]
        if len(chain) < MAX_CHAIN:
            for other, pinned in _exact_requirements(name, version, worlds):
                if other not in reached:
                    reached[other] = (pinned, (*chain, f"{other} {pinned}"))
                    waiting.append(other)
    return reached


MAX_CHAIN = 4
"""Packages from what is named to what requires another."""


def _exact_requirements(name: str, version: str, worlds: Worlds) -> Iterator[tuple[str, str]]:
    """What a release pins to one version on every Python."""
    for other in demanded_packages(name, version):
        wanted = _everywhere(name, version, other, worlds)
        pinned = exact(wanted.range) if wanted is not None else None
        if pinned is not None:
            yield other, pinned


def _everywhere(name: str, version: str, package: str, worlds: Worlds) -> DemandedRange | None:
    """What a release requires of a package where that is the same on every Python."""
    ranges = [wanted_of(name, version, package, holds) for _, holds in worlds]
    first = ranges[0]
    return (
        first
        if first is not None
        and all(demanded_range is not None and demanded_range.range == first.range for demanded_range in ranges)
        else None
    )
