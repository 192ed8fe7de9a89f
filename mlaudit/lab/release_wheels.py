"""What wheels and installed packages on this machine declare: their METADATA, and nothing else of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlaudit.lab.release_rows import GatheredRelease, of_metadata

SOURCE = "METADATA of {package} {version}"
MAX_BYTES = 4_000_000
"""Of one METADATA file."""


def local_releases(folders: Iterable[Path], packages: frozenset[str] | set[str]) -> tuple[GatheredRelease, ...]:
    """The releases of some packages that are below folders, as wheels or installed."""
    by_release: dict[tuple[str, str], GatheredRelease] = {}
    for folder in folders:
        for name, version, text in _metadata(folder, packages):
            by_release.setdefault((name, version), of_text(name, version, text))
    return tuple(by_release[key] for key in sorted(by_release))


def of_text(package: str, version: str, text: str, *, day: str | None = None) -> GatheredRelease:
    """A release from the text of its METADATA."""
    python, required = of_metadata(text)
    return GatheredRelease(
        package=package,
        version=version,
        source=SOURCE.replace("{package}", package),
        from_metadata=True,
        day=day,
        requires_python=python,
        requires=required,
    )


def _metadata(folder: Path, packages: frozenset[str] | set[str]) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.rglob("*.whl")):
        known = _named(path.name.split("-"), packages)
        if known is not None:
            yield (*known, _in_wheel(path))
    for path in sorted(folder.rglob("*.dist-info/METADATA")):
        known = _named(path.parent.name.removesuffix(".dist-info").split("-"), packages)
        if known is not None:
            yield (*known, path.read_text(encoding="utf-8", errors="replace")[:MAX_BYTES])


def _named(parts: list[str], packages: frozenset[str] | set[str]) -> tuple[str, str] | None:
    """Name and version; None for other packages and for vendors' builds, which are no releases of the index."""
    name = canonicalize_name(parts[0])
    try:
        version = Version(parts[1]) if len(parts) > 1 and name in packages else None
    except InvalidVersion:
        return None
    return (name, str(version)) if version is not None and not version.local and not version.is_devrelease else None


def _in_wheel(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        with archive.open(inside) as stream:
            return stream.read(MAX_BYTES).decode("utf-8", "replace")
