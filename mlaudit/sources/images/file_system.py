"""The files of an image or root file system that an audit reads: which ones, how much of them, kept in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from io import BytesIO
from typing import BinaryIO

from mlaudit.document.files import listed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

HEADER = 256 * 1024
"""Bytes of a metadata file that are read; it is kept up to its first blank line."""
SMALL = 64 * 1024
"""Bytes of settings and version files."""
RECORD = 8 * 1024 * 1024
"""Bytes of a record of conda; it is kept without its lists of files."""
DATABASE = 32 * 1024 * 1024
"""Bytes of a database of dpkg or apk."""
EXISTS = 0
"""Only that the file is there is of interest."""

_NAMES = {
    "METADATA": HEADER,
    "PKG-INFO": HEADER,
    "direct_url.json": SMALL,
    "RECORD": EXISTS,
    "INSTALLER": EXISTS,
    "pyvenv.cfg": SMALL,
    "patchlevel.h": SMALL,
    "os-release": SMALL,
    "rpmdb.sqlite": EXISTS,
    "Packages": EXISTS,
    "Packages.db": EXISTS,
}
_INSIDE_METADATA = frozenset(("METADATA", "PKG-INFO", "direct_url.json", "RECORD", "INSTALLER"))
_RPM = ("var/lib/rpm/", "usr/lib/sysimage/rpm/")
_FOLDERS = {"conda-meta": (".json", RECORD), "status.d": ("", SMALL)}
_PATHS = {
    "var/lib/dpkg/status": DATABASE,
    "lib/apk/db/installed": DATABASE,
    "usr/lib/apk/db/installed": DATABASE,
}
_CUDA = lazy_pattern(r"(?:.{0,512}/)?cuda(?:-\d{1,3}(?:\.\d{1,3}){0,2})?/version\.(?:json|txt)")
_INTERPRETER = lazy_pattern(r"(?:python|pypy)(?:3(?:\.\d{1,3})?t?)?(?:\.exe)?")
_METADATA = (".dist-info", ".egg-info", "EGG-INFO")
_KEPT_OF_RECORD = ("name", "version", "build", "build_string", "channel", "subdir", "md5", "sha256", "depends")
_VERSION_LINE = lazy_pattern(rb'^[ \t]{0,8}"version"[ \t]{0,4}:[ \t]{0,4}', re.MULTILINE)


class Form(Enum):
    """What a kept entry is."""

    FILE = "a file"
    LINK = "a link"
    HARD = "a hard link"
    OTHER = "no regular file"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFile:
    """One kept entry.

    Attributes:
        content: as much of it as an audit reads.
        link: where a link leads, as written there.
        size: of the whole file, in bytes.
        line, column: where the version is, for content that was condensed.
        problem: why there is no content.
    """

    form: Form = Form.FILE
    content: bytes = b""
    link: str = ""
    size: int = 0
    line: int | None = None
    column: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something of an image that was not read; `path` is empty if it is the image itself."""

    path: str
    why: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an image's configuration, or the process that runs in it, says.

    Attributes:
        platform: as OCI writes it, `linux/arm64/v8`; empty if nobody states it.
        command: entry point and command in one.
        source: the word for where this is stated.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    user: str = ""
    command: tuple[str, ...] = ()
    source: str = "the image's configuration"


