"""Which versions are left of what an environment installs and does not pin, by everything that is known to bound it.

From the pins and ranges that an environment names, requirements are followed to packages that it does not name. A
version falls away where a bound excludes it, or where nothing is left of what it requires; what every version that is
left requires bounds the next package. Where nothing is left of a package, no installer finds versions for the
environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mlaudit.comparison.open_packages import requires_as_published
from mlaudit.comparison.requirements import extras_asked_in, worlds_for
from mlaudit.environments.target import pythons_of
from mlaudit.knowledge import family
from mlaudit.knowledge.family import Holds
from mlaudit.knowledge.releases import (
    LazyRequirements,
    ReleaseHistory,
    agreed,
    history,
    plain_clauses,
    release,
    required_name,
    requirements,
)
from mlaudit.knowledge.wheels import admits_python
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.nouns import Evidence, Kind, Layer, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, disjoint, joined, meet, oldest, parsed

BEYOND = "99999"
"""Stands for the releases that are yet to come."""
MAX_FOLLOWED = 200
"""Packages of which it is asked which versions are left: enough for any stack, and a bound for odd input."""
_DEEPEST = 3
"""Packages from what is named to what requires something that may not be had, for the quick look."""
_MAX_LEFT = 400
"""Versions of one package that are tried; of more than these, none is known to fall away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPackage:
    """What an environment says of a package.

    Attributes:
        range: the range, or `==` and the version.
        bounds: whether what the index publishes of it is what is installed, so that its requirements are known.
    """

    package: str
    version: str | None
    range: str
    extras: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPackages:
    """What an environment names: what decides which versions are left of everything else.

    Attributes:
        closed: what is not asked about: what a project overrides, what conda or an image brings, what has no release.
        constraints: bounds on packages that need not be installed.
    """

    packages: tuple[NamedPackage, ...]
    closed: frozenset[str]
    constraints: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What is required of a package.

    Attributes:
        subject: who requires it; empty for the environment itself.
        versions: the releases of the subject that are left, each of which requires one of the ranges.
    """

    subject: str
    versions: tuple[str, ...]
    ranges: tuple[str, ...]

    def admits(self, version: str) -> bool:
        """Whether one of the ranges admits a version."""
        return any(admits(text, version) for text in self.ranges)


@dataclass(slots=True, kw_only=True)
class LeftVersions:
    """The versions that are left of one package.

    Attributes:
        beyond: whether a release that is yet to come may be taken.
        sure: whether nothing that is yet to come could bring back what fell away.
        no_python: whether there are releases within the bounds, none of which runs on the Python.
        bounds: what is required of it.
        needs: what it requires and does not get, by the version that fell away for it.
    """

    package: str
    named: NamedPackage | None
    versions: list[str]
    beyond: bool
    sure: bool = True
    no_python: bool = False
    bounds: list[Bound] = field(default_factory=list)
    needs: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLeft:
    """A package of which no version is left.

    Attributes:
        is_sure: whether nothing that is yet to be released could be taken.
        python: the Python on which no release within the bounds runs, empty where it is not that.
        pip_on: the Python for which only pip refuses it, which asks for the newest Python that a release declares.
        needs: what releases of it require and do not get: first and last of them, the other package, the range.
        others: what bounds the packages in `needs`, or is there of them.
        roots: the named packages from which it follows.
    """

    package: str
    is_sure: bool
    python: str
    bounds: tuple[Bound, ...]
    needs: tuple[tuple[str, str, str, str], ...]
    others: Mapping[str, tuple[Bound, ...]]
    roots: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    pip_on: str = ""


def nothing_left(environment: Environment) -> NothingLeft | None:
    """The first package of which no version is left on any Python of the environment; None if there is none."""
    if not may_leave_nothing(environment):
        return None
    return _nothing_left(named_packages(environment), tuple(worlds_for(environment.target).items()))


def named_packages(environment: Environment) -> NamedPackages:
    """What an environment surely installs from the index, and what it keeps closed."""
    known: NamedPackages | None = environment._known.get("named")
    if known is None:
        known = environment._known["named"] = _named_packages(environment)
    return known


def _named_packages(environment: Environment) -> NamedPackages:
    extras = dict(extras_asked_in(environment))
    selected = {id(pin): chosen for pin, chosen in environment.pins()}
    packages: list[NamedPackage] = []
    closed: set[str] = set()
    for name, cell in environment.cells.items():
        if cell.kind not in (Kind.PACKAGE, Kind.LOCAL):
            continue
        text = _range_of(cell)
        if text is None or not _is_chosen_by_pip(cell) or not all(selected.get(id(pin)) for pin in cell.pins):
            closed.add(name)
        else:
            packages.append(
                NamedPackage(package=name, version=cell.version, range=text, extras=extras.get(name, frozenset()))
            )
    constraints: list[tuple[str, str]] = []
    for pin, chosen in environment.pins():
        if pin.overrides:
            closed.add(pin.package)
        elif pin.kind is Kind.BOUND and chosen and pin.package not in environment.cells:
            constraints.append((pin.package, pin.specifier or (f"=={pin.version}" if pin.version else "")))
    return NamedPackages(packages=tuple(packages), closed=frozenset(closed), constraints=tuple(constraints))


def _range_of(cell: Cell) -> str | None:
    """The range in which a cell has its version, None where it states more than one or none that was understood."""
    if cell.by_python or cell.conflict or cell.kind is Kind.LOCAL:
        return None
    if cell.version is not None:
        return f"=={cell.version}" if parsed(cell.version) is not None else None
    return cell.specifier or "" if cell.state is State.RANGE else None


def _is_chosen_by_pip(cell: Cell) -> bool:
    """Whether a list that a user wrote states it, for pip: neither an image nor a resolver has chosen it already."""
    return requires_as_published(cell) and all(
        pin.layer is Layer.DECLARED and pin.derived_from is None for pin in cell.pins
    )


def may_leave_nothing(environment: Environment) -> bool:
    """Whether anything may be left without a version: no marker is asked, so that the answer is quick."""
    return _may_leave_nothing(named_packages(environment), pythons_of(environment.target))


@lru_cache(maxsize=64)
def _may_leave_nothing(named: NamedPackages, pythons: tuple[str, ...]) -> bool:
    exact_ones = {one.package: one.version for one in named.packages if one.version is not None}
    asked: dict[str, list[str]] = {one.package: [one.range] for one in named.packages if one.version is None}
    for package, text in named.constraints:
        asked.setdefault(package, []).append(text)
    for package, version in exact_ones.items():
        declared = _declared(package, version)
        if declared is None:
            continue
        for other in declared:
            if other in exact_ones or other in named.closed or declared.is_optional(other):
                continue
            clauses = declared.everything(other)
            if clauses is None:
                clauses = joined(requirement.specifier for requirement in declared[other])
            asked.setdefault(other, []).append(clauses)
    if any(len(ranges) > 1 and not _surely_meet(ranges) for ranges in asked.values()):
        return True
    quick = _QuickLook(exact_ones, asked, named.closed, pythons)
    ranged = {one.package for one in named.packages if one.version is None}
    return any(
        not quick.can_be_had(package, joined(ranges))
        for package, ranges in asked.items()
        if package in ranged or not all(admits(text, BEYOND) for text in ranges)
    )


def _declared(package: str, version: str) -> LazyRequirements | None:
    """What a release requires, by its own METADATA or by what its neighbours require alike."""
    own = requirements(package, version)
    alike = agreed(package, version) if own is None else None
    return alike.requirements if alike is not None else own


def _surely_meet(ranges: Iterable[str]) -> bool:
    """Whether a version that one of some ranges begins with satisfies all of them, or none of them has an end."""
    texts = [text for text in dict.fromkeys(ranges) if text]
    if len(texts) < 2 or all(admits(text, BEYOND) for text in texts):
        return True
    begins = (clause[2:] for text in texts for clause in text.split(",") if clause.startswith((">=", "==")))
    return any(not version.endswith("*") and all(admits(text, version) for text in texts) for version in begins)


class _QuickLook:
    """Whether there are releases that get what they require, one by one and whatever their markers say."""

    def __init__(
        self,
        exact_ones: Mapping[str, str],
        asked: Mapping[str, list[str]],
        closed: frozenset[str],
        pythons: tuple[str, ...],
    ) -> None:
        self._exact = exact_ones
        self._asked = asked
        self._closed = closed
        self._pythons = pythons
        self._found: dict[tuple[str, str], bool] = {}

    def can_be_had(self, package: str, text: str, depth: int = 0) -> bool:
        """Whether a release within a range gets what it requires; the newest ones are tried first."""
        key = (package, text)
        if key not in self._found:
            self._found[key] = True
            self._found[key] = self._can_be_had(package, text, depth)
        return self._found[key]

    def _can_be_had(self, package: str, text: str, depth: int) -> bool:
        known = history(package) if depth < _DEEPEST and len(self._found) < MAX_FOLLOWED else None
        if known is None or known.listed is None or not any(self._matters(other) for other in known.texts):
            return True
        some = False
        for one in known.newest_first(text):
            some = True
            if any(admits_python(one.requires_python, python) for python in self._pythons) and all(
                self._is_met(requirement, depth) for requirement in one.requires or ()
            ):
                return True
        return not some

    def _matters(self, package: str) -> bool:
        return package in self._exact or package in self._asked or package not in self._closed

    def _is_met(self, requirement: str, depth: int) -> bool:
        """Whether the version that is there is in the range of a requirement, or one may be that others ask for."""
        other = required_name(requirement)
        if other in self._closed or "extra ==" in requirement:
            return True
        clauses = plain_clauses(requirement)
        if not clauses:
            return True
        version = self._exact.get(other)
        if version is not None:
            return admits(clauses, version)
        others = self._asked.get(other)
        if others is not None and not _surely_meet((clauses, *others)):
            return False
        return admits(clauses, BEYOND) or self.can_be_had(other, joined((clauses, *(others or ()))), depth + 1)


@lru_cache(maxsize=64)
def _nothing_left(named: NamedPackages, worlds: tuple[tuple[str, Holds], ...]) -> NothingLeft | None:
    """The first package of which nothing is left on all Pythons that the exact versions run on."""
    found: NothingLeft | None = None
    for python, holds in reversed(worlds):
        if not all(_runs_on(one, python) for one in named.packages):
            continue
        here = _World(named, python, holds, upper=False).emptied()
        if here is None:
            with_upper = _World(named, python, holds, upper=True).emptied()
            if with_upper is None:
                return None
            here = replace(with_upper, is_sure=False, pip_on=python)
        if found is None or (found.is_sure and not here.is_sure):
            found = here
    return found


def _runs_on(one: NamedPackage, python: str) -> bool:
    known = release(one.package, one.version) if one.version is not None else None
    return known is None or admits_python(known.requires_python, python)


class _World:
    """What is left of each package on one Python."""

    def __init__(self, named: NamedPackages, python: str, holds: Holds, *, upper: bool) -> None:
        self._upper = upper
        self._closed = named.closed
        self._python = python
        self._holds = holds
        self._extras = {one.package: one.extras for one in named.packages if one.extras}
        self._named = {one.package: one for one in named.packages}
        self._bounds: dict[str, list[Bound]] = {
            package: [Bound(subject="", versions=(), ranges=(text,))] for package, text in named.constraints
        }
        self.left: dict[str, LeftVersions] = {}
        self._waiting: list[str] = []
        for one in named.packages:
            self._begin_named(one)

    def emptied(self) -> NothingLeft | None:
        """The first package of which no version is left."""
        while self._waiting:
            package = self._waiting.pop(0)
            empty = self._follow(self.left[package])
            if empty is not None:
                return self._described(empty)
        return None

    def _begin_named(self, one: NamedPackage) -> None:
        if one.version is not None:
            self.left[one.package] = LeftVersions(package=one.package, named=one, versions=[one.version], beyond=False)
            self._waiting.append(one.package)
            return
        bound = Bound(subject="", versions=(), ranges=(one.range,))
        self._bounds.setdefault(one.package, []).append(bound)
        self._begin(one.package)

    def _begin(self, package: str) -> LeftVersions | None:
        """What is left of a package by the bounds that are known of it; None where that is not known."""
        known = history(package)
        if known is None or known.listed is None or len(self.left) >= MAX_FOLLOWED:
            return None
        bounds = self._bounds.get(package, [])
        text = joined(bound.ranges[0] for bound in bounds if len(bound.ranges) == 1)
        fitting = [one for one in known.within(text) if all(bound.admits(one.version) for bound in bounds)]
        running = [one.version for one in fitting if self._runs(one.requires_python)]
        left = LeftVersions(
            package=package,
            named=self._named.get(package),
            versions=running,
            beyond=all(self._reaches_beyond(package, bound.ranges) for bound in bounds),
            sure=all(self._is_sure(bound) for bound in bounds),
            no_python=bool(fitting) and not running,
            bounds=bounds,
        )
        if not left.versions and not self._is_known_whole(left, known):
            return None
        self.left[package] = left
        self._waiting.append(package)
        return left

    def _runs(self, declared: str | None) -> bool:
        """Whether a release is taken on the Python; uv does not ask which newest Python it declares."""
        if declared and not self._upper:
            declared = ",".join(clause for clause in declared.split(",") if not clause.strip().startswith("<"))
        return admits_python(declared, self._python)

    def _is_known_whole(self, left: LeftVersions, known: ReleaseHistory) -> bool:
        """Whether nothing being left is no gap in what is known: each bound alone admits something."""
        if left.beyond or left.no_python:
            return not left.beyond
        return all(any(bound.admits(one.version) for one in known.releases) for bound in left.bounds)

    def _reaches_beyond(self, package: str, ranges: Iterable[str]) -> bool:
        """Whether one of some ranges may admit a release after the last one that is known."""
        known = history(package)
        newest = known.releases[-1].version if known is not None and known.releases else "0"
        return any(meet((text, f">{newest}")) for text in ranges)

    def _is_sure(self, bound: Bound) -> bool:
        """Whether what bounds a package would do so whatever is yet to be released."""
        subject = self.left.get(bound.subject)
        return subject is None or (subject.sure and not subject.beyond)

    def _follow(self, left: LeftVersions) -> LeftVersions | None:
        """Take away what can not be had, and bound what is required; the package of which nothing is left."""
        if not left.versions:
            return left
        if len(left.versions) > _MAX_LEFT:
            return None
        for other in self._required_by(left):
            if other in self._closed or other == left.package or self._is_between_exact(left, other):
                continue
            ranges = self._ranges(left, other)
            if self._is_held_against(left, other, ranges):
                continue
            self._take_away(left, other, ranges)
            empty = self._bound(left, other, ranges) if left.versions else left
            if empty is not None:
                return empty
        return None

    def _take_away(self, left: LeftVersions, other: str, ranges: dict[str, str | None]) -> None:
        """Take away the versions that require what may not be had of another package."""
        for version, text in list(ranges.items()):
            if text is not None and not self._may_be_had(other, text):
                left.versions.remove(version)
                left.needs[version] = (other, text)
                left.sure = left.sure and (other not in self.left or self.left[other].sure)
                del ranges[version]

    def _is_between_exact(self, left: LeftVersions, other: str) -> bool:
        """Whether two exact versions are named, of which rules of their own know whether they fit."""
        return left.named is not None and left.named.version is not None and self._is_exact(other)

    def _is_held_against(self, left: LeftVersions, other: str, ranges: Mapping[str, str | None]) -> bool:
        """Whether rules of their own hold what one exact version requires against the range that is asked for."""
        named = self._named.get(other)
        if left.named is None or left.named.version is None or named is None:
            return False
        return any(text is not None and disjoint(text, named.range) for text in ranges.values())

    def _is_exact(self, package: str) -> bool:
        named = self._named.get(package)
        return named is not None and named.version is not None

    def _required_by(self, left: LeftVersions) -> Iterable[str]:
        if len(left.versions) == 1:
            return family.demanded_packages(left.package, left.versions[0])
        known = history(left.package)
        return known.texts if known is not None else ()

    def _ranges(self, left: LeftVersions, other: str) -> dict[str, str | None]:
        """The range in which each version that is left requires another package, None where it does not."""
        extras = self._extras.get(left.package, frozenset())
        known = history(left.package)
        texts = frozenset(known.texts.get(other, ())) if known is not None else frozenset()
        ranges: dict[str, str | None] = {}
        same: dict[tuple[str, ...], str | None] = {}
        for version in left.versions:
            one = known.find(version) if known is not None else None
            own = tuple(text for text in one.requires if text in texts) if one is not None and one.requires else None
            if one is None or own is None or not one.from_metadata:
                ranges[version] = self._wanted(left.package, version, other, extras)
            elif not own:
                ranges[version] = None
            else:
                if own not in same:
                    same[own] = self._wanted(left.package, version, other, extras)
                ranges[version] = same[own]
        return ranges

    def _wanted(self, package: str, version: str, other: str, extras: frozenset[str]) -> str | None:
        wanted = family.wanted(package, version, other, self._holds, extras)
        return wanted.range if wanted is not None else None

    def _may_be_had(self, package: str, text: str) -> bool:
        """Whether a version that is left of a package may be in a range."""
        left = self.left.get(package)
        if left is None:
            bounds = self._bounds.get(package, ())
            return meet((text, *(bound.ranges[0] for bound in bounds if len(bound.ranges) == 1)))
        if left.beyond and self._reaches_beyond(package, (text,)):
            return True
        return any(admits(text, version) for version in left.versions)

    def _bound(self, left: LeftVersions, other: str, ranges: Mapping[str, str | None]) -> LeftVersions | None:
        """Bound what every version that is left requires; the package of which nothing is left then."""
        texts = dict.fromkeys(text for text in ranges.values() if text is not None)
        if not texts or None in ranges.values():
            return None
        bound = Bound(subject=left.package, versions=tuple(ranges), ranges=tuple(texts))
        bounds = self._bounds.setdefault(other, [])
        bounds[:] = [*(earlier for earlier in bounds if earlier.subject != left.package), bound]
        there = self.left.get(other)
        if there is None:
            if self._is_exact(other) or all(one.admits(BEYOND) for one in bounds):
                return None
            there = self._begin(other)
            return there if there is not None and not there.versions else None
        there.bounds = bounds
        kept = [version for version in there.versions if bound.admits(version)]
        there.beyond = there.beyond and self._reaches_beyond(other, bound.ranges)
        if len(kept) < len(there.versions):
            there.versions = kept
            there.sure = there.sure and self._is_sure(bound)
            self._waiting.append(other)
            self._waiting.extend(one for one in self.left if one not in self._waiting and self._requires(one, other))
        return None if kept else there

    def _requires(self, package: str, other: str) -> bool:
        """Whether what is left of a package may require another one."""
        left = self.left[package]
        return bool(left.versions) and other in self._required_by(left)

    def _described(self, left: LeftVersions) -> NothingLeft:
        needs = tuple(_runs(left.needs))
        others = {other: tuple(self._bounds.get(other, ())) for _, _, other, _ in needs}
        roots = dict.fromkeys(self._roots(left.package, set()))
        for other in others:
            roots.update(dict.fromkeys(self._roots(other, set())))
        return NothingLeft(
            package=left.package,
            is_sure=left.sure and not left.beyond,
            python=self._python if left.no_python and not left.needs and not left.versions else "",
            bounds=tuple(left.bounds),
            needs=needs,
            others=others,
            roots=tuple(roots),
            evidence=tuple(self._evidence(left, others)),
        )

    def _roots(self, package: str, seen: set[str]) -> Iterator[str]:
        """The named packages from which it follows that a package is installed, and in which range."""
        if package in seen:
            return
        seen.add(package)
        if package in self._named:
            yield package
        for bound in self._bounds.get(package, ()):
            if bound.subject:
                yield from self._roots(bound.subject, seen)

    def _evidence(self, left: LeftVersions, others: Mapping[str, tuple[Bound, ...]]) -> Iterator[Evidence]:
        subjects = {
            (bound.subject, bound.versions[-1])
            for bounds in (left.bounds, *others.values())
            for bound in bounds
            if bound.subject
        }
        subjects.update((left.package, version) for version in left.needs)
        for subject, version in sorted(subjects)[:_SOURCES]:
            known = release(subject, version)
            if known is not None:
                yield known.evidence


_SOURCES = 4
"""Releases whose metadata a finding names."""


def _runs(needs: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    """First and last of neighbouring releases that require the same, and that."""
    ordered = sorted(needs.items(), key=lambda item: parsed(item[0]) or oldest())
    runs: list[list[str]] = []
    for version, (other, text) in ordered:
        if runs and runs[-1][2:] == [other, text]:
            runs[-1][1] = version
        else:
            runs.append([version, version, other, text])
    for first, last, other, text in runs:
        yield first, last, other, text
