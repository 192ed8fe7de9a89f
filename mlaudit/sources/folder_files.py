"""The files below a folder of the working tree, by paths relative to it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources import paths
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree


class FolderFiles:
    """The files below a folder; these are `Files`.

    Args:
        root: opens what is in the folder, and knows how paths are reported.
    """

    def __init__(self, root: WorkingTree, folder: Path) -> None:
        self.root = root
        self.folder = folder

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The files that a walk finds below a folder, else the names in it; see `Files`."""
        inner = self.folder / folder
        if not deep:
            return sorted(entry.name for entry in paths.entries(inner))
        walked_paths = walk(inner, lambda _name: False, tree=self.root.tree_of(inner)).paths
        return [f"{folder}/{path}" for path in walked_paths] if folder else walked_paths

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A regular file inside the tree. Raises Unreadable."""
        if not self.root.holds(self.folder / path):
            raise Unreadable("it is outside of the audited folder")
        return self.document(path).stream()

    def exists(self, path: str) -> bool:
        """Whether a regular file is there, inside the tree."""
        return paths.is_file(self.folder / path) and self.root.holds(self.folder / path)

    def document(self, path: str) -> Document:
        """The document of a file. Raises Unreadable if there is none."""
        return self.root.document(self.folder / path)

    def shown(self, path: str = "") -> str:
        """A path as it is reported."""
        return self.root.shown(self.folder / path)
