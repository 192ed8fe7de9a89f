"""UBJSON as XGBoost writes it: the top-level keys, everything below passed over.

Format: https://ubjson.org/. XGBoost writes numbers big-endian and marks the length of keys with `L`.
"""

from __future__ import annotations

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

VALUES = 1_000_000
DEPTH = 64

_WIDTHS = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1, b"Z": 0, b"T": 0, b"F": 0, b"N": 0}
_INTEGERS = frozenset(b"iUIlL")


class _UbjsonWalk:
    """A position that only moves forward."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.at = 0
        self.left = VALUES

    def marker(self) -> bytes:
        """The next type marker."""
        value = self.window.read(self.at, 1)
        self.at += 1
        return value

    def integer(self, marker: bytes | None = None) -> int:
        """A number with its marker in front, unless that is known."""
        marker = marker or self.marker()
        if marker[0] not in _INTEGERS:
            raise Unreadable("a length in it is no number")
        width = _WIDTHS[marker]
        value = int.from_bytes(self.window.read(self.at, width), "big", signed=marker != b"U")
        self.at += width
        return value

    def text(self) -> bytes:
        """A text without a marker; the first 64 bytes."""
        size = self.integer()
        data = self.window.part(self.at, size).upto(0, 64)
        self.at += size
        return data

    def skip(self, marker: bytes, depth: int = 0) -> None:
        """Pass over one value."""
        self.left -= 1
        if self.left < 0:
            raise Unreadable(f"it has more than {VALUES} values")
        if depth > DEPTH:
            raise Unreadable(f"it is nested more than {DEPTH} deep")
        if marker in _WIDTHS:
            self.at += _WIDTHS[marker]
        elif marker in (b"S", b"H"):
            self.text()
        elif marker in (b"[", b"{"):
            self._skip_container(marker, depth)
        else:
            raise Unreadable("it has a type that UBJSON does not know")

    def _skip_container(self, marker: bytes, depth: int) -> None:
        kind, count = self.header()
        if kind is not None and kind in _WIDTHS and count is not None and marker == b"[":
            self.at += self.window.part(self.at, count * _WIDTHS[kind]).size
            return
        end = b"]" if marker == b"[" else b"}"
        while count is None or count > 0:
            if count is None and self.window.upto(self.at, 1) == end:
                self.at += 1
                return
            if marker == b"{":
                self.text()
            self.skip(kind or self.marker(), depth + 1)
            count = None if count is None else count - 1

    def header(self) -> tuple[bytes | None, int | None]:
        """The common type and the count of a container, where it states them."""
        kind, count = None, None
        if self.window.upto(self.at, 1) == b"$":
            kind = self.window.read(self.at + 1, 1)
            self.at += 2
        if self.window.upto(self.at, 1) == b"#":
            self.at += 1
            count = self.integer()
            if count < 0:
                raise Unreadable("a length in it is negative")
        elif kind is not None:
            raise Unreadable("a container in it states a type and no length")
        return kind, count


def top_version(window: Window) -> str | None:
    """The three numbers under the top-level key `version`; None if there is unknown key. Raises Unreadable."""
    walk = _UbjsonWalk(window)
    if walk.marker() != b"{":
        raise Unreadable("it is no UBJSON object")
    kind, count = walk.header()
    while count is None or count > 0:
        if window.upto(walk.at, 1) in (b"}", b""):
            return None
        key = walk.text()
        marker = kind or walk.marker()
        if key == b"version" and marker == b"[":
            return _numbers(walk)
        walk.skip(marker)
        count = None if count is None else count - 1
    return None


def _numbers(walk: _UbjsonWalk) -> str:
    kind, _ = walk.header()
    return ".".join(str(walk.integer(kind)) for _ in range(3))
