"""Whether packages of one environment fit each other once some of them have other versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.comparison.requirements import solved_by_conda, worlds_for
from mlaudit.knowledge import releases
from mlaudit.knowledge.binaries import NUMPY, abi_breaks, built, python_unsupported
from mlaudit.knowledge.combinations import broken_combinations
from mlaudit.knowledge.family import Holds, demanded_packages, mismatches_of
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Pin, Severity, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, exact, public
from mlaudit.repair.upgrade.candidates import final_releases, is_listed, newest_admitted
from mlaudit.repair.upgrade.nouns import Unfit

PYTHON = "python"
_BELOW = (Kind.CUDA, Kind.CUDNN, Kind.PYTHON)


class EnvironmentFit:
    """What one environment has, and what does not fit there after some packages move."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        cells = environment.cells
        packages = {name: cell for name, cell in cells.items() if cell.kind is Kind.PACKAGE and cell.stated}
        self.versions = {name: cell.version for name, cell in packages.items() if cell.version is not None}
        self.ranges = {name: cell.specifier or "" for name, cell in packages.items() if cell.state is State.RANGE}
        self._below = {name: cell.version for name, cell in cells.items() if cell.kind in _BELOW and cell.version}
        self._names = {
            name: frozenset(normalized(pin.name) for pin in package.pins) for name, package in packages.items()
        }
        self._overridden = {pin.package for reading in environment.readings for pin in reading.pins if pin.overrides}
        self._demanding: dict[str, list[str]] = {}
        for name, version in self.versions.items():
            for other in demanded_packages(name, version) or _stated_demands(packages[name]):
                self._demanding.setdefault(other, []).append(name)

    def names(self, package: str) -> bool:
        """Whether the environment names a package, or states a Python."""
        return self.environment.cell(package).stated

    def conflicts(self, moved: Mapping[str, str], focus: frozenset[str]) -> Iterator[Unfit]:
        """What does not fit and has to do with some packages.

        Args:
            moved: the new versions; those of packages that the environment does not name are left out.
            focus: the packages of which one must take part in a conflict.
        """
        here = {name: version for name, version in moved.items() if self.names(name)}
        versions = {**self.versions, **{name: to for name, to in here.items() if name != PYTHON}}
        ranges = {name: text for name, text in self.ranges.items() if name not in here}
        yield from self._requirements(versions, ranges, here, focus)
        yield from self._compiled(versions, here, focus)
        yield from self._of_ranges(versions, ranges, here, focus)
        yield from self._pythons(versions, here, focus)

    def _worlds(self, here: Mapping[str, str]) -> Mapping[str, Holds]:
        target = self.environment.target
        return worlds_for(replace(target, pythons=(here[PYTHON],)) if PYTHON in here else target)

    def _requirements(
        self, versions: Mapping[str, str], ranges: Mapping[str, str], here: Mapping[str, str], focus: frozenset[str]
    ) -> Iterator[Unfit]:
        worlds = self._worlds(here)
        demanding = {name for package in focus for name in self._demanding.get(package, ())}
        for subject in (name for name in versions if name in focus or name in demanding):
            others = None if subject in focus else focus
            for row in mismatches_of(
                subject, versions[subject], versions=versions, ranges=ranges, worlds=worlds, others=others
            ):
                if row.other not in self._overridden and not self._is_condas(row.subject, row.other, here):
                    wanted = exact(row.wanted)
                    yield self._unfit(subject, row.other, row.says, {row.other: wanted} if wanted else {})
            if subject not in here and releases.requirements(subject, versions[subject]) is None:
                yield from self._locked(subject, versions, focus)

    def _locked(self, subject: str, versions: Mapping[str, str], focus: frozenset[str]) -> Iterator[Unfit]:
        """What a lock states that a package requires, where the release index does not know it."""
        for pin, edge in _stated_edges(self.environment.cell(subject)):
            other = normalized(edge.name)
            version = versions.get(other)
            if other in focus and version is not None and not admits(edge.specifier or "", public(version)):
                says = f"{subject} {versions[subject]} requires {other}{edge.specifier} ({pin.at.path})"
                yield self._unfit(subject, other, f"{says}, and {other} is {version}.")

    def _is_condas(self, subject: str, other: str, here: Mapping[str, str]) -> bool:
        """Whether conda's own solver chose both builds, and neither moves."""
        cells = self.environment.cells
        return (
            subject not in here and other not in here and all(solved_by_conda(cells[name]) for name in (subject, other))
        )

    def _compiled(self, versions: Mapping[str, str], here: Mapping[str, str], focus: frozenset[str]) -> Iterator[Unfit]:
        for broken in abi_breaks(versions):
            if not focus.isdisjoint((broken.package, broken.other)):
                compiled = built(broken.package) if broken.other == NUMPY else None
                first = compiled.first_numpy2 if compiled is not None else None
                yield self._unfit(broken.package, broken.other, broken.says, {broken.package: first} if first else {})
        below = {**self._below, **({PYTHON: here[PYTHON]} if PYTHON in here else {})}
        for row in broken_combinations({**below, **versions}, self._names):
            if row.severity is not Severity.INFO and not focus.isdisjoint((row.package, row.other)):
                yield self._unfit(row.package, row.other, row.says)

    def _of_ranges(
        self, versions: Mapping[str, str], ranges: Mapping[str, str], here: Mapping[str, str], focus: frozenset[str]
    ) -> Iterator[Unfit]:
        """Packages of which an environment states a range, none of whose known releases fits what moves."""
        moved = tuple(sorted((name, version) for name, version in versions.items() if name in focus))
        worlds = tuple(self._worlds(here).items())
        for name, specifier in ranges.items():
            refused = _refused_by_all(name, specifier, moved, worlds)
            if refused is not None:
                yield self._unfit(name, refused[0], refused[1])

    def _pythons(self, versions: Mapping[str, str], here: Mapping[str, str], focus: frozenset[str]) -> Iterator[Unfit]:
        target = self.environment.target
        pythons = (here[PYTHON],) if PYTHON in here else target.pythons
        for name in (
            versions if PYTHON in focus else [version for version in versions if version in here and version in focus]
        ):
            refusals = [
                python_unsupported(name, public(versions[name]), python, target.platform, target.machine)
                for python in pythons
            ]
            # What is not offered today already, such as a package that is built from source, hinders no move of others.
            if refusals and all(refusals) and refusals[0] is not None:
                yield self._unfit(name, PYTHON, refusals[0].says)

    def _unfit(self, subject: str, other: str, says: str, named: Mapping[str, str] | None = None) -> Unfit:
        return Unfit(
            environment=self.environment.name,
            subject=subject,
            other=other,
            says=says,
            named=tuple((named or {}).items()),
        )

    def unknown_to_index(self, moved: Mapping[str, str]) -> Iterator[str]:
        """Packages whose requirements on what moves are not known."""
        for name, version in self.versions.items():
            if name in moved or releases.requirements(name, version) is not None or demanded_packages(name, version):
                continue
            if not any(edge.specifier for pin in self.environment.cell(name).pins for edge in pin.requires):
                yield name

    def uncertain_ranges(self, moved: Mapping[str, str]) -> Iterator[str]:
        """Packages of which a range is stated, and of whose releases only some are known."""
        for name in self.ranges:
            if name not in moved and not is_listed(name, self.ranges[name]):
                demanded = (demanded_packages(name, version) for version in final_releases(name))
                if any(not moved.keys().isdisjoint(others) for others in demanded):
                    yield name


