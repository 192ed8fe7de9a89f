"""What an installer takes for a package that an environment leaves open, and what that breaks beside exact versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.comparison.images import base_images
from mlaudit.comparison.open_packages import OpenPackage, is_of_the_index, open_packages, requires_as_published
from mlaudit.comparison.requirements import worlds_for
from mlaudit.knowledge import family, table
from mlaudit.knowledge.binaries import abi_breaks, python_unsupported
from mlaudit.knowledge.builds import AbiBreak
from mlaudit.knowledge.combinations import BrokenCombination, broken_combinations
from mlaudit.knowledge.family import Holds
from mlaudit.knowledge.releases import agreed, newest, release, requirements
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, State
from mlaudit.model.report import Environment
from mlaudit.model.versions import admits, exact, joined

Break = BrokenCombination | AbiBreak
MAX_PACKAGES = 400
"""Of which it is asked what they require: that is enough for any stack, and a bound for odd input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installer takes, as far as it is known.

    Attributes:
        python: the newest Python on which all exact versions can be installed.
        holds: whether a marker holds there.
        versions: exact versions, and the newest releases of what is open or required by any of them.
        unknown: what is named besides, of which nobody knows here what it requires.
    """

    python: str
    holds: Holds
    versions: Mapping[str, str]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreak:
    """An exact version that breaks beside what an install takes for another package.

    Attributes:
        version: the newest release of the open package that all known requirements admit.
        python: the Python for which it is, empty where the environment can be installed for no other.
        unknown: named packages that may bound it, since nobody knows here what they require.
    """

    open: OpenPackage
    version: str
    python: str
    unknown: tuple[str, ...]
    broken: Break


def open_breaks(environment: Environment) -> Iterator[OpenBreak]:
    """What breaks once the environment is installed with the newest releases that are known."""
    versions = environment.exact_versions
    if not versions or not _states_all_that_is_installed(environment):
        return
    packages = list(open_packages(environment))
    pythons = _pythons(environment) if packages else {}
    if not pythons:
        return
    on_each = (_installed(environment, python, holds) for python, holds in reversed(list(pythons.items())))
    installed = next((known for known in on_each if known is not None), None)
    if installed is None:
        return
    for package in packages:
        version = _newest(package, environment, installed)
        for broken in _broken_by(package.name, version, environment) if version is not None else ():
            yield OpenBreak(
                open=package,
                version=broken.other_version or "",
                python=installed.python if len(pythons) > 1 else "",
                unknown=tuple(name for name in installed.unknown if name != package.name),
                broken=broken,
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
    unknown: list[str] = []
    for name, cell in environment.cells.items():
        if cell.kind not in (Kind.PACKAGE, Kind.LOCAL) or table.is_tool(name):
            continue
        version = cell.version
        if version is None and cell.state is State.RANGE:
            version = newest(name, admitted_by=cell.specifier or "", python=python)
        if version is not None and requires_as_published(cell) and _is_known(name, version):
            versions[name] = version
        else:
            unknown.append(name)
    every = _with_requirements(versions, python, holds)
    if every is None:
        return None
    return Installed(python=python, holds=holds, versions=every, unknown=tuple(unknown))


def _is_known(package: str, version: str) -> bool:
    """Whether it is known what a release requires."""
    return requirements(package, version) is not None or agreed(package, version) is not None


def _with_requirements(named: Mapping[str, str], python: str, holds: Holds) -> Mapping[str, str] | None:
    """The same with the newest releases of what they require, and of what these require, as far as they are known.

    None where one that is required exactly does not run on the Python.
    """
    versions = dict(named)
    waiting = list(versions)
    for name in waiting:
        for other in family.demanded_packages(name, versions[name]):
            if other in versions or family.wanted(name, versions[name], other, holds) is None:
                continue
            bounds = joined(_required(other, versions, holds))
            version = newest(other, admitted_by=bounds, python=python)
            if version is not None and exact(bounds) is not None and not _runs_on(other, version, python):
                return None
            if version is not None and len(versions) < MAX_PACKAGES:
                versions[other] = version
                waiting.append(other)
    return versions


def _newest(package: OpenPackage, environment: Environment, installed: Installed) -> str | None:
    """The newest release that everything known admits."""
    required = _required(package.name, installed.versions, installed.holds)
    bounds = (package.range, *_constraints(environment, package.name), *required)
    return newest(package.name, admitted_by=joined(bounds), python=installed.python)


def _required(package: str, versions: Mapping[str, str], holds: Holds) -> Iterator[str]:
    """The ranges that releases require of a package."""
    for name, version in versions.items():
        wanted = family.wanted(name, version, package, holds) if name != package else None
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
