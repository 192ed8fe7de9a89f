"""Files of the machine as documents: opened only where they are regular and inside the audited root."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import MAX_NAMES, Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.confinement import is_inside, is_resolved_inside
from mlaudit.sources.paths import open_regular

MAX_KNOWN = 50_000
"""Folders of which a tree remembers where they are, and what is in them."""


class WorkingTree:
    """The folder that an audit may look into, and how paths below it are reported.

    An audit asks for the same folders many times, so a tree remembers where their links lead and which names they
    have; one that shall see later changes is a new one.

    Args:
        folder: what paths are reported relative to.
        tree: what documents may ask for; `folder` where None.
    """

    def __init__(self, folder: Path, defines: Mapping[str, str] | None = None, *, tree: Path | None = None) -> None:
        self.folder = folder
        self.defines = dict(defines or {})
        self._tree = folder if tree is None else tree
        self._real_folders: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _resolved(self) -> Path:
        """The tree with its links followed: asked only where a document names another. Raises Unreadable."""
        return paths.resolved(self._tree)

    def shown(self, path: Path) -> str:
        """A path relative to the root, with `/`."""
        return paths.relative(path, self.folder)

    def holds(self, path: Path) -> bool:
        """Whether a path, its links followed, is in the root."""
        folder, name = os.path.split(path)
        if name in ("", os.curdir, os.pardir):
            return is_inside(path, self._resolved)
        real_folder = self._real_folder(folder)
        if real_folder is None:
            return False
        real = os.path.join(real_folder, name)  # noqa: PTH118  a text is enough
        return is_resolved_inside(real, self._resolved)

    def _real_folder(self, folder: str) -> str | None:
        """A folder with its links followed, None if that is not known."""
        if folder not in self._real_folders:
            try:
                real = paths.real_path(folder)
            except (OSError, ValueError):
                return None
            if len(self._real_folders) >= MAX_KNOWN:
                self._real_folders.clear()
            self._real_folders[folder] = real
        return self._real_folders[folder]

    def tree_of(self, folder: Path) -> Path:
        """The tree where it holds a folder, else the folder itself."""
        return self._tree if self.holds(folder) else folder

    def document(self, path: Path) -> Document:
        """The document of a file; its neighbours are given out only from inside the root.

        Raises Unreadable if there is none, or the system refuses to say.
        """
        return self._document(path, paths.status(path).st_size)

    def _document(self, path: Path, size: int) -> Document:
        def ask(relative: str) -> Document | None:
            return self._asked(self._around(path), path.parent / relative)

        def list_names(relative: str) -> tuple[str, ...]:
            return self._around(path).names(path.parent / relative)

        def opener() -> AbstractContextManager[BinaryIO]:
            return open_regular(path)

        return Document(
            self.shown(path), opener=opener, size=size, ask=ask, list_names=list_names, defines=self.defines
        )

    def _around(self, path: Path) -> WorkingTree:
        """What a document may ask for; one that the user named outside the root its own folder and what is below."""
        return self if self.holds(path) else WorkingTree(self.folder, self.defines, tree=path.parent)

    def _asked(self, inside: WorkingTree, path: Path) -> Document | None:
        normal = Path(os.path.normpath(path))
        try:
            if not inside.holds(normal):
                return None
            status = paths.status(normal)
        except Unreadable:
            return None
        return self._document(normal, status.st_size) if stat.S_ISREG(status.st_mode) else None

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder of the tree, in order, of a large one the first; none of a folder outside."""
        normal = os.path.normpath(folder)
        if normal not in self._names:
            if len(self._names) >= MAX_KNOWN:
                self._names.clear()
            self._names[normal] = self._listed(Path(normal))
        return self._names[normal]

    def _listed(self, folder: Path) -> tuple[str, ...]:
        from heapq import nsmallest

        try:
            entries = paths.entries(folder) if self.holds(folder) else ()
            return tuple(nsmallest(MAX_NAMES, (entry.name for entry in entries)))
        except Unreadable:
            return ()
