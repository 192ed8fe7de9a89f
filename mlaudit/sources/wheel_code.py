"""The files of a wheel, read from the archive; what it states about their sizes is not trusted."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from mlaudit.model.errors import Unreadable
from mlaudit.sources.package_sources import MAX_BYTES, MAX_COMPILED, MAX_SOURCE, MAX_SOURCES
from mlaudit.sources.paths import open_regular

MAX_MEMBERS = 60_000
"""Files of one wheel."""
MAX_DIRECTORY = 16 * 1024 * 1024
"""Bytes of the directory of one wheel."""

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_TAIL = 1024
_TESTS = frozenset(("tests", "test", "__pycache__"))
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError, Unreadable)


class WheelCode:
    """The files of one wheel; a `mlaudit.code.package.code.PackageCode`.

    Args:
        shown: the path under which it is reported.
    """

    def __init__(self, path: Path, shown: str) -> None:
        self._path, self._shown = path, shown
        self._left = MAX_BYTES

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        return f"{self._shown}/{path}"

    @cached_property
    def members(self) -> frozenset[str]:
        """The paths of its files; none where it is no wheel, or one with more than is read."""
        return _members(self._path)

    @cached_property
    def _folders(self) -> dict[str, frozenset[str]]:
        inside: dict[str, set[str]] = {"": set()}
        for path in self.members:
            folder, _, name = path.rpartition("/")
            while name not in inside.setdefault(folder, set()):
                inside[folder].add(name)
                if not folder:
                    break
                folder, _, name = folder.rpartition("/")
        return {folder: frozenset(names) for folder, names in inside.items()}

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, None if it is not one."""
        return self._folders.get(folder) if self.members else None

    def read(self, path: str) -> bytes | None:
        """The bytes of a text file, None if they cannot be had."""
        return self._bytes(path, MAX_SOURCE)

    def read_binary(self, path: str) -> bytes | None:
        """The bytes of a compiled module, None if they cannot be had."""
        return self._bytes(path, MAX_COMPILED)

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The bytes of every Python file below a folder but those of tests; ends with None if some are lacking."""
        prefix = f"{folder}/" if folder else ""
        paths = sorted(path for path in self.members if path.startswith(prefix) and _is_source(path))
        for number, path in enumerate(paths):
            data = self.read(path) if number < MAX_SOURCES else None
            yield data
            if data is None:
                return

    def _bytes(self, path: str, limit: int) -> bytes | None:
        if path not in self.members or self._left <= 0:
            return None
        try:
            with open_regular(self._path) as file, zipfile.ZipFile(file) as archive, archive.open(path) as stream:
                data = stream.read(limit + 1)
        except _BROKEN:
            return None
        self._left -= len(data)
        return data if len(data) <= limit else None


def distribution_of(path: Path) -> str:
    """The metadata folder of the wheel in a file (`peft-0.13.2.dist-info`), empty if it is no wheel."""
    folders = {name.partition("/")[0] for name in _members(path) if name.endswith(".dist-info/METADATA")}
    return folders.pop() if len(folders) == 1 else ""


def _is_source(path: str) -> bool:
    return path.endswith((".py", ".pyi", ".pyx")) and _TESTS.isdisjoint(path.split("/"))


def _members(path: Path) -> frozenset[str]:
    try:
        with open_regular(path) as file:
            if file.read(4) != b"PK\x03\x04" or not _is_bounded(file):
                return frozenset()
            with zipfile.ZipFile(file) as archive:
                return frozenset(member.filename for member in archive.infolist() if _is_plain(member.filename))
    except _BROKEN:
        return frozenset()


def _is_bounded(file: BinaryIO) -> bool:
    """Whether the end of an archive states that its directory is small enough."""
    size = file.seek(0, 2)
    file.seek(max(size - _TAIL, 0))
    tail = file.read(_TAIL)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or at + _END.size > len(tail):
        return False
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    file.seek(0)
    return bool(count <= MAX_MEMBERS and length <= MAX_DIRECTORY)


def _is_plain(name: str) -> bool:
    """Whether a member is a file whose path stays in the archive."""
    parts = name.split("/")
    return not name.startswith("/") and not name.endswith("/") and ".." not in parts and len(parts) <= 40
