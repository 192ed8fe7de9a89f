"""The key-value header of a GGUF file, up to the first long list.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

MAGIC = b"GGUF"
KEYS = 4096
TEXTS = 2048
"""Texts of one list that are passed over; a vocabulary is longer, and what stands behind it is not needed."""
TEXT_LIMIT = 4096

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEXT, _LIST = 8, 9
_SIGNED, _FLOATS = frozenset({1, 3, 5, 11}), frozenset({6, 12})

Value = str | int | None


class Header:
    """Version, counts and scalar values; `cut` tells that a long list ended the walk. Raises Unreadable."""

    def __init__(self, window: Window) -> None:
        if window.read(0, 4) != MAGIC:
            raise Unreadable("it does not begin with the mark of GGUF")
        self.window = window
        self.version = window.number(4, 4)
        if not 1 <= self.version <= 3:
            raise Unreadable(f"it is of GGUF version {self.version}; 1 to 3 are known (big-endian files are not read)")
        self.width = 4 if self.version == 1 else 8
        self.tensors = window.number(8, self.width)
        self.count = window.number(8 + self.width, self.width)
        self.at = 8 + 2 * self.width
        self.cut = False
        self.values = dict(self._values())

    def _values(self) -> Iterator[tuple[str, Value]]:
        if self.count > self.window.size:
            raise Unreadable(f"it claims {self.count} keys")
        for _ in range(min(self.count, KEYS)):
            key = self._text()
            kind = self._number(4)
            value = self._value(kind)
            if self.cut:
                return
            yield key, value

    def _number(self, size: int) -> int:
        value = self.window.number(self.at, size)
        self.at += size
        return value

    def _text(self) -> str:
        size = self._number(self.width)
        text = self.window.part(self.at, size).upto(0, TEXT_LIMIT).decode("utf-8", "replace")
        self.at += size
        return text

    def _value(self, kind: int) -> Value:
        if kind == _TEXT:
            return self._text()
        if kind == _LIST:
            self._skip_list()
            return None
        if kind not in _WIDTHS:
            raise Unreadable("a value in it is of an unknown type")
        value = self.window.number(self.at, _WIDTHS[kind], signed=kind in _SIGNED)
        self.at += _WIDTHS[kind]
        return None if kind in _FLOATS else value

    def _skip_list(self) -> None:
        kind, count = self._number(4), self._number(self.width)
        if kind in _WIDTHS:
            self.at += self.window.part(self.at, count * _WIDTHS[kind]).size
        elif kind == _TEXT and count <= TEXTS:
            for _ in range(count):
                self._text()
        elif count > self.window.size:
            raise Unreadable(f"a list of {count} values is claimed")
        else:
            self.cut = True
