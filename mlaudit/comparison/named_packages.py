"""What an environment names for pip, and whether its requirements may exclude one another: a quick look, no proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mlaudit.comparison.open_packages import requires_as_published
from mlaudit.comparison.requirements import always_required, extras_asked_in, may_require, wanted_beside
from mlaudit.environments.target import pythons_of, some_patch_admitted
from mlaudit.knowledge.combinations import always
from mlaudit.knowledge.declared_requirements import plain_clauses, required_name
from mlaudit.knowledge.releases import history
from mlaudit.knowledge.table import watched
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, Layer, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, joined, parsed

BEYOND = "99999"
"""Stands for the releases that are yet to come."""
MAX_FOLLOWED = 200
"""Packages of which it is asked which versions are left: enough for any stack, and a bound for odd input."""
_DEEPEST = 3
"""Packages from what is named to what requires something that may not be had, for the quick look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPackages:
    """What an environment names for pip: what decides which versions are left of everything else.

    Attributes:
        versions: exact versions, by package.
        ranges: the ranges of those that have no exact version.
        extras: those that are asked of a package.
        closed: what is not asked about: what a project overrides, what conda, an image or another source brings, and
            what may not be installed.
        constraints: bounds on packages that are not named.
    """

    versions: tuple[tuple[str, str], ...]
    ranges: tuple[tuple[str, str], ...]
    extras: tuple[tuple[str, frozenset[str]], ...]
    closed: frozenset[str]
    constraints: tuple[tuple[str, str], ...]


def named_packages(environment: Environment) -> NamedPackages:
    """What an environment surely installs from the index, and what it keeps closed."""
    versions = dict(environment.exact_versions)
    closed = {name for name in versions if environment.cells[name].layer is not Layer.DECLARED}
    unusual = [cell for cell in environment.unusual_cells if cell.kind in (Kind.PACKAGE, Kind.LOCAL)]
    selected = {id(pin): chosen for pin, chosen in environment.pins()} if unusual else {}
    ranges: dict[str, str] = {}
    for cell in unusual:
        text = _range_of(cell)
        if text is None or not _is_chosen_by_pip(cell) or not all(selected.get(id(pin)) for pin in cell.pins):
            closed.add(cell.package)
        elif cell.version is None:
            ranges[cell.package] = text
    closed.update(_overridden(environment))
    return NamedPackages(
        versions=tuple((name, version) for name, version in versions.items() if name not in closed),
        ranges=tuple((name, text) for name, text in ranges.items() if name not in closed),
        extras=extras_asked_in(environment),
        closed=frozenset(closed),
        constraints=tuple(_constraints(environment)),
    )


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


def _overridden(environment: Environment) -> Iterator[str]:
    """The packages of which a project decides against what others require."""
    for reading in environment.readings:
        for pin in reading.pins:
            if not pin.is_plain and pin.overrides:
                yield pin.package


def _constraints(environment: Environment) -> Iterator[tuple[str, str]]:
    """What constraints say of packages that are not named."""
    for reading, chosen in zip(environment.readings, environment.selected, strict=True):
        for pin, selected in zip(reading.pins, chosen, strict=True):
            if pin.kind is Kind.BOUND and selected and not pin.overrides and pin.package not in environment.cells:
                yield pin.package, pin.specifier or (f"=={pin.version}" if pin.version else "")


def may_leave_nothing(environment: Environment) -> bool:
    """Whether anything may be left without a version: no marker is asked, so that the answer is quick."""
    return _may_leave_nothing(named_packages(environment), pythons_of(environment.target))


@lru_cache(maxsize=64)
def _may_leave_nothing(named: NamedPackages, pythons: tuple[str, ...]) -> bool:
    versions = dict(named.versions)
    asked: dict[str, list[str]] = {}
    for package, text in (*named.ranges, *named.constraints):
        asked.setdefault(package, []).append(text)
    extras = dict(named.extras)
    for package, version in named.versions:
        for other, clauses in (*always_required(package, version), *_required_by_extras(package, version, extras)):
            if other not in versions and other not in named.closed:
                asked.setdefault(other, []).append(clauses)
    if any(len(ranges) > 1 and not _surely_meet(ranges) for ranges in asked.values()):
        return True
    quick = _QuickLook(versions, asked, named.closed, pythons)
    ranged = dict(named.ranges)
    return any(
        not quick.can_be_had(package, joined(ranges))
        for package, ranges in asked.items()
        if package in ranged or is_followed(package, open_ended=all(admits(text, BEYOND) for text in ranges))
    )


def _required_by_extras(package: str, version: str, extras: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """What a release requires with the extras that are asked of it, as if all markers held."""
    for other in sorted(may_require(package, version)) if package in extras else ():
        required = wanted_beside(package, version, other, always, extras)
        if required is not None:
            yield other, required.range


def is_followed(package: str, *, open_ended: bool) -> bool:
    """Whether it is asked which releases are left of a package that is not named.

    Where a release to come may fit, only those of the packages around models are looked at.
    """
    return not open_ended or watched(package)


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
        if known is None or known.listed is None:
            return True
        some = False
        for candidate in known.newest_first(text):
            some = True
            if any(
                some_patch_admitted(candidate.requires_python or "", python) for python in reversed(self._pythons)
            ) and all(self._is_met(requirement, depth) for requirement in candidate.requires or ()):
                return True
        return not some

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
