"""Places of the values of a JSON text, and its lists one member at a time, in little memory however large the text.

Only the offsets of the brackets are kept, eight bytes for each pair.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from mlaudit.document.tree_index import BOUND, BYTE_ORDER_MARK, Leaf, PlacedTable, TreeIndex, TreeNode
from mlaudit.model.lazy_pattern import lazy_pattern

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_GAP = lazy_pattern(r"[ \t\r\n,]*")
_KEY = lazy_pattern(rf"(?P<key>{_STRING})[ \t\r\n]*:[ \t\r\n]*", re.DOTALL)
_SCALAR = lazy_pattern(rf'{_STRING}|[^\s,:\[\]{{}}"]+', re.DOTALL)
_BRACKET = lazy_pattern(rf'[^"\[\]{{}}]*(?:{_STRING}[^"\[\]{{}}]*){BOUND}([\[\]{{}}]?)', re.DOTALL)


class JsonIndex(TreeIndex):
    """Where each bracket closes; objects and arrays are listed only when a route enters them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        position = 1 if text.startswith(BYTE_ORDER_MARK) else 0
        self.root = Leaf(self._gap(position))
        self._opens, self._closes = array("I"), array("I")
        self.balanced = self._find_brackets(position)

    def _find_brackets(self, position: int) -> bool:
        """Note where brackets open and close; whether each has its partner."""
        unclosed: list[int] = []
        paired = True
        while (bracket := _BRACKET.match(self._text, position)) and bracket.end() > position:
            position = bracket.end()
            mark = bracket[1]
            if mark in ("[", "{"):
                unclosed.append(len(self._opens))
                self._opens.append(position - 1)
                self._closes.append(0)
            elif mark and unclosed:
                opened = unclosed.pop()
                self._closes[opened] = position
                paired = paired and (self._text[self._opens[opened]] == "[") is (mark == "]")
            elif mark:
                paired = False
        return paired and not unclosed and position == len(self._text)

    def members(self, *route: str | int) -> Iterator[tuple[str | int, int, int]]:
        """Key or index, start and end of each member of the container at a route; nothing if there is none.

        Raises ValueError where something is in it that is no member.
        """
        node = self._node(route)
        start = node.start if isinstance(node, Leaf) else 0
        inside = self._step_in(node)
        listed: Iterator[tuple[str | int, int]] = iter(())
        if isinstance(inside, array):
            listed = enumerate(inside)
        elif isinstance(inside, PlacedTable):
            listed = ((key, leaf.start) for key, leaf in inside.children.items() if isinstance(leaf, Leaf))
        last = start + 1
        for key, begin in listed:
            end = self._end(begin)
            if end is None:
                break
            last = max(last, end)
            yield key, begin, end
        close = self._end(start)
        if inside is not None and close is not None and self._gap(last) != close - 1:
            raise json.JSONDecodeError("expected a member or the end of its container", self._text, self._gap(last))

    def starts_list(self, *route: str | int) -> bool:
        """Whether the value at a route is a list."""
        node = self._node(route)
        return isinstance(node, Leaf) and self._text.startswith("[", node.start)

    def _end(self, start: int) -> int | None:
        if self._text[start : start + 1] in ("[", "{"):
            index = bisect_left(self._opens, start)
            known = index < len(self._opens) and self._opens[index] == start
            return self._closes[index] or None if known else None
        scalar = _SCALAR.match(self._text, start)
        return scalar.end() if scalar else None

    def _open(self, start: int) -> TreeNode | None:
        if self._text[start : start + 1] not in ("[", "{") or self._end(start) is None:
            return None
        return self._array(start) if self._text[start] == "[" else self._object(start)

    def _object(self, start: int) -> PlacedTable:
        table = PlacedTable()
        position = self._gap(start + 1)
        while key := _KEY.match(self._text, position):
            table.children[_name(key["key"])] = Leaf(key.end(), *key.span("key"))
            end = self._end(key.end())
            if end is None:
                break
            position = self._gap(end)
        return table

    def _array(self, start: int) -> array[int]:
        starts = array("I")
        position = self._gap(start + 1)
        while (end := self._end(position)) is not None:
            starts.append(position)
            position = self._gap(end)
        return starts

    def _gap(self, position: int) -> int:
        gap = _GAP.match(self._text, position)
        return gap.end() if gap else position


def _name(key: str) -> str:
    if "\\" not in key:
        return key[1:-1]
    try:
        return str(json.loads(key, strict=False))
    except ValueError:
        return key[1:-1]
