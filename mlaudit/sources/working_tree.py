"""Files of the machine as documents: opened only where they are regular and inside the audited root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from heapq import nsmallest
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.confinement import is_inside
from mlaudit.sources.paths import open_regular

MAX_NAMES = 1000
"""Names in one folder that a document may ask for."""


class WorkingTree:
    """The folder that an audit may look into, and how paths below it are reported.

    Args:
        folder: what paths are reported relative to.
        tree: what documents may ask for; `folder` where None.
    """

    def __init__(self, folder: Path, defines: Mapping[str, str] | None = None, *, tree: Path | None = None) -> None:
        self.folder = folder
        self.defines = dict(defines or {})
        self._tree = folder if tree is None else tree
        self._resolved = paths.resolved(self._tree)

    def shown(self, path: Path) -> str:
        """A path relative to the root, with `/`."""
        return paths.relative(path, self.folder)

    def holds(self, path: Path) -> bool:
        """Whether a path, its links followed, lies in the root."""
        return is_inside(path, self._resolved)

    def tree_of(self, folder: Path) -> Path:
        """The tree where it holds a folder, else the folder itself."""
        return self._tree if self.holds(folder) else folder

    def document(self, path: Path) -> Document:
        """The document of a file; its neighbours are given out only from inside the root.

        Raises Unreadable where there is none, or it cannot be asked for.
        """
        size = paths.status(path).st_size
        # A file that the user named outside the root may ask for what lies in its own folder and below.
        inside = self if self.holds(path) else WorkingTree(self.folder, self.defines, tree=path.parent)

        def ask(relative: str) -> Document | None:
            return self._asked(inside, path.parent / relative)

        def list_names(relative: str) -> tuple[str, ...]:
            return _names(inside, path.parent / relative)

        def opener() -> AbstractContextManager[BinaryIO]:
            return open_regular(path)

        return Document(
            self.shown(path), opener=opener, size=size, ask=ask, list_names=list_names, defines=self.defines
        )

    def _asked(self, inside: WorkingTree, path: Path) -> Document | None:
        normal = Path(os.path.normpath(path))
        try:
            return self.document(normal) if inside.holds(normal) and paths.is_file(normal) else None
        except Unreadable:
            # It vanished between the question and the answer.
            return None


def _names(inside: WorkingTree, folder: Path) -> tuple[str, ...]:
    """The names in a folder of the tree, in order, of a large one the first."""
    normal = Path(os.path.normpath(folder))
    try:
        found = paths.entries(normal) if inside.holds(normal) else ()
        return tuple(nsmallest(MAX_NAMES, (entry.name for entry in found)))
    except Unreadable:
        return ()
