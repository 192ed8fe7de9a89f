"""The files below a folder, for discovery: links are not followed, installed things not entered, and all is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlaudit.errors import Unreadable
from mlaudit.knowledge.roles import words
from mlaudit.model import Place, Unread
from mlaudit.sources import paths

MAX_FILES = 200_000
"""Files that one walk looks at; what lies beyond is said, not read."""
MAX_DEPTH = 40
"""Folders below the root; deeper ones are said, not entered."""

_ENVIRONMENT_MARKS = frozenset(("pyvenv.cfg", "conda-meta"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Paths of regular files relative to the root, with `/`, in order, and what was not looked into."""

    paths: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


def walk(root: Path, *, max_files: int = MAX_FILES, max_depth: int = MAX_DEPTH) -> Walked:
    """Walk a folder in the order of names, so that a bound cuts the same everywhere; raises nothing.

    Folders that `roles.toml` lists, hidden ones, and installed environments (`pyvenv.cfg`, `conda-meta`) below the
    root are passed over without a word.
    """
    paths: list[str] = []
    unread: list[Unread] = []
    for found in _below(root, "", max_depth):
        if isinstance(found, Unread):
            unread.append(found)
        elif len(paths) < max_files:
            paths.append(found)
        else:
            unread.append(_unread(".", f"it has more than {max_files} files; name the folders to look into"))
            break
    return Walked(paths=tuple(paths), unread=tuple(unread))


def _unread(path: str, why: str) -> Unread:
    return Unread(at=Place(path=path), why=why, whole=True)


def _below(root: Path, prefix: str, depth: int) -> Iterator[str | Unread]:
    try:
        entries = sorted(paths.entries(root / prefix), key=lambda entry: entry.name)
    except Unreadable as error:
        yield _unread(prefix or ".", f"the folder cannot be listed: {error.why}")
        return
    if prefix and any(entry.name in _ENVIRONMENT_MARKS for entry in entries):
        return
    for entry in entries:
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if paths.entry_is_file(entry):
            yield path
        elif paths.entry_is_folder(entry) and not words().skips(entry.name):
            if depth > 0:
                yield from _below(root, path, depth - 1)
            else:
                yield _unread(path, "it lies too deep; name this folder to look into it")
