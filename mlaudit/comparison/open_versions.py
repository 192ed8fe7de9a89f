"""What an installer takes for a package that an environment leaves open, and what that breaks beside exact versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.comparison.images import base_images
from mlaudit.comparison.named_packages import BEYOND
from mlaudit.comparison.open_packages import OpenPackage, is_of_the_index, open_packages, requires_as_published
from mlaudit.comparison.requirements import extras_asked_in, implied_versions, may_require, wanted_beside, worlds_for
from mlaudit.knowledge import family, table
from mlaudit.knowledge.binaries import abi_breaks, python_unsupported
from mlaudit.knowledge.builds import AbiBreak
from mlaudit.knowledge.combinations import BrokenCombination, broken_combinations
from mlaudit.knowledge.family import Holds
from mlaudit.knowledge.releases import agreed, history, newest, release, requirements
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, Severity, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import admits, exact, joined, meet

Break = BrokenCombination | AbiBreak
Extras = Mapping[str, frozenset[str]]
MAX_PACKAGES = 400
"""Of which it is asked what they require: that is enough for any stack, and a bound for odd input."""
_MOST_TRIED = 60
"""Releases of one package that are tried, before nothing is said of it."""
_ROUNDS = 3
"""Searches for what is required, each within what the one before it found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installer takes, as far as it is known.

    Attributes:
        python: the newest Python on which all exact versions can be installed.
        holds: whether a marker holds there.
        versions: exact versions, and the newest releases of what is open or required by any of them.
        extras: those that are asked of a package.
        unknown: what is named besides, of which nobody knows here what it requires.
    """

    python: str
    holds: Holds
    versions: Mapping[str, str]
    extras: Extras
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreak:
    """An exact version that breaks beside what an install takes for another package.

    Attributes:
        version: the newest release of the open package that all known requirements admit.
        python: the Python for which it is, empty where the environment can be installed for no other.
        unknown: named packages that may bound it, since nobody knows here what they require.
        is_certain: whether every release that the exact versions admit breaks, those that are yet to come among them.
        is_between_open: whether nothing decides the version of either package.
    """

    open: OpenPackage
    version: str
    python: str
    unknown: tuple[str, ...]
    is_certain: bool
    is_between_open: bool
    broken: Break


def open_breaks(environment: Environment) -> Iterator[OpenBreak]:
    """What breaks once the environment is installed with the newest releases that are known.

    What a new environment has already is left out: of that, no install chooses a release.
    """
    if not environment.exact_versions or not _states_all_that_is_installed(environment):
        return
    pythons = _pythons(environment)
    fixed = implied_versions(environment)
    for open_break in _open_breaks(environment, pythons):
        chosen = {open_break.open.name, open_break.broken.package, open_break.broken.other} - fixed.keys()
        if not any(table.is_seeded(name, python) for name in chosen for python in pythons):
            yield open_break


def _open_breaks(environment: Environment, pythons: Mapping[str, Holds]) -> Iterator[OpenBreak]:
    on_each = (_installed(environment, python, holds) for python, holds in reversed(list(pythons.items())))
    installed = next((known for known in on_each if known is not None), None)
    if installed is None:
        return
    on = installed.python if len(pythons) > 1 else ""
    fixed = implied_versions(environment)
    seen: set[tuple[str, str]] = set()
    for package in open_packages(environment):
        version = _newest(package, environment, installed)
        for broken in _broken_by(package.name, version, environment) if version is not None else ():
            seen.add((broken.package, broken.other))
            yield _open_break(package, broken.other_version or "", broken, environment, installed, on)
    for broken in _broken_among(environment, installed):
        if (broken.package, broken.other) not in seen:
            name = broken.other if broken.package in fixed else broken.package
            opened = _opened(name, environment, installed)
            if opened is not None:
                yield _open_break(opened, installed.versions[name], broken, environment, installed, on)


def _open_break(
    package: OpenPackage, version: str, broken: Break, environment: Environment, installed: Installed, python: str
) -> OpenBreak:
    fixed = implied_versions(environment)
    return OpenBreak(
        open=package,
        version=version,
        python=python,
        unknown=tuple(name for name in installed.unknown if name != package.name),
        is_certain=_is_certain(package, broken, environment),
        is_between_open=broken.package not in fixed and broken.other not in fixed,
        broken=broken,
    )


def _broken_among(environment: Environment, installed: Installed) -> Iterator[Break]:
    """What breaks of which one side has no exact version, each pair once."""
    fixed, named = implied_versions(environment), environment.distributions
    every: Sequence[Break] = (
        *abi_breaks(installed.versions),
        *broken_combinations(
            installed.versions, {**dict.fromkeys(installed.versions, frozenset[str]()), **named}, installed.holds
        ),
    )
    pairs: set[tuple[str, str]] = set()
    for broken in every:
        pair = (broken.package, broken.other)
        milder = getattr(broken, "severity", Severity.ERROR) is not Severity.ERROR
        if broken.other not in installed.versions or pair in pairs or (milder and broken.package not in fixed):
            continue
        if broken.package not in fixed or broken.other not in fixed:
            pairs.add(pair)
            yield broken


def _opened(name: str, environment: Environment, installed: Installed) -> OpenPackage | None:
    """A package that an install chooses a release of, with who requires it; None where it is not pip that does."""
    cell = environment.cells.get(name)
    if cell is not None:
        is_open = cell.state is State.RANGE and is_of_the_index(cell)
        return OpenPackage(name=name, range=cell.specifier or "", required_by="") if is_open else None
    for subject, version in installed.versions.items():
        if subject != name and wanted_beside(subject, version, name, installed.holds, installed.extras) is not None:
            shown = f"{subject} {version}" if subject in implied_versions(environment) else subject
            return OpenPackage(name=name, range="", required_by=shown)
    return None


def _is_certain(package: OpenPackage, broken: Break, environment: Environment) -> bool:
    """Whether each release of an open package that the exact versions admit breaks in the same way, on any Python."""
    other = broken.other if package.name == broken.package else broken.package
    exact_ones = implied_versions(environment)
    known = history(package.name)
    if known is None or known.listed is None or other not in exact_ones or not _is_asked_for(package, environment):
        return False
    worlds = worlds_for(environment.target)
    *_, holds = worlds.values()
    extras = dict(extras_asked_in(environment))
    bounds = (
        package.range,
        *_constraints(environment, package.name),
        *_required(package.name, exact_ones, holds, extras),
    )
    text = joined(bounds)
    candidates = [candidate.version for candidate in known.within(text)]
    if admits(text, BEYOND) or meet((text, f">{known.releases[-1].version}")):
        candidates.append(BEYOND)
    if not candidates or len(candidates) > _MOST_TRIED:
        return False
    return all(_breaks_beside(broken, {other: exact_ones[other], package.name: candidate}) for candidate in candidates)


def _is_asked_for(package: OpenPackage, environment: Environment) -> bool:
    """Whether the environment names a package, or one of its exact versions requires it on every Python."""
    if package.name in environment.cells:
        return True
    extras = dict(extras_asked_in(environment))
    return any(
        (name not in environment.cells or requires_as_published(environment.cells[name]))
        and all(
            wanted_beside(name, version, package.name, holds, extras) is not None
            for holds in worlds_for(environment.target).values()
        )
        for name, version in implied_versions(environment).items()
    )


def _breaks_beside(broken: Break, versions: Mapping[str, str]) -> bool:
    named = {name: frozenset({name}) for name in versions}
    every: Sequence[Break] = (*abi_breaks(versions), *broken_combinations(versions, named))
    return any(
        candidate.package == broken.package
        and candidate.other == broken.other
        and getattr(candidate, "severity", Severity.ERROR) is Severity.ERROR
        for candidate in every
    )


def _states_all_that_is_installed(environment: Environment) -> bool:
    """Whether nothing but its sources decides what an installer takes: no image, no list that was not read."""
    if (
        environment.complete
        or environment.is_model
        or any(entry.whole or entry.package is None for entry in environment.unread)
    ):
        return False
    return all(
        image.holds and all(content.kind is not Kind.PACKAGE for content in image.holds)
        for image in base_images(environment)
    )


def _pythons(environment: Environment) -> Mapping[str, Holds]:
    """The Pythons of the environment on which all exact versions can be installed."""
    versions = environment.exact_versions.items()
    return {
        python: holds
        for python, holds in worlds_for(environment.target).items()
        if all(_runs_on(package, version, python) for package, version in versions)
    }


def _runs_on(package: str, version: str, python: str) -> bool:
    """Whether a release is installed on a Python, as far as its metadata and its wheels are known."""
    known = release(package, version)
    required = known.requires_python if known is not None else None
    return (not required or admits(required, f"{python}.99")) and python_unsupported(package, version, python) is None


def _installed(environment: Environment, python: str, holds: Holds) -> Installed | None:
    """What an installer takes on a Python; None where something that it has to take does not run there."""
    versions: dict[str, str] = {}
    ranges: dict[str, str] = {}
    unknown: list[str] = []
    for name, cell in environment.cells.items():
        if cell.kind not in (Kind.PACKAGE, Kind.LOCAL):
            continue
        version = cell.version or _newest_of(cell, python)
        if version is None or not requires_as_published(cell) or not _is_known(name, version):
            if not table.is_tool(name):
                unknown.append(name)
            if cell.version is not None and requires_as_published(cell):
                versions[name] = cell.version
        elif cell.version is not None:
            versions[name] = version
        else:
            ranges[name] = cell.specifier or ""
    asked = tuple(ranges)
    ranges.update(_constraints_of_unnamed(environment))
    extras = dict(extras_asked_in(environment))
    every = _with_requirements(_Listed(versions, ranges, asked, extras), python, holds)
    if every is None:
        return None
    return Installed(python=python, holds=holds, versions=every, extras=extras, unknown=tuple(unknown))


def _newest_of(cell: Cell, python: str) -> str | None:
    """The newest release in the range of a cell, None where it states none."""
    if cell.state is not State.RANGE:
        return None
    return newest(cell.package, admitted_by=cell.specifier or "", python=python)


def _constraints_of_unnamed(environment: Environment) -> Mapping[str, str]:
    """What constraints say of packages that the environment does not name."""
    packages = {
        pin.package: None
        for pin, selected in environment.pins()
        if pin.kind is Kind.BOUND and selected is not False and pin.package not in environment.cells
    }
    return {package: joined(_constraints(environment, package)) for package in packages}


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a list names: exact versions, ranges, and which packages it asks for in a range."""

    versions: Mapping[str, str]
    ranges: Mapping[str, str]
    asked: tuple[str, ...]
    extras: Extras