def _stated_edges(cell: Cell) -> Iterator[tuple[Pin, Edge]]:
    """The ranges that locks and metadata state of what a package requires in any case."""
    for pin in cell.pins:
        for edge in pin.requires:
            if edge.specifier and not (edge.marker or edge.when_extra or edge.when_group):
                yield pin, edge


def _stated_demands(cell: Cell) -> frozenset[str]:
    return frozenset(normalized(edge.name) for _, edge in _stated_edges(cell))


def environment_fits(environments: Iterable[Environment]) -> tuple[EnvironmentFit, ...]:
    """One for each environment where code runs."""
    return tuple(EnvironmentFit(environment) for environment in environments if not environment.is_model)


def cells_of(environments: Sequence[EnvironmentFit], package: str) -> tuple[Cell, ...]:
    """What each environment that names a package states about it."""
    return tuple(environment.environment.cell(package) for environment in environments if environment.names(package))


@lru_cache(maxsize=8192)
def _refused_by_all(
    package: str, specifier: str, moved: tuple[tuple[str, str], ...], worlds: tuple[tuple[str, Holds], ...]
) -> tuple[str, str] | None:
    """What moves and its refusal by the newest release of a range, where no release of the range takes it.

    It is known only where all releases of the package are.
    """
    if not is_listed(package, specifier):
        return None
    versions, newest = dict(moved), None
    for release in newest_admitted(package, specifier):
        beside = {**versions, package: release}
        rows = list(mismatches_of(package, release, versions=beside, ranges={}, worlds=dict(worlds)))
        broken = [abi_break for abi_break in abi_breaks(beside) if abi_break.package == package]
        if not rows and not broken:
            return None
        first = rows[0] if rows else broken[0]
        if newest is None:
            newest = (first.other, f"no known release of {package}{specifier} fits: {first.says}")
    return newest