class FileSystem:
    """A root file system or environment with only the files that an audit reads; these are `Files`.

    Attributes:
        shown: the path under which it is reported, with what is between it and a file (`image.tar!/`).
        lost: part of it could not be read, so that something may be missing.
        notes: sentences for the user.
    """

    def __init__(
        self,
        shown: str,
        files: Mapping[str, LayerFile],
        setup: Setup,
        *,
        gaps: Iterable[Gap] = (),
        notes: Iterable[str] = (),
        lost: bool = False,
    ) -> None:
        self.shown = shown
        self.files = files
        self._paths = tuple(sorted(files))
        self.setup = setup
        self.gaps = tuple(gaps)
        self.notes = tuple(notes)
        self.lost = lost

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The paths of the kept files, sorted; see `Files`."""
        return listed(self._paths, folder, deep=deep)

    def exists(self, path: str) -> bool:
        """Whether a regular file was kept."""
        file = self.files.get(path)
        return file is not None and file.form is Form.FILE and file.problem is None

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes that were kept of a file. Raises Unreadable."""
        file = self.files.get(name)
        if file is None:
            raise Unreadable("there is no such file")
        if file.problem is not None:
            raise Unreadable(file.problem)
        if file.form is Form.LINK:
            raise Unreadable(f"it is a link to `{file.link[:80]}`, and links inside an image are not followed")
        if file.form is not Form.FILE:
            raise Unreadable("it is not a regular file")
        return file.content[:limit]

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """What was kept of a file. Raises Unreadable."""
        return BytesIO(self.read(name, DATABASE))

    def place(self, name: str, line: int | None = None, column: int | None = None) -> Place:
        """The place of a file, or of something in it."""
        return Place(path=f"{self.shown}{name}" if name else self.shown.rstrip("!/"), line=line, column=column)


def wanted(path: str) -> int | None:
    """How many bytes of a file an audit reads, None if it does not matter."""
    folder, _, name = path.rpartition("/")
    limit = _NAMES.get(name)
    if limit is not None:
        return limit if _fits(folder, name) else None
    parent = folder[folder.rfind("/") + 1 :]
    if parent in _FOLDERS:
        ending, size = _FOLDERS[parent]
        return size if name.endswith(ending) else None
    if parent in ("bin", "Scripts") or name.endswith(".exe"):
        return EXISTS if _INTERPRETER.fullmatch(name) else None
    return _rarely_wanted(path, name)


def _fits(folder: str, name: str) -> bool:
    if name in _INSIDE_METADATA:
        return folder.endswith(_METADATA)
    if name == "os-release":
        return folder in ("etc", "usr/lib")
    if name == "patchlevel.h":
        return "include/python" in folder
    return name == "pyvenv.cfg" or f"{folder}/" in _RPM


def _rarely_wanted(path: str, name: str) -> int | None:
    if name.endswith((".egg-info", ".dist-info")):
        return HEADER
    if name.endswith(".egg") or name.startswith("libcuda.so."):
        return EXISTS
    if name.startswith("cudnn_version") and name.endswith(".h"):
        return SMALL
    if name in ("version.json", "version.txt"):
        return SMALL if _CUDA.fullmatch(path) else None
    return _PATHS.get(path)


def condensed(path: str, file: LayerFile) -> LayerFile:
    """An entry without what nobody asks for: descriptions of packages, and lists of files in records of conda."""
    if path.endswith(("/METADATA", "/PKG-INFO", ".egg-info")):
        return replace(file, content=_headers(file.content))
    if path.endswith(".json") and "conda-meta/" in path:
        return _record(file)
    return file


def _headers(data: bytes) -> bytes:
    ends = [end for end in (data.find(b"\n\n"), data.find(b"\n\r\n")) if end >= 0]
    return data[: min(ends) + 1] if ends else data


def _record(file: LayerFile) -> LayerFile:
    """A record of conda with the line of its version, which its whole text alone can tell."""
    if file.size > len(file.content):
        return replace(file, content=b"", problem=f"it has {file.size} bytes; a record of conda may have {RECORD}")
    try:
        data: object = json.loads(file.content)
    except (ValueError, RecursionError) as error:
        return replace(file, content=b"", problem=f"it is not valid JSON: {error}")
    if not isinstance(data, dict):
        return replace(file, content=b"", problem="a record of conda is a JSON object")
    kept = {key: data[key] for key in _KEPT_OF_RECORD if key in data}
    match = _VERSION_LINE.search(file.content)
    line, column = None, None
    if match:
        line = file.content.count(b"\n", 0, match.end()) + 1
        column = match.end() - file.content.rfind(b"\n", 0, match.end())
    return replace(file, content=json.dumps(kept).encode(), line=line, column=column)


def ancestors(path: str) -> Iterable[str]:
    """The folders that a path is in, innermost first; the last one is the root, `""`."""
    while path:
        path = path.rpartition("/")[0]
        yield path
