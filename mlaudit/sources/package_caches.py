"""The caches of installers as places of code: only the exact version of a package, and no link that leads out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from pathlib import Path

from mlaudit.knowledge.package_caches import CacheLayout, cache_layouts
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import normalized
from mlaudit.sources import paths
from mlaudit.sources.package_sources import PackageSources
from mlaudit.sources.wheel_code import WheelCode, distribution_of

MAX_ENTRIES = 2_000
"""Entries of one folder of a cache that are looked at."""
MAX_FILES = 5_000
"""Files of pip's cache that are asked what they are."""
MAX_DEPTH = 7
_METADATA = ".dist-info"

CachedCode = PackageSources | WheelCode


def cached_code(package: str, version: str, python: str | None = None) -> CachedCode | None:
    """The code of a package in exactly this version, from the first cache that has it; None if none has.

    Args:
        package: its normalized name.
        python: of several wheels, one for this Python is preferred (`3.11`).
    """
    for layout in cache_layouts():
        base = cache_folder(layout)
        if base is not None:
            code = _unpacked(layout, base, package, version, python) or _zipped(layout, base, package, version, python)
            if code is not None:
                return code
    return None


def cache_folder(layout: CacheLayout) -> Path | None:
    """Where a cache is, links followed; None if there is none."""
    named = os.environ.get(layout.variable)
    for text in (named,) if named else layout.folders:
        expanded = os.path.expanduser(os.path.expandvars(text))  # noqa: PTH111
        if "$" not in expanded and Path(expanded).is_absolute() and paths.is_folder(expanded):
            return paths.resolved(Path(expanded))
    return None


def wheel_in(folder: Path, shown: str, package: str, version: str, python: str | None = None) -> WheelCode | None:
    """The wheel of a package in exactly this version in a folder of wheels; None if there is none."""
    fitting = [name for name in _names(folder) if name.endswith(".whl") and _is_of(name, package, version)]
    chosen = _preferred(fitting, python)
    if chosen is None or not _is_of(distribution_of(folder / chosen), package, version):
        return None
    return WheelCode(folder / chosen, f"{shown}/{chosen}" if shown else chosen)


def _unpacked(layout: CacheLayout, base: Path, package: str, version: str, python: str | None) -> PackageSources | None:
    for folder in _package_folders(layout, base):
        entries = [name for name in _names(folder / package) if name.startswith(f"{version}-")]
        entries = [name for name in entries if not name.endswith((".lock", ".http", ".msgpack", ".rev"))]
        chosen = _preferred(entries, python)
        target = _archive(layout, base, folder / package / chosen) if chosen else None
        if target is not None and _is_installed(target, package, version):
            return PackageSources(target, f"{layout.title}-cache/{package}-{chosen}")
    return None


def _package_folders(layout: CacheLayout, base: Path) -> Iterator[Path]:
    buckets = [name for name in _names(base) if layout.buckets and fnmatchcase(name, layout.buckets)]
    for bucket in sorted(buckets, key=lambda name: (len(name), name), reverse=True):
        for inner in layout.unpacked:
            folder, star, _ = inner.partition("/*")
            if star:
                yield from (base / bucket / folder / name for name in sorted(_names(base / bucket / folder)))
            else:
                yield base / bucket / folder


def _archive(layout: CacheLayout, base: Path, link: Path) -> Path | None:
    """The folder that a link of a cache leads to, None if that is none of its own archives."""
    try:
        target = Path(paths.real_path(link))
    except (OSError, ValueError):
        return None
    is_own = target.parent.parent == base and fnmatchcase(target.parent.name, layout.archives)
    return target if is_own and paths.is_folder(target, follow=False) else None


def _is_installed(folder: Path, package: str, version: str) -> bool:
    return any(name.endswith(_METADATA) and _is_of(name, package, version) for name in _names(folder))


def _zipped(layout: CacheLayout, base: Path, package: str, version: str, python: str | None) -> WheelCode | None:
    for name in layout.wheels:
        fitting = {path.name: path for path in _files(base / name) if _is_of(path.name, package, version)}
        chosen = _preferred(sorted(fitting), python)
        if chosen is not None and _is_of(distribution_of(fitting[chosen]), package, version):
            return WheelCode(fitting[chosen], f"{layout.title}-cache/{chosen}")
    for name in layout.bodies:
        path = _wheels_of_answers(base / name).get((package, version))
        if path is not None:
            return WheelCode(path, f"{layout.title}-cache/{package}-{version}.whl")
    return None


@lru_cache(maxsize=8)
def _wheels_of_answers(folder: Path) -> dict[tuple[str, str], Path]:
    """The wheels among the answers of an index, which are named by what was requested."""
    wheels: dict[tuple[str, str], Path] = {}
    for path in _files(folder):
        name, _, version = distribution_of(path).removesuffix(_METADATA).partition("-")
        if version:
            wheels.setdefault((normalized(name), version), path)
    return wheels


@lru_cache(maxsize=8)
def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(islice(_walked(folder, MAX_DEPTH), MAX_FILES))


def _walked(folder: Path, depth: int) -> Iterator[Path]:
    if depth < 0:
        return
    for name in sorted(_names(folder)):
        path = folder / name
        if paths.is_file(path, follow=False):
            yield path
        elif paths.is_folder(path, follow=False):
            yield from _walked(path, depth - 1)


def _names(folder: Path) -> list[str]:
    if not paths.is_folder(folder, follow=False):
        return []
    try:
        return [entry.name for entry in islice(paths.entries(folder), MAX_ENTRIES)]
    except Unreadable:
        return []


def _is_of(name: str, package: str, version: str) -> bool:
    """Whether the name of a wheel or of a metadata folder is that of a package and version."""
    project, _, rest = name.removesuffix(_METADATA).partition("-")
    return normalized(project) == package and rest.partition("-")[0] == version


def _preferred(names: list[str], python: str | None) -> str | None:
    """Of the wheels of one version the one for a Python, else one for any, else the first."""
    tag = f"cp{python.replace('.', '')}-" if python else "\0"
    fitting = [name for name in sorted(names) if tag in name] or [name for name in sorted(names) if "-py3-" in name]
    return next(iter(fitting or sorted(names)), None)
