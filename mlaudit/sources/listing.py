"""The files below a folder, for discovery: links are followed inside, installed things not entered, all is bounded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from mlaudit.knowledge.roles import is_kept_recipe, words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Place, Unread
from mlaudit.sources import paths
from mlaudit.sources.confinement import is_inside
from mlaudit.sources.mounting import FolderEntry

MAX_FILES = 200_000
"""Files that one walk looks at; what is beyond is reported, not read."""
MAX_DEPTH = 40
"""Folders below the root; deeper ones are reported, not entered."""

_ENVIRONMENT_MARKS = frozenset(("pyvenv.cfg", "conda-meta"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Paths of regular files relative to the root, with `/`, in order, and what was not looked into."""

    paths: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


def walk(
    root: Path,
    is_known: Callable[[str], bool],
    *,
    tree: Path | None = None,
    max_files: int = MAX_FILES,
    max_depth: int = MAX_DEPTH,
) -> Walked:
    """Walk a folder in the order of names, so that a bound cuts the same everywhere; raises nothing.

    Folders that `roles.toml` lists, hidden ones, and installed environments (`pyvenv.cfg`, `conda-meta`) below the
    root are passed over without a word. A link to a folder is followed where that is not walked under its own name.

    Args:
        is_known: tells by its name whether a file may state versions; a link to one that is not followed is reported.
        tree: what links may lead to; `root` where None.
    """
    folder_walk = _FolderWalk(root=root, is_known=is_known, tree=paths.resolved(root if tree is None else tree))
    found_paths: list[str] = []
    for entry in folder_walk.run(max_depth):
        if isinstance(entry, Unread):
            folder_walk.unread.append(entry)
        elif len(found_paths) < max_files:
            found_paths.append(entry)
        else:
            folder_walk.unread.append(
                _unread(".", f"it has more than {max_files} files; name the folders to look into")
            )
            break
    return Walked(paths=tuple(sorted(found_paths, key=_by_folder)), unread=tuple(folder_walk.unread))


def _by_folder(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def _unread(path: str, why: str) -> Unread:
    return Unread(at=Place(path=path), why=why, whole=True)


@dataclass(slots=True, kw_only=True)
class _FolderWalk:
    """One walk: the folders first that are there themselves, then those that only links lead to.

    Attributes:
        entered: the real folders that were entered, each with the path under which it was.
        linked: links to folders, with the depth that is left.
    """

    root: Path
    is_known: Callable[[str], bool]
    tree: Path
    entered: dict[str, str] = field(default_factory=dict)
    linked: deque[tuple[str, int]] = field(default_factory=deque)
    unread: list[Unread] = field(default_factory=list)

    def run(self, depth: int) -> Iterator[str | Unread]:
        yield from self._below("", paths.real_path(self.root), depth)
        while self.linked:
            path, left = self.linked.popleft()
            yield from self._behind(path, left)

    def _behind(self, path: str, depth: int) -> Iterator[str | Unread]:
        """What is in the folder that a link leads to."""
        real = paths.real_path(self.root / path)
        known = self.entered.get(real)
        if known is not None:
            yield _unread(path, f"it is a link to `{known or '.'}`, which is looked into under that name")
        else:
            yield from self._below(path, real, depth)

    def _below(self, prefix: str, real: str, depth: int) -> Iterator[str | Unread]:
        try:
            entries = sorted(paths.entries(self.root / prefix), key=lambda entry: entry.name)
        except Unreadable as error:
            yield _unread(prefix or ".", f"the folder cannot be listed: {error.why}")
            return
        if prefix and any(entry.name in _ENVIRONMENT_MARKS for entry in entries):
            return
        self.entered[real] = prefix
        for entry in entries:
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.is_symlink():
                yield from self._link(entry, path, depth)
            elif paths.entry_is_file(entry):
                yield path
            elif paths.entry_is_folder(entry):
                yield from self._folder(entry, path, real, depth)

    def _folder(self, entry: FolderEntry, path: str, real: str, depth: int) -> Iterator[str | Unread]:
        """What is in a folder, of folders that are not looked into the Dockerfiles that people keep there."""
        if words().skips(entry.name):
            if entry.name in words().with_recipes:
                yield from self._recipes_in(path)
        elif depth > 0:
            yield from self._below(path, os.path.join(real, entry.name), depth - 1)  # noqa: PTH118  a text is enough
        else:
            yield _unread(path, "it is too deep; name this folder to look into it")

    def _recipes_in(self, folder: str) -> Iterator[str]:
        """The Dockerfiles directly in a folder of outputs, which people put there themselves."""
        try:
            entries = sorted(paths.entries(self.root / folder), key=lambda entry: entry.name)
        except Unreadable:
            # What tools put into such a folder is not looked into either.
            return
        for entry in entries:
            if is_kept_recipe(folder, entry.name) and paths.entry_is_file(entry):
                yield f"{folder}/{entry.name}"

    def _link(self, entry: FolderEntry, path: str, depth: int) -> Iterator[str | Unread]:
        """A link to a file that is in the tree, or the reason why it is passed over; folders wait."""
        target = Path(paths.real_path(entry.path))
        if not is_inside(target, self.tree):
            yield from self._passed_over(entry, path, "it is a link that leads out of the audited folder")
        elif paths.is_folder(target):
            yield from self._linked_folder(entry, path, depth)
        elif not paths.is_file(target):
            yield from self._passed_over(entry, path, "it is a link to something that does not exist, or is no file")
        elif target.parent == Path(paths.real_path(Path(entry.path).parent)) and self.is_known(target.name):
            yield from self._passed_over(entry, path, f"it is a link to `{target.name}` beside it, which is read")
        else:
            yield path

    def _linked_folder(self, entry: FolderEntry, path: str, depth: int) -> Iterator[Unread]:
        if words().skips(entry.name):
            return
        if depth > 0:
            self.linked.append((path, depth - 1))
        else:
            yield _unread(path, "it is too deep; name this folder to look into it")

    def _passed_over(self, entry: FolderEntry, path: str, why: str) -> Iterator[Unread]:
        """A sentence about what may have stated versions; of links among data there may be many, and none is missed."""
        may_state = "." not in entry.name or _is_folder(entry)
        if self.is_known(path) or (may_state and not words().skips(entry.name)):
            yield _unread(path, why)


def _is_folder(entry: FolderEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
