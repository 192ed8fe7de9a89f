"""Files of the machine as documents: opened only where they are regular and inside the audited root."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.sources.confinement import is_inside


def open_regular(path: Path) -> BinaryIO:
    """A regular file for reading; pipes and devices are never opened, since opening some has effects.

    Raises Unreadable.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("it is not a regular file")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise Unreadable(_reason(error)) from None
    # What stood at the path may have been exchanged since.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("it is not a regular file")
    return os.fdopen(descriptor, "rb")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "permission to read it is denied"
    return f"it cannot be opened: {getattr(error, 'strerror', None) or error}"


class Root:
    """The folder that an audit may look into, and how paths below it are reported.

    Args:
        folder: what paths are reported relative to.
        tree: what documents may ask for; `folder` where None.
    """

    def __init__(self, folder: Path, defines: Mapping[str, str] | None = None, *, tree: Path | None = None) -> None:
        self.folder = folder
        self.defines = dict(defines or {})
        self._tree = folder if tree is None else tree
        self._resolved = self._tree.resolve()

    def shown(self, path: Path) -> str:
        """A path relative to the root, with `/`."""
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def holds(self, path: Path) -> bool:
        """Whether a path, its links followed, lies in the root."""
        return is_inside(path, self._resolved)

    def tree_of(self, folder: Path) -> Path:
        """The tree where it holds a folder, else the folder itself."""
        return self._tree if self.holds(folder) else folder

    def document(self, path: Path) -> Document:
        """The document of a file; its neighbours are given out only from inside the root.

        Raises Unreadable where there is no such file.
        """
        # A file that the user named outside the root may ask for what lies in its own folder and below.
        inside = self if self.holds(path) else Root(self.folder, self.defines, tree=path.parent)

        def ask(relative: str) -> Document | None:
            return self._asked(inside, path.parent / relative)

        def opener() -> AbstractContextManager[BinaryIO]:
            return open_regular(path)

        if not path.exists():
            raise Unreadable("there is no such file")
        return Document(self.shown(path), opener=opener, size=_size(path), ask=ask, defines=self.defines)

    def _asked(self, inside: Root, path: Path) -> Document | None:
        normal = Path(os.path.normpath(path))
        try:
            found = inside.holds(normal) and normal.is_file()
        except (OSError, ValueError):
            return None
        return self.document(normal) if found else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