def _is_known(package: str, version: str) -> bool:
    """Whether it is known what a release requires."""
    return requirements(package, version) is not None or agreed(package, version) is not None


def _with_requirements(listed: _Listed, python: str, holds: Holds) -> Mapping[str, str] | None:
    """The newest releases of what is listed, of what these require, and so on, as far as they are known.

    What is found later may bound what was found before, so that the search is made again with what it found. None where
    one that is required exactly does not run on the Python.
    """
    bounding: Mapping[str, str] = listed.versions
    for _ in range(_ROUNDS):
        versions = _reached(listed, bounding, python, holds)
        if versions is None or versions == bounding:
            return versions
        bounding = versions
    return bounding


def _reached(listed: _Listed, bounding: Mapping[str, str], python: str, holds: Holds) -> Mapping[str, str] | None:
    """What is reached from what is listed, within what the versions found before require."""
    versions = dict(listed.versions)
    waiting = [*listed.asked, *versions]
    for name in waiting:
        if name in versions:
            others = family.demanded_packages(name, versions[name])
            wanted = [
                requirement
                for requirement in others
                if wanted_beside(name, versions[name], requirement, holds, listed.extras) is not None
            ]
        else:
            wanted = [name]
        for other in wanted:
            if other in versions:
                continue
            bounds = joined(
                (listed.ranges.get(other, ""), *_required(other, {**bounding, **versions}, holds, listed.extras))
            )
            version = _newest_fitting(other, bounds, listed, python, holds, bounding)
            if version is not None and exact(bounds) is not None and not _runs_on(other, version, python):
                return None
            if version is not None and len(versions) < MAX_PACKAGES:
                versions[other] = version
                waiting.append(other)
    return versions


