"""Files by name, wherever they are: the shape that working trees, commits, images, environments and archives share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol


class Files(Protocol):
    """Files below one folder; paths are relative to it, with `/`, and the folder itself is the empty path."""

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The paths of the files at any depth below a folder, in order; else the names that are in it.

        Raises Unreadable where the folder cannot be listed.
        """
        ...

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A regular file for seeking. Raises Unreadable."""
        ...

    def exists(self, path: str) -> bool:
        """Whether `open` gives a file at this path."""
        ...


def read_start(files: Files, path: str, limit: int) -> bytes:
    """The first `limit` bytes of a file. Raises Unreadable."""
    with files.open(path) as stream:
        return stream.read(limit)


def listed(paths: Iterable[str], folder: str, *, deep: bool) -> Iterator[str]:
    """What `Files.list` gives, of files that are known by all of their paths, in order."""
    prefix = f"{folder}/" if folder else ""
    below = (path for path in paths if path.startswith(prefix)) if prefix else paths
    if deep:
        yield from below
    else:
        yield from dict.fromkeys(path[len(prefix) :].partition("/")[0] for path in below)
