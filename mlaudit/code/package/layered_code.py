"""The code of several packages, each from a place of its own, as one entry of an import path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from mlaudit.code.package.code import PackageCode
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCode:
    """The code of one package in one version, and the words for where it was found."""

    package: str
    version: str
    place: str
    code: PackageCode


class LayeredCode:
    """Several places as one; a `PackageCode`. A file that two of them have is read from the first."""

    def __init__(self, parts: Sequence[PlacedCode]) -> None:
        self._parts = tuple(parts)
        self._used: dict[int, None] = {}

    @property
    def used(self) -> tuple[PlacedCode, ...]:
        """The places from which something was read."""
        return tuple(self._parts[number] for number in sorted(self._used))

    @cached_property
    def _by_top(self) -> dict[str, list[int]]:
        tops: dict[str, list[int]] = {}
        for number, part in enumerate(self._parts):
            for name in part.code.names("") or ():
                tops.setdefault(name, []).append(number)
        return tops

    def _holders(self, path: str) -> Iterator[tuple[int, PackageCode]]:
        for number in self._by_top.get(path.partition("/")[0], ()):
            yield number, self._parts[number].code

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, of all places that have it; None if none has."""
        if not folder:
            return frozenset(self._by_top)
        sets = [names for _, code in self._holders(folder) if (names := code.names(folder)) is not None]
        return frozenset().union(*sets) if sets else None

    def read(self, path: str) -> bytes | None:
        """The bytes of a text file, None if they cannot be had."""
        return self._first(path, binary=False)

    def read_binary(self, path: str) -> bytes | None:
        """The bytes of a compiled module, None if they cannot be had."""
        return self._first(path, binary=True)

    def _first(self, path: str, *, binary: bool) -> bytes | None:
        for number, code in self._holders(path):
            data = code.read_binary(path) if binary else code.read(path)
            if data is not None:
                self._used[number] = None
                return data
        return None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The bytes of every Python file below a folder, in all places that have it."""
        for number, code in self._holders(folder):
            if code.names(folder) is not None:
                self._used[number] = None
                yield from code.sources(folder)

    def shown(self, path: str) -> str:
        """A path as reports show it, in the first place that has it."""
        folder, _, name = path.rpartition("/")
        for _, code in self._holders(path):
            if name in (code.names(folder) or ()):
                return code.shown(path)
        return next((code.shown(path) for _, code in self._holders(path)), path)
