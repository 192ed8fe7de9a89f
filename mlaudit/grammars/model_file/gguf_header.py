"""The key-value header of a GGUF file, and how many bytes its tensors need behind it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable

MAGIC = b"GGUF"
KEYS = 4096
TEXTS = 1_000_000
"""Texts of all lists that are passed over; a vocabulary has a quarter million."""
LISTS = 100_000
"""Lists inside lists that are passed over."""
TENSORS = 100_000
TEXT_LIMIT = 4096

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEXT, _LIST = 8, 9
_SIGNED, _FLOATS = frozenset({1, 3, 5, 11}), frozenset({6, 12})

Value = str | int | None


class Header:
    """Version, counts and scalar values; `problem` shows what its tensors lack. Raises Unreadable."""

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
        self.problem: str | None = None
        self.values: dict[str, Value] = {}
        self._texts_left, self._lists_left = TEXTS, LISTS
        if self.count > self.window.size:
            raise Unreadable(f"it claims {self.count} keys")
        self.values.update(self._values())
        try:
            self._tensors()
        except Unreadable as error:
            self.problem = error.why

    def _values(self) -> Iterator[tuple[str, Value]]:
        if self.count > KEYS:
            raise Unreadable(f"it has {self.count} keys; at most {KEYS} are read")
        for _ in range(self.count):
            key = self._text()
            yield key, self._value(self._number(4))

    def _tensors(self) -> None:
        """Pass over the tensors' descriptions. Raises Unreadable where the last one's data does not begin."""
        if self.tensors > TENSORS:
            raise Unreadable(f"it has {self.tensors} tensors; at most {TENSORS} are looked at")
        furthest = -1
        for _ in range(self.tensors):
            self._text()
            # The number of dimensions, each dimension, the type.
            self.at += 8 * self._number(4) + 4 if self.version > 1 else 4 * self._number(4) + 4
            furthest = max(furthest, self._number(8))
        if furthest >= 0:
            self.window.part(self.at + furthest, 1)

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
        """Pass over a list and the lists inside it, without a call for each level."""
        waiting = [1]
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                continue
            waiting[-1] -= 1
            kind, count = self._number(4), self._number(self.width)
            if count > self.window.size:
                raise Unreadable(f"a list of {count} values is claimed")
            if kind == _LIST:
                self._lists_left -= count
                waiting.append(count)
            else:
                self._skip_items(kind, count)
            if self._lists_left < 0:
                raise Unreadable(f"it has more than {LISTS} lists inside lists")

    def _skip_items(self, kind: int, count: int) -> None:
        if kind in _WIDTHS:
            self.at += self.window.part(self.at, count * _WIDTHS[kind]).size
            return
        if kind != _TEXT:
            raise Unreadable("a list in it is of an unknown type")
        self._texts_left -= count
        if self._texts_left < 0:
            raise Unreadable(f"it has lists of more than {TEXTS} texts")
        for _ in range(count):
            size = self._number(self.width)
            self.at += self.window.part(self.at, size).size
