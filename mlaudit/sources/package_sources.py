"""The Python files of an installed environment: listed and read, no link followed, all of it bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.paths import open_regular

MAX_ENTRIES = 20_000
"""Entries of one folder that are looked at."""
MAX_SOURCE = 4 * 1024 * 1024
"""Bytes of one source."""
MAX_COMPILED = 32 * 1024 * 1024
"""Bytes of one compiled module."""
MAX_SOURCES = 6_000
"""Sources of one package."""
MAX_BYTES = 150 * 1024 * 1024
"""Bytes of all sources of one package."""
MAX_DEPTH = 20

_PASSED_OVER = frozenset(("__pycache__", "tests", "test"))


class PackageSources:
    """The files below a folder of packages; these are `Files`, and a `mlaudit.code.package.code.PackageCode`."""

    def __init__(self, folder: Path, shown: str = "") -> None:
        self._folder = folder
        self._shown = shown
        self._names: dict[str, frozenset[str] | None] = {}

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        return f"{self._shown}/{path}" if self._shown else path

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, None if it is not one, or they cannot all be listed."""
        if folder not in self._names:
            self._names[folder] = self._listed(self._folder / folder)
        return self._names[folder]

    def _listed(self, folder: Path) -> frozenset[str] | None:
        if not paths.is_folder(folder, follow=False):
            return None
        try:
            names = [entry.name for entry in islice(paths.entries(folder), MAX_ENTRIES + 1)]
        except Unreadable:
            return None
        return frozenset(names) if len(names) <= MAX_ENTRIES else None

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The Python files below a folder, else the names in it; see `Files`."""
        names = self.names(folder)
        if names is None:
            raise Unreadable("it is not a folder whose names can be listed")
        if not deep:
            return sorted(names)
        return islice((path for path in self._python_files(folder, MAX_DEPTH) if path is not None), MAX_SOURCES)

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A regular file that is no link. Raises Unreadable."""
        return open_regular(self._folder / path, follow=False)

    def exists(self, path: str) -> bool:
        """Whether a regular file is there that is no link."""
        return paths.is_file(self._folder / path, follow=False)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file that is no link, None if they cannot be had."""
        try:
            with self.open(path) as stream:
                data = stream.read(MAX_SOURCE + 1)
        except (Unreadable, OSError):
            return None
        return data if len(data) <= MAX_SOURCE else None

    def read_binary(self, path: str) -> bytes | None:
        """The bytes of a compiled module that is no link, None if they cannot be had."""
        try:
            with open_regular(self._folder / path, follow=False) as stream:
                data = stream.read(MAX_COMPILED + 1)
        except (Unreadable, OSError):
            return None
        return data if len(data) <= MAX_COMPILED else None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The bytes of every Python file below a folder; ends with None if not all of them can be had.

        Folders of tests are left out: no model is loaded by way of them.
        """
        left, count = MAX_BYTES, 0
        for path in self._python_files(folder, MAX_DEPTH):
            data = self.read(path) if path is not None else None
            left, count = left - len(data or b""), count + 1
            if data is None or left < 0 or count > MAX_SOURCES:
                yield None
                return
            yield data

    def _python_files(self, folder: str, depth: int) -> Iterator[str | None]:
        """Paths of the sources below a folder, None for what cannot be looked into."""
        entries = self.names(folder)
        if entries is None or depth < 0:
            yield None
            return
        for name in sorted(entries):
            path = f"{folder}/{name}" if folder else name
            if name.endswith((".py", ".pyi", ".pyx")):
                yield path
            elif "." not in name and name not in _PASSED_OVER and paths.is_folder(self._folder / path):
                yield from self._python_files(path, depth - 1)
