"""Which files of a working tree git leaves alone, by the `.gitignore` files in it and `.git/info/exclude`.

The rules are those of https://git-scm.com/docs/gitignore; git itself is not asked, since it would have to enter the
working tree.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.model.globs import glob
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.sources.paths import open_regular

_LIMIT = 256 * 1024
MAX_PATTERNS = 5_000
"""Patterns of one file that count."""
MAX_PARTS = 64
"""Parts of one pattern that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _IgnorePattern:
    """One line of a `.gitignore`, for paths relative to its folder."""

    parts: tuple[str, ...]
    ignores: bool
    only_folders: bool
    anchored: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        if self.only_folders and not is_folder:
            return False
        return _matches(self.parts, path.split("/") if self.anchored else [posixpath.basename(path)])


def _matches(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether parts of a pattern match the names of a path; `**` is any number of folders, at the end at least one."""
    reached = {0}
    for name in names:
        reached = _closed(parts, reached)
        following = {at for at in reached if at < len(parts) and parts[at] == "**"}
        following |= {at + 1 for at in reached if at < len(parts) and parts[at] != "**" and _fits(parts[at], name)}
        reached = following
    return len(parts) in reached or (bool(parts) and parts[-1] == "**" and len(parts) - 1 in reached)


def _closed(parts: Sequence[str], reached: set[int]) -> set[int]:
    """The positions reached, and those behind a `**` that stands for no folder."""
    closed = set(reached)
    for at, part in enumerate(parts[:-1]):
        if part == "**" and at in closed:
            closed.add(at + 1)
    return closed


def _fits(part: str, name: str) -> bool:
    matcher = glob(part)
    return matcher is not None and matcher.matches(name)


class IgnoredFiles:
    """Answers for one working tree; each `.gitignore` is read once."""

    def __init__(self, root: Path, git_folder: Path) -> None:
        self._root = root
        self._exclude = git_folder / "info" / "exclude"
        self._files: dict[str, tuple[_IgnorePattern, ...]] = {}
        self._folders: dict[str, bool] = {"": False}

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path, or a folder above it, is ignored; what git tracks in spite of that is not considered here."""
        if not path:
            return False
        if self._folder(posixpath.dirname(path)):
            return True
        return self._decided(path, is_folder=is_folder)

    def _folder(self, folder: str) -> bool:
        if folder not in self._folders:
            self._folders[folder] = self.ignores(folder, is_folder=True)
        return self._folders[folder]

    def _decided(self, path: str, *, is_folder: bool) -> bool:
        """What the last matching pattern says; patterns of inner folders come after those of outer ones."""
        for folder in _upwards(posixpath.dirname(path)):
            inner = path[len(folder) + 1 :] if folder else path
            for pattern in reversed(self._patterns(folder)):
                if pattern.matches(inner, is_folder=is_folder):
                    return pattern.ignores
        return False

    def _patterns(self, folder: str) -> tuple[_IgnorePattern, ...]:
        if folder not in self._files:
            own = _read(self._root / folder / ".gitignore")
            first = _read(self._exclude) if not folder else ()
            self._files[folder] = (*first, *own)
        return self._files[folder]


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _read(path: Path) -> tuple[_IgnorePattern, ...]:
    try:
        with open_regular(path, follow=False) as stream:
            text = stream.read(_LIMIT).decode("utf-8", "replace")
    except (Unreadable, OSError):
        return ()
    patterns = (_pattern(line) for line in text.split("\n")[:MAX_PATTERNS])
    return tuple(pattern for pattern in patterns if pattern is not None)


def _pattern(line: str) -> _IgnorePattern | None:
    line = line.rstrip("\r")
    # A blank at the end counts only behind a backslash.
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    ignores = not line.startswith("!")
    body = line if ignores else line[1:]
    only_folders = body.endswith("/")
    body = body.rstrip("/")
    anchored = "/" in body
    parts = tuple(_unescaped(part) for part in body.split("/") if part)[:MAX_PARTS]
    return _IgnorePattern(parts=parts, ignores=ignores, only_folders=only_folders, anchored=anchored) if parts else None


def _unescaped(part: str) -> str:
    """A part without the backslash that makes `#` or `!` at its begin, or a blank at its end, an ordinary character."""
    return part[1:] if part[:1] == "\\" else part.replace("\\ ", " ")
