"""The index of code: an optional distribution with the sources of many releases, reduced to what is asked of them.

`code-index/README.md` describes the format. A file of it is one package: JSON packed by LZMA. Every file of a release
is given by the lines that it shares with the same file of the release before, and those that it does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources.paths import is_file, open_regular

DISTRIBUTION = "mlaudit_code_index"
"""The package that holds the index, beside its version of the format."""
FORMAT = 1
MAX_PACKED = 16 * 1024 * 1024
"""Bytes of the file of one package."""
MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes that it unpacks to."""
MAX_TEXT = 4 * 1024 * 1024
"""Characters of one file of a release."""

_SOURCES = (".py", ".pyi", ".pyx")
_NAME = lazy_pattern(r"[a-z0-9][a-z0-9-]{0,200}")

Change = Sequence[object]
"""Pairs of first and last line that are taken over, and texts that are new; see `patched`."""


class IndexedCode:
    """One release in the index; a `mlaudit.code.package.code.PackageCode`."""

    def __init__(self, package: str, version: str, texts: Mapping[str, str | None]) -> None:
        self._name, self._texts = f"code-index/{package}-{version}", texts
        inside: dict[str, set[str]] = {"": set()}
        for path in texts:
            folder, _, name = path.rpartition("/")
            while name not in inside.setdefault(folder, set()):
                inside[folder].add(name)
                if not folder:
                    break
                folder, _, name = folder.rpartition("/")
        self._folders = {folder: frozenset(names) for folder, names in inside.items()}

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, None if it is not one."""
        return self._folders.get(folder)

    def read(self, path: str) -> bytes | None:
        """The reduced text of a source, its lines where they were."""
        text = self._texts.get(path)
        return text.encode() if text is not None else None

    def read_binary(self, _path: str) -> bytes | None:
        """None: of compiled modules the index has the names alone."""
        return None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """Every source below a folder; ends with None if some are lacking."""
        prefix = f"{folder}/" if folder else ""
        for path in self._texts:
            if path.startswith(prefix) and path.endswith(_SOURCES):
                data = self.read(path)
                yield data
                if data is None:
                    return

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        return f"{self._name}/{path}"


def indexed_code(package: str, version: str) -> IndexedCode | None:
    """A release in the index; None if the index is not installed or does not have it."""
    folder = index_folder()
    if folder is None or not _NAME.fullmatch(package):
        return None
    return code_in_index(folder / f"{package}.xz", package, version)


@lru_cache(maxsize=1)
def index_folder() -> Path | None:
    """The folder of the installed index, None if there is none; nothing of it is imported."""
    from importlib.util import find_spec

    spec = find_spec(DISTRIBUTION)
    return Path(spec.origin).parent / "data" if spec is not None and spec.origin else None


def code_in_index(path: Path, package: str, version: str) -> IndexedCode | None:
    """A release in the file of its package; None if it is not there, or the file is not understood."""
    releases = _releases(path)
    if releases is None:
        return None
    texts: dict[str, str | None] = {}
    for name, changes in releases:
        texts = _after(texts, changes)
        if name == version:
            return IndexedCode(package, version, texts)
    return None


@lru_cache(maxsize=4)
def _releases(path: Path) -> list[tuple[str, Mapping[str, object]]] | None:
    """The releases of a file with what each changes, None if they are not known."""
    if not is_file(path):
        return None
    try:
        with open_regular(path) as file:
            packed = file.read(MAX_PACKED + 1)
        content = json.loads(_unpacked(packed))
        if content["format"] != FORMAT:
            return None
        return [(str(release["version"]), dict(release["files"])) for release in content["releases"]]
    except (Unreadable, OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _unpacked(packed: bytes) -> bytes:
    """Raises ValueError on what is no such file, or unpacks to more than is read."""
    import lzma

    if len(packed) > MAX_PACKED:
        raise ValueError(f"it has more than {MAX_PACKED} bytes")
    unpacker = lzma.LZMADecompressor(memlimit=512 * 1024 * 1024)
    try:
        data = unpacker.decompress(packed, MAX_UNPACKED)
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError(f"it unpacks to more than {MAX_UNPACKED} bytes")
    return data


def _after(before: Mapping[str, str | None], changes: Mapping[str, object]) -> dict[str, str | None]:
    """The files of a release, from those of the one before; a file that is gone is listed as `false`."""
    texts = dict(before)
    for path, change in changes.items():
        if change is False:
            texts.pop(path, None)
        elif isinstance(change, list):
            texts[path] = patched(before.get(path) or "", change)
        else:
            texts[path] = None
    return texts


def patched(before: str, change: Change) -> str | None:
    """A text from the one before it: pairs of first and last line that are taken over, and texts that are new."""
    lines = before.split("\n")
    taken: list[str] = []
    length = 0
    for part in change:
        if isinstance(part, str):
            new = part.split("\n")
        elif isinstance(part, list) and len(part) == 2 and all(isinstance(number, int) for number in part):
            new = lines[part[0] : part[1]]
        else:
            return None
        taken.extend(new)
        length += sum(map(len, new)) + len(new)
        if length > MAX_TEXT:
            return None
    return "\n".join(taken)
