"""What is installed in the folders of an import path, known by the names of its metadata folders; nothing is imported.

`importlib.metadata` parses every METADATA file, which takes some hundred milliseconds where this takes ten.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.sources import paths

MAX_ENTRIES = 200_000
"""Entries of one folder that are looked at."""

# https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-dist-info-directory: name and
# version are in the folder's name, each with `-` written as `_`.
_DIST_INFO = lazy_pattern(r"([A-Za-z0-9][\w.]{0,200})-([0-9][0-9A-Za-z.!+]{0,100})\.dist-info")
_DESCRIBED = (".dist-info", ".egg-info", ".egg")
_DIRECT = "direct_url.json"
_DIRECT_LIMIT = 64 * 1024
_HEADERS = ("METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO", "")


class Distribution(NamedTuple):
    """One installed package: `folder` holds its metadata; `direct` where it came from an address and no index."""

    name: str
    version: str
    folder: str
    direct: bool = False


def distributions(search_path: Iterable[str]) -> dict[str, Distribution]:
    """The installed packages by normalized name; of two copies the first on the path counts, as for an import."""
    by_name: dict[str, Distribution] = {}
    for path in search_path:
        for entry in _entries(path):
            distribution = _distribution(entry)
            if distribution is not None:
                by_name.setdefault(distribution.name, distribution)
    return by_name


def _entries(path: str) -> list[str]:
    """Metadata folders and files in a folder of the path, in order; an egg on the path is one itself."""
    if path.endswith(".egg"):
        return [path]
    try:
        with os.scandir(path or os.curdir) as entries:
            named = [entry.name for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
    except OSError:
        return []
    return [f"{path}/{name}" for name in sorted(named) if name.endswith(_DESCRIBED) and name[0] != "~"]


def _distribution(folder: str) -> Distribution | None:
    named = _DIST_INFO.fullmatch(folder.rpartition("/")[2])
    if named is None:
        return _described(folder)
    # What is left of a broken uninstall has no METADATA, and nothing to import either.
    if not _exists(f"{folder}/METADATA"):
        return None
    return Distribution(normalized(named[1]), named[2], folder, _exists(f"{folder}/{_DIRECT}"))


def _exists(path: str) -> bool:
    return os.access(path, os.F_OK)


def _described(folder: str) -> Distribution | None:
    """One whose folder's name does not show the version: its metadata file does."""
    headers = dict(_headers(folder))
    name, version = headers.get("name"), headers.get("version")
    if not name or not version:
        return None
    return Distribution(normalized(name), version, folder, _exists(f"{folder}/{_DIRECT}"))


def _headers(folder: str) -> Iterator[tuple[str, str]]:
    path = next((path for path in (Path(folder, name) for name in _HEADERS) if paths.is_file(path)), None)
    if path is None or path.suffix == ".egg":
        return
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from _until_blank(file)
    except OSError:
        # An import does not find what cannot be read either.
        return


def _until_blank(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if not line.strip():
            return
        key, _, value = line.partition(":")
        yield key.strip().lower(), value.strip()


def direct_url(distribution: Distribution) -> str:
    """The text of a package's `direct_url.json` (PEP 610). Raises OSError and ValueError."""
    with Path(distribution.folder, _DIRECT).open(encoding="utf-8") as file:
        return file.read(_DIRECT_LIMIT)
