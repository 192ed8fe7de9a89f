"""Where the code of the packages of an environment is available, without any network.

In this order: what is installed, an image, wheels, the caches of installers, the index of code. All but the first two
give a package only in the exact version that the environment states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from mlaudit.code.package.code import PackageCode
from mlaudit.code.package.layered_code import LayeredCode, PlacedCode
from mlaudit.knowledge.package_caches import wheelhouse_names
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.report import Environment, listed
from mlaudit.sources import paths
from mlaudit.sources.package_sources import PackageSources
from mlaudit.sources.virtualenv import package_folders
from mlaudit.sources.working_tree import WorkingTree

MAX_PACKAGES = 2_000
"""Packages of one environment that are looked for in caches."""

_INSTALLED, _IMAGE, _WHEELS = "site-packages", "root-filesystem", "wheelhouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlaces:
    """Where code is looked for.

    Attributes:
        root: the folder that paths are reported relative to.
        tops: modules that artifacts name, which are all that is read of an image.
        caches: the caches of installers, and the index of code, may be read.
    """

    root: Path
    tops: Collection[str] = ()
    caches: bool = True


def package_code(environment: Environment, places: CodePlaces) -> PackageCode | None:
    """The code of the packages of an environment; None if none of it is available."""
    installed = [reading.path for reading in environment.readings if reading.format == _INSTALLED]
    if installed:
        return _installed(installed, places.root)
    images = [reading.path for reading in environment.readings if reading.format == _IMAGE]
    if images:
        return _of_image(environment, images, places)
    parts = tuple(_of_versions(environment, places))
    return LayeredCode(parts) if parts else None


def notes_on_code(code: PackageCode) -> Iterator[str]:
    """Which code was read that is no part of the sources."""
    by_place: dict[str, list[str]] = {}
    for placed_code in code.used if isinstance(code, LayeredCode) else ():
        by_place.setdefault(placed_code.place, []).append(f"{placed_code.package} {placed_code.version}")
    for place, packages in by_place.items():
        yield f"The code of {listed(packages, ', ')} was read from {place}, for what the artifacts require of it."


def _installed(folders: list[str], root: Path) -> PackageCode | None:
    """What is installed; None if there is not just one such folder."""
    inner = package_folders(root / folders[0]) if len(folders) == 1 else []
    if len(inner) != 1:
        return None
    return PackageSources(root / folders[0] / inner[0], "/".join(filter(None, (folders[0], inner[0]))))


def _of_image(environment: Environment, images: list[str], places: CodePlaces) -> PackageCode | None:
    """The folder of packages of an image that the selected pins are in; None if there is not just one."""
    if len(images) != 1:
        return None
    from mlaudit.sources.images.image_code import code_in_image

    image = images[0]
    start = "" if image == "." else image
    sites = set()
    for pin, selected in environment.pins():
        inside = pin.at.path.removeprefix(start).lstrip("!").lstrip("/")
        folder = PurePosixPath(inside).parent.parent
        if selected is not False and folder.name in ("site-packages", "dist-packages"):
            sites.add(str(folder))
    if len(sites) != 1 or not WorkingTree(places.root).holds(places.root / image):
        return None
    return code_in_image(places.root / image, image, None, sites.pop(), places.tops)


def _of_versions(environment: Environment, places: CodePlaces) -> Iterator[PlacedCode]:
    """The code of each package whose exact version is stated."""
    from mlaudit.sources.code_index import indexed_code
    from mlaudit.sources.package_caches import cached_code, wheel_in

    wheelhouses = tuple(_wheelhouses(environment, places.root))
    python = ".".join(next(iter(environment.target.pythons), "").split(".")[:2]) or None
    exact = [(cell.package, cell.version) for cell in environment.cells.values() if cell.version is not None]
    for package, version in exact[:MAX_PACKAGES]:
        wheels = (wheel_in(places.root / folder, folder, package, version, python) for folder in wheelhouses)
        code: PackageCode | None = next((wheel for wheel in wheels if wheel is not None), None)
        place = "a wheel beside it"
        if code is None and places.caches:
            code, place = cached_code(package, version, python), "the cache of an installer"
            if code is None:
                code, place = indexed_code(package, version), "the index of code"
        if code is not None:
            yield PlacedCode(package=package, version=version, place=place, code=code)


def _wheelhouses(environment: Environment, root: Path) -> Iterator[str]:
    """Folders of wheels that are a source of an environment, or are beside one, inside the audited tree."""
    tree = WorkingTree(root)
    seen = set()
    for reading in environment.readings:
        folder = PurePosixPath(reading.path).parent
        beside = (str(folder / name) for name in wheelhouse_names())
        for path in (reading.path,) if reading.format == _WHEELS else beside:
            is_new = path not in seen and not seen.add(path)  # type: ignore[func-returns-value]
            if is_new and paths.is_folder(root / path, follow=False) and tree.holds(root / path):
                yield path
