"""Which versions are left of what an environment installs and does not pin, by everything that is known to bound it.

From the pins and ranges that an environment names, requirements are followed to packages that it does not name. A
version falls away where a bound excludes it, or where nothing is left of what it requires; what every version that is
left requires bounds the next package. Where nothing is left of a package, no installer finds versions for the
environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.comparison.named_packages import (
    BEYOND,
    MAX_FOLLOWED,
    NamedPackages,
    is_followed,
    may_leave_nothing,
    named_packages,
)
from mlaudit.comparison.requirements import worlds_for
from mlaudit.knowledge import family
from mlaudit.knowledge.declared_requirements import plain_clauses
from mlaudit.knowledge.family import Holds
from mlaudit.knowledge.releases import ReleaseHistory, history, release
from mlaudit.knowledge.wheels import admits_python
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Evidence
from mlaudit.model.report import Environment
from mlaudit.model.versions import admits, disjoint, joined, meet, oldest, parsed

_MAX_LEFT = 400
"""Versions of one package that are tried; of more than these, none is known to fall away."""


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


class LeftVersions:
    """The versions that are left of one package.

    Attributes:
        beyond: whether a release that is yet to come may be taken.
        sure: whether nothing that is yet to come could bring back what fell away.
        no_python: whether there are releases within the bounds, none of which runs on the Python.
        bounds: what is required of it.
        needs: what it requires and does not get, by the version that fell away for it.
    """

    __slots__ = ("beyond", "bounds", "needs", "no_python", "package", "sure", "versions")

    def __init__(
        self,
        package: str,
        versions: list[str],
        bounds: list[Bound],
        *,
        beyond: bool = False,
        sure: bool = True,
        no_python: bool = False,
    ) -> None:
        self.package = package
        self.versions = versions
        self.bounds = bounds
        self.beyond = beyond
        self.sure = sure
        self.no_python = no_python
        self.needs: dict[str, tuple[str, str]] = {}


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


@lru_cache(maxsize=64)
def _nothing_left(named: NamedPackages, worlds: tuple[tuple[str, Holds], ...]) -> NothingLeft | None:
    """The first package of which nothing is left on all Pythons that the exact versions run on."""
    first_found: NothingLeft | None = None
    for python, holds in reversed(worlds):
        if not all(_runs_on(package, version, python) for package, version in named.versions):
            continue
        here = _World(named, python, holds, upper=False).emptied()
        if here is None:
            with_upper = _World(named, python, holds, upper=True).emptied()
            if with_upper is None:
                return None
            here = replace(with_upper, is_sure=False, pip_on=python)
        if first_found is None or (first_found.is_sure and not here.is_sure):
            first_found = here
    return first_found


def _runs_on(package: str, version: str, python: str) -> bool:
    known = release(package, version)
    return known is None or admits_python(known.requires_python, python)


class _World:
    """What is left of each package on one Python."""

    def __init__(self, named: NamedPackages, python: str, holds: Holds, *, upper: bool) -> None:
        self._upper = upper
        self._closed = named.closed
        self._python = python
        self._holds = holds
        self._extras = dict(named.extras)
        self._exact = dict(named.versions)
        self._ranges_asked = dict(named.ranges)
        self._bounds: dict[str, list[Bound]] = {
            package: [Bound(subject="", versions=(), ranges=(text,))] for package, text in named.constraints
        }
        self.left: dict[str, LeftVersions] = {}
        self._ranges_of: dict[tuple[str, str], Mapping[str, str | None]] = {}
        self._waiting: list[str] = []
        for package, version in named.versions:
            self.left[package] = LeftVersions(package, [version], [])
            self._waiting.append(package)
        for package, text in named.ranges:
            self._bounds.setdefault(package, []).append(Bound(subject="", versions=(), ranges=(text,)))
            self._begin(package)

    def emptied(self) -> NothingLeft | None:
        """The first package of which no version is left."""
        while self._waiting:
            package = self._waiting.pop(0)
            empty = self._follow(self.left[package])
            if empty is not None:
                return self._described(empty)
        return None

    def _begin(self, package: str) -> LeftVersions | None:
        """What is left of a package by the bounds that are known of it; None where that is not known."""
        known = history(package)
        if known is None or known.listed is None or len(self.left) >= MAX_FOLLOWED:
            return None
        bounds = self._bounds.get(package, [])
        text = joined(bound.ranges[0] for bound in bounds if len(bound.ranges) == 1)
        fitting = [
            known_release
            for known_release in known.within(text)
            if all(bound.admits(known_release.version) for bound in bounds)
        ]
        running = [known_release.version for known_release in fitting if self._runs(known_release.requires_python)]
        left = LeftVersions(
            package,
            running,
            bounds,
            beyond=all(_reaches_beyond(package, bound.ranges) for bound in bounds),
            sure=all(self._is_sure(bound) for bound in bounds),
            no_python=bool(fitting) and not running,
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
        return all(
            any(bound.admits(known_release.version) for known_release in known.releases) for bound in left.bounds
        )

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
        return left.package in self._exact and other in self._exact

    def _is_held_against(self, left: LeftVersions, other: str, ranges: Mapping[str, str | None]) -> bool:
        """Whether rules of their own hold what one exact version requires against the range that is asked for."""
        asked = self._ranges_asked.get(other)
        if left.package not in self._exact or asked is None:
            return False
        return any(text is not None and disjoint(text, asked) for text in ranges.values())

    def _required_by(self, left: LeftVersions) -> Iterable[str]:
        if len(left.versions) == 1:
            return family.demanded_packages(left.package, left.versions[0])
        known = history(left.package)
        texts = known.texts if known is not None else {}
        return [other for other in texts if other in self.left or _has_an_end(left.package, other)]

    def _ranges(self, left: LeftVersions, other: str) -> dict[str, str | None]:
        """The range in which each version that is left requires another package, None where it does not."""
        key = (left.package, other)
        if key not in self._ranges_of:
            self._ranges_of[key] = self._first_ranges(left, other)
        known = self._ranges_of[key]
        return {version: known[version] for version in left.versions}

    def _first_ranges(self, left: LeftVersions, other: str) -> Mapping[str, str | None]:
        extras = self._extras.get(left.package, frozenset())
        known = history(left.package)
        texts = frozenset(known.texts.get(other, ())) if known is not None else frozenset()
        ranges: dict[str, str | None] = {}
        same: dict[tuple[str, ...], str | None] = {}
        for version in left.versions:
            declared = known.find(version) if known is not None else None
            own = (
                tuple(text for text in declared.requires if text in texts)
                if declared is not None and declared.requires
                else None
            )
            if declared is None or own is None or not declared.from_metadata:
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
            return _meet((text, *(bound.ranges[0] for bound in bounds if len(bound.ranges) == 1)))
        if left.beyond and _reaches_beyond(package, (text,)):
            return True
        return bool(_within(package, (text,), left.versions))

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
            open_ended = all(earlier_bound.admits(BEYOND) for earlier_bound in bounds)
            if other in self._exact or not is_followed(other, open_ended=open_ended):
                return None
            there = self._begin(other)
            return there if there is not None and not there.versions else None
        there.bounds = bounds
        kept = _within(other, bound.ranges, there.versions)
        there.beyond = there.beyond and _reaches_beyond(other, bound.ranges)
        if len(kept) < len(there.versions):
            there.versions = kept
            there.sure = there.sure and self._is_sure(bound)
            self._waiting.append(other)
            self._waiting.extend(
                package for package in self.left if package not in self._waiting and self._requires(package, other)
            )
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
        if package in self._exact or package in self._ranges_asked:
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


@lru_cache(maxsize=4096)
def _has_an_end(package: str, other: str) -> bool:
    """Whether some release of a package requires another one in a range that leaves out releases yet to come."""
    known = history(package)
    every = map(plain_clauses, known.texts.get(other, ())) if known is not None else ()
    return any(clauses is None or not admits(clauses, BEYOND) for clauses in every)


def _reaches_beyond(package: str, ranges: Iterable[str]) -> bool:
    """Whether one of some ranges may admit a release after the last one that is known."""
    return any(admits(text, BEYOND) or _admits_later(package, text) for text in ranges)


@lru_cache(maxsize=4096)
def _admits_later(package: str, text: str) -> bool:
    known = history(package)
    newest = known.releases[-1].version if known is not None and known.releases else "0"
    return meet((text, f">{newest}"))


@lru_cache(maxsize=4096)
def _meet(ranges: tuple[str, ...]) -> bool:
    return meet(ranges)


def _within(package: str, ranges: Sequence[str], versions: Sequence[str]) -> list[str]:
    """Those of some versions of a package that one of some ranges admits."""
    known = history(package)
    if known is None or len(versions) == 1:
        return [version for version in versions if any(admits(text, version) for text in ranges)]
    admitted = {version for text in ranges for version in known.versions_within(text, versions)}
    return [version for version in versions if version in admitted]


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
