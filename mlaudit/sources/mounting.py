"""Another file system in the place of a folder: whoever asks `sources.paths` below it is answered from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol


class FolderEntry(Protocol):
    """What is in a folder, with the part of `os.DirEntry` that anybody uses."""

    @property
    def name(self) -> str:
        """Its name in the folder."""
        ...

    @property
    def path(self) -> str:
        """The folder's path as the caller gave it, and the name."""
        ...

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        ...

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""
        ...

    def is_symlink(self) -> bool:
        """Whether it is a link."""
        ...


class MountedFiles(Protocol):
    """What answers for the paths below a folder; paths are relative to it, with `/`, empty for the folder itself."""

    @property
    def root(self) -> str:
        """The absolute folder, its links followed, that this takes the place of."""
        ...

    def status(self, path: str, *, follow: bool) -> os.stat_result:
        """What is at a path. Raises Unreadable."""
        ...

    def real_path(self, path: str) -> str:
        """The absolute path with the links inside followed; what is not there is kept as it is written."""
        ...

    def link_target(self, path: str) -> str:
        """What a symbolic link says. Raises Unreadable."""
        ...

    def entries(self, path: str) -> Iterator[FolderEntry]:
        """What is in a folder. Raises Unreadable."""
        ...

    def open(self, path: str, *, follow: bool) -> BinaryIO:
        """A regular file. Raises Unreadable."""
        ...


class MountedPath(NamedTuple):
    """A path below a folder for which something else answers."""

    files: MountedFiles
    path: str


_MOUNTED: ContextVar[MountedFiles | None] = ContextVar("_MOUNTED", default=None)


@contextmanager
def mounted(files: MountedFiles | None) -> Iterator[None]:
    """Let something answer for a folder until the end of the block; the file system itself where it is None."""
    token = _MOUNTED.set(files)
    try:
        yield
    finally:
        _MOUNTED.reset(token)


def mounted_path(path: Path | str) -> MountedPath | None:
    """Who answers for a path instead of the file system, None if that answers itself.

    A repository's own `.git` is always the one on the disk. Raises ValueError and OSError as the file system does.
    """
    files = _MOUNTED.get()
    if files is None:
        return None
    inside = _inside(os.path.abspath(path), files.root)  # noqa: PTH100  links are followed by who answers
    if inside is None:
        inside = _inside(os.path.realpath(path), files.root)
    if inside is None or inside == ".git" or inside.startswith(".git/") or inside.endswith("/.git"):
        return None
    if "\0" in inside:
        raise ValueError("embedded null byte")
    return MountedPath(files, inside)


def _inside(absolute: str, root: str) -> str | None:
    if absolute == root:
        return ""
    prefix = root if root.endswith(os.sep) else root + os.sep
    return absolute[len(prefix) :].replace(os.sep, "/") if absolute.startswith(prefix) else None
