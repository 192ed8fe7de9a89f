"""Which releases need names that releases of others lack (developers only): `python -m mlaudit.lab.name_matrix`.

Every package in `--cache` (`python -m mlaudit.lab.release_sources` fills it) is read as one that others need and as one
that needs others: what its import, or that of a module right below it, asks for in any case is looked for in each
release of the package it is asked of. A row is proposed where a release lacks a name that another one has, though the
metadata of who needs it admit that release. `python -m mlaudit.lab.name_check` shows which proposals hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from mlaudit.lab.measure import with_progress
from mlaudit.lab.module_facts import NAME, ImportStep
from mlaudit.lab.read_releases import KeptFacts, ReadRelease
from mlaudit.lab.release_sources import SourceCache
from mlaudit.lab.release_surface import ImportWalk, LackedName, NeededName

IMPORT = "import"
APART = 6
"""Releases between two that are always read."""
OLDER = 2
"""Years by which a release that lacks a name may be older than one that needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedName:
    """Releases of a package that need a name, and the releases of another one that lack it.

    Attributes:
        first, last: of who needs it, among the releases that were read.
        fixed: the first later release that was read which imports, as all after it do; None where there is none.
        lacks_first, lacks_last: of who lacks it; `before` and `after` are the releases around them, None at an end.
        below, above: the package imports with older releases than the first, and from the other one on; None where
            there are none.
        moment: `import`, or the module below the package that needs it.
        sure: see LackedName.
        guarded: it is asked for where the other package is installed, which a condition in the text finds out.
        pair: a release of each that the metadata admit together.
        python: a Python that both admit.
    """

    package: str
    first: str
    last: str
    fixed: str | None
    other: str
    before: str | None
    lacks_first: str
    lacks_last: str
    after: str | None
    below: str | None
    above: str | None
    kind: str
    name: str
    moment: str
    sure: bool
    place: str
    pair: tuple[str, str]
    python: str
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class _Failure:
    """The first thing that one import lacks of one release."""

    missing: LackedName
    place: str
    guarded: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.missing.kind, self.missing.name

    @property
    def step(self) -> ImportStep:
        """What asks for the missing part alone."""
        kind, name = self.key
        return ImportStep(kind, name, name.rpartition(".")[0] if kind == NAME else "", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixLimits:
    """How much is read of each package that needs names.

    Attributes:
        most: releases, spread over all that there are.
        parts: whether the imports of the modules right below it are read too.
    """

    most: int = 1000
    parts: bool = True

    def spread(self, releases: Sequence[ReadRelease]) -> tuple[ReadRelease, ...]:
        """As many releases as are wanted, the newest one among them."""
        if len(releases) <= self.most:
            return tuple(releases)
        step = (len(releases) - 1) / (self.most - 1)
        return tuple(releases[round(at * step)] for at in range(self.most))


_Cells = Sequence[Sequence["_Failure | None"]]
"""By release of who needs names, and by release of who has them."""


@dataclass(frozen=True, slots=True)
class _Rectangle:
    """Consecutive releases of who needs names, and of who has them, by number."""

    first: int
    last: int
    start: int
    end: int

    @property
    def cells(self) -> set[tuple[int, int]]:
        return {(row, at) for row in range(self.first, self.last + 1) for at in range(self.start, self.end + 1)}


@dataclass(frozen=True, kw_only=True)
class _PairGrid:
    """What the imports of one package lack of another one.

    Attributes:
        cells: the failures that are told; `failing` are all of them.
        present: the releases that have the module which is imported.
    """

    users: Sequence[ReadRelease]
    owners: Sequence[ReadRelease]
    cells: _Cells
    failing: Sequence[Sequence[bool]]
    present: Sequence[bool]

    def rectangles(self) -> Iterator[tuple[_Rectangle, _Failure]]:
        """The cells of each missing name that stand together."""
        known = {failure.key: failure for row in self.cells for failure in row if failure is not None}
        for key in sorted(known):
            same = [[failure is not None and failure.key == key for failure in row] for row in self.cells]
            for rectangle in _rectangles(same):
                failure = self.cells[rectangle.last][rectangle.start]
                if failure is not None and self._holds(rectangle, failure):
                    yield rectangle, failure

    def _holds(self, rectangle: _Rectangle, failure: _Failure) -> bool:
        """Whether another release has the name, and no module sets it from elsewhere."""
        around = (*reversed(self.owners[: rectangle.start]), *self.owners[rectangle.end + 1 :])
        attribute = failure.missing.name.rpartition(".")[2]
        ends = {id(owner): owner for owner in (self.owners[rectangle.start], self.owners[rectangle.end])}.values()
        return (
            any(owner.surface.has(failure.step) for owner in around)
            and not self.users[rectangle.last].surface.sets(attribute)
            and not any(owner.surface.sets(attribute) for owner in ends)
        )

    def working(self, rectangle: _Rectangle, step: ImportStep) -> tuple[int | None, int | None]:
        """Below which release, and from which on, the nearest ones are that have the name and lack nothing else."""
        rows = self.failing[rectangle.first : rectangle.last + 1]
        fits = [
            not any(column) and owner.surface.has(step)
            for owner, column in zip(self.owners, zip(*rows, strict=True), strict=True)
        ]
        below = next((at + 1 for at in range(rectangle.start - 1, -1, -1) if fits[at]), None)
        above = next((at for at in range(rectangle.end + 1, len(fits)) if fits[at]), None)
        return below, above

    def fixed(self, rectangle: _Rectangle) -> str | None:
        """The first release after those that need the name from which on all that were read import."""
        columns = slice(rectangle.start, rectangle.end + 1)
        works = [there and not any(row[columns]) for row, there in zip(self.failing, self.present, strict=True)]
        later = [at for at in range(rectangle.last + 1, len(works)) if all(works[at:])]
        return self.users[later[0]].version if later else None

    def admitted(self, rectangle: _Rectangle) -> tuple[str, str, str] | None:
        """A pair that METADATA admit, with a Python, the newest first.

        Of releases that lack a name because they are too old, only those that a requirement admits by its name.
        """
        for user in reversed(self.users[rectangle.first : rectangle.last + 1]):
            if rectangle.start == 0 and self.owners[0].package not in user.requirements:
                continue
            for owner in reversed(self.owners[rectangle.start : rectangle.end + 1]):
                pythons = [python for python in reversed(user.pythons) if python in owner.pythons]
                for python in pythons if _plausible(user, owner) else ():
                    if user.admits(owner.package, owner.version, python):
                        return user.version, owner.version, python
        return None


class NameMatrix:
    """All releases of a cache, each as one that needs and as one that is needed."""

    def __init__(self, cache: SourceCache, packages: Iterable[str], facts: KeptFacts, limits: MatrixLimits) -> None:
        self._limits = limits
        self.releases: dict[str, tuple[ReadRelease, ...]] = {}
        for package in packages:
            self.releases[package] = tuple(ReadRelease(sources, facts) for sources in cache.releases(package))
        by_top: dict[str, set[str]] = {}
        for package, releases in self.releases.items():
            for top in {top for release in releases for top in release.surface.tops}:
                by_top.setdefault(top, set()).add(package)
        self.owners = {top: _owner(top, packages) for top, packages in by_top.items()}

    def proposals(self, package: str) -> Iterator[ProposedName]:
        """The rows of one package that needs names of others."""
        users = self._limits.spread(self.releases[package])
        needs = [self._needs_by_moment(release) for release in users]
        moments = dict.fromkeys(moment for by_moment in needs for moment in by_moment)
        others = {other for by_moment in needs for by_other in by_moment.values() for other in by_other}
        for other in sorted(others - {package}):
            owners = self.releases[other]
            first = _cells(owners, [by_moment.get(IMPORT, {}).get(other, ()) for by_moment in needs])
            told_cells: set[tuple[int, int]] = set()
            for moment in moments:
                cells = first
                if moment != IMPORT:
                    asked = [by_moment.get(moment, {}).get(other, ()) for by_moment in needs]
                    cells = _without(_cells(owners, asked), first)
                failing = [
                    [bool(here or at) for here, at in zip(*rows, strict=True)]
                    for rows in zip(cells, first, strict=True)
                ]
                grid = _PairGrid(
                    users=users,
                    owners=owners,
                    cells=cells,
                    failing=failing,
                    present=[moment in by_moment for by_moment in needs],
                )
                yield from _proposals(grid, moment, told_cells)

    def _needs_by_moment(self, release: ReadRelease) -> dict[str, dict[str, tuple[NeededName, ...]]]:
        """What a release needs of others, by the moment and the other package."""
        surface = release.surface
        tops = [top for top in surface.tops if surface.module_facts(top) is not None]
        own = {top for top in tops if self.owners.get(top) == release.package}
        main = sorted(own, key=lambda top: (canonicalize_name(top) != release.package, top))
        # Of a folder that several packages share no module is the package itself: each is imported for its own sake.
        is_shared = bool(main) and "." in main[0] and canonicalize_name(main[0]) != release.package
        main = main if is_shared else main[:1]
        by_moment: dict[str, dict[str, tuple[NeededName, ...]]] = {}
        for top in main:
            walk = ImportWalk(surface)
            by_moment[top if is_shared else IMPORT] = self._by_other(release, walk.walk(top))
            for part in surface.public_parts(top) if self._limits.parts else ():
                needs = tuple(ImportWalk(surface, walk.loaded).walk(part))
                if part not in walk.loaded:
                    by_moment[part] = self._by_other(release, needs)
        return by_moment

    def _by_other(self, release: ReadRelease, needs: Iterable[NeededName]) -> dict[str, tuple[NeededName, ...]]:
        by_package: dict[str, dict[tuple[str, str], NeededName]] = {}
        for need in needs:
            other = self._owner(need.step.name)
            guarded = all(self._owner(guard) == other for guard in need.guards)
            if other is not None and other != release.package and guarded:
                by_package.setdefault(other, {}).setdefault((need.step.kind, need.step.name), need)
        return {other: tuple(by_name.values()) for other, by_name in by_package.items()}

    def _owner(self, name: str) -> str | None:
        parts = name.split(".")
        owners = (self.owners.get(".".join(parts[:end])) for end in range(1, len(parts) + 1))
        return next((owner for owner in owners if owner is not None), None)


def _owner(top: str, packages: set[str]) -> str | None:
    """The package that a module is of; None where it is one of several, none of which is called so."""
    named = canonicalize_name(top)
    return named if named in packages else next(iter(packages)) if len(packages) == 1 else None


def _cells(owners: Sequence[ReadRelease], needs: Sequence[Sequence[NeededName]]) -> _Cells:
    return [_row(owners, asked) for asked in needs]


def _row(owners: Sequence[ReadRelease], needs: Sequence[NeededName]) -> list[_Failure | None]:
    """What an import lacks of each release; between two that lack the same, not far apart, those do too."""
    by_number: dict[int, _Failure | None] = {}

    def at(number: int) -> _Failure | None:
        if number not in by_number:
            by_number[number] = _failure(owners[number], needs)
        return by_number[number]

    def fill(low: int, high: int) -> None:
        first, last = at(low), at(high)
        if (first and first.key) == (last and last.key):
            by_number.update(dict.fromkeys(range(low + 1, high), first))
        elif high - low > 1:
            middle = (low + high) // 2
            fill(low, middle)
            fill(middle, high)

    for low in range(0, len(owners) - 1, APART) if needs else ():
        fill(low, min(low + APART, len(owners) - 1))
    return [at(number) if needs else None for number in range(len(owners))]


def _without(cells: _Cells, first: _Cells) -> _Cells:
    """The failures where the package itself imports."""
    rows = zip(cells, first, strict=True)
    return [[None if before else here for here, before in zip(*pair, strict=True)] for pair in rows]


def _failure(owner: ReadRelease, needs: Iterable[NeededName]) -> _Failure | None:
    """The first thing that is missing; None where a text does not settle whether something before it is."""
    for need in needs:
        answer = owner.look_up(need)
        if isinstance(answer, LackedName):
            return _Failure(answer, need.place, bool(need.guards))
        if answer is None and owner.surface.is_readable(need.step):
            return None
    return None


def _proposals(grid: _PairGrid, moment: str, told_cells: set[tuple[int, int]]) -> Iterator[ProposedName]:
    """The rows of two packages at one moment; `told_cells` are those of which something was told."""
    for rectangle, failure in grid.rectangles():
        below, above = grid.working(rectangle, failure.step)
        pair = grid.admitted(rectangle)
        if rectangle.cells <= told_cells or pair is None or (below is None and above is None):
            continue
        told_cells |= rectangle.cells
        users, owners = grid.users, grid.owners
        start, end = rectangle.start, rectangle.end
        yield ProposedName(
            package=users[0].package,
            first=users[rectangle.first].version,
            last=users[rectangle.last].version,
            fixed=grid.fixed(rectangle),
            other=owners[0].package,
            before=owners[start - 1].version if start > 0 else None,
            lacks_first=owners[start].version,
            lacks_last=owners[end].version,
            after=owners[end + 1].version if end + 1 < len(owners) else None,
            below=owners[below].version if below is not None else None,
            above=owners[above].version if above is not None else None,
            kind=failure.missing.kind,
            name=failure.missing.name,
            moment=moment,
            sure=failure.missing.sure,
            place=failure.place,
            pair=(pair[0], pair[1]),
            python=pair[2],
            guarded=failure.guarded,
        )


def _plausible(user: ReadRelease, provider: ReadRelease) -> bool:
    """Whether a release is not so old beside another one that nobody has both."""
    if user.day is None or provider.day is None:
        return True
    return int(user.day[:4]) - int(provider.day[:4]) <= OLDER


def _rectangles(cells: Sequence[Sequence[bool]]) -> Iterator[_Rectangle]:
    """The runs of columns that consecutive rows have alike."""
    open_runs: dict[tuple[int, int], int] = {}
    for row, values in enumerate([*cells, ()]):
        runs = set(_runs(values))
        for start, end in [run for run in open_runs if run not in runs]:
            yield _Rectangle(open_runs.pop((start, end)), row - 1, start, end)
        for run in runs - open_runs.keys():
            open_runs[run] = row


def _runs(values: Sequence[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for at, value in enumerate([*values, False]):
        if value and start is None:
            start = at
        elif not value and start is not None:
            yield start, at - 1
            start = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the proposals as lines of JSON."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.name_matrix", description=__doc__)
    parser.add_argument("packages", nargs="*", help="who needs names; all of the cache where none is given")
    parser.add_argument("--cache", type=Path, required=True, help="what release_sources filled")
    parser.add_argument("--facts", type=Path, required=True, help="a file in which what was parsed is kept")
    parser.add_argument("--most", type=int, default=1000, help="releases of each package that needs names")
    parser.add_argument(
        "--parts", action="store_true", help="read the imports of the modules right below a package too"
    )
    options = parser.parse_args(arguments)
    facts = KeptFacts(options.facts)
    every = sorted({path.name.partition("==")[0] for path in options.cache.glob("*==*.zip")})
    limits = MatrixLimits(most=options.most, parts=options.parts)
    matrix = NameMatrix(SourceCache(options.cache), every, facts, limits)
    wanted = [package for package in options.packages if package in every] or every
    for package in with_progress(wanted, len(wanted), "packages"):
        for proposal in matrix.proposals(str(package)):
            sys.stdout.write(json.dumps(asdict(proposal)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