def _newest_fitting(
    package: str, bounds: str, listed: _Listed, python: str, holds: Holds, bounding: Mapping[str, str]
) -> str | None:
    """The newest release within bounds that gets what it requires, beside exact versions and what bounds others."""
    others = {name: version for name, version in {**bounding, **listed.versions}.items() if name != package}
    version = newest(package, admitted_by=bounds, python=python)
    for _ in range(_MOST_TRIED):
        if version is None or all(
            admits(wanted.range, listed.versions[other])
            if other in listed.versions
            else _may_be_had(other, (wanted.range, *_required(other, others, holds, listed.extras)), python)
            for other in family.demanded_packages(package, version)
            if other != package and (wanted := wanted_beside(package, version, other, holds, listed.extras)) is not None
        ):
            return version
        version = newest(package, admitted_by=joined((bounds, f"<{version}")), python=python)
    return None


def _may_be_had(package: str, ranges: Sequence[str], python: str) -> bool:
    """Whether some release of a package is in all of some ranges."""
    known = history(package)
    if len(ranges) < 2 or known is None or known.listed is None:
        return True
    return newest(package, admitted_by=joined(ranges), python=python) is not None


def _newest(package: OpenPackage, environment: Environment, installed: Installed) -> str | None:
    """The newest release that everything known admits."""
    required = _required(package.name, installed.versions, installed.holds, installed.extras)
    bounds = joined((package.range, *_constraints(environment, package.name), *required))
    exact_ones = {name: version for name, version in environment.exact_versions.items() if name in installed.versions}
    listed = _Listed(exact_ones, {}, (), installed.extras)
    return _newest_fitting(package.name, bounds, listed, installed.python, installed.holds, exact_ones)


def _required(package: str, versions: Mapping[str, str], holds: Holds, extras: Extras) -> Iterator[str]:
    """The ranges that releases require of a package."""
    for name, version in versions.items():
        if name == package or package not in may_require(name, version):
            continue
        wanted = wanted_beside(name, version, package, holds, extras)
        if wanted is not None:
            yield wanted.range


def _constraints(environment: Environment, package: str) -> Iterator[str]:
    """What constraints of the environment say of a package that it may not name."""
    for pin, selected in environment.pins():
        if pin.package == package and pin.kind is Kind.BOUND and selected is not False:
            yield pin.specifier or (f"=={pin.version}" if pin.version else "")


def _broken_by(package: str, version: str, environment: Environment) -> Iterable[Break]:
    """What of an environment breaks beside a release, each package once."""
    versions, named = {**environment.exact_versions, package: version}, environment.distributions
    every: Sequence[Break] = (*abi_breaks(versions), *broken_combinations(versions, named))
    by_package = {
        broken.package: broken
        for broken in reversed(every)
        if broken.other == package and is_of_the_index(environment.cells[broken.package])
    }
    return by_package.values()
