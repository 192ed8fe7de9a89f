"""Where the code of a reader comes from, as those who read it ask for it.

An installed environment is one such place (`mlaudit.sources.package_sources`); a wheel, an image, a cache of pip or uv
and a repository are others. All of them are trees of files below an entry of an import path, so that this is all that
a new one has to give. Paths are relative to that entry and have `/` between their parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class PackageCode(Protocol):
    """The files of one entry of an import path; whoever gives them bounds sizes and numbers, and follows no link."""

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder (`""` is the entry itself), None if it is not one or they cannot all be listed."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a text file, None if they cannot be had."""
        ...

    def read_binary(self, path: str) -> bytes | None:
        """The bytes of a compiled module, None if they cannot be had."""
        ...

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The bytes of every Python file below a folder; ends with None if not all of them can be had."""
        ...

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        ...
