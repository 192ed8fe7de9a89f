"""From a route (`"package", 3, "version"`) to the place of its value in a TOML, JSON or YAML text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from mlaudit.document.tree_index import BOUND, BYTE_ORDER_MARK, Found, Leaf, PlacedTable, Route, TreeIndex, TreeNode
from mlaudit.model.lazy_pattern import lazy_pattern


class Span(NamedTuple):
    """A span of text: `line` and `column` 1-based, offsets `start` and `end` 0-based; quotes are part of it."""

    line: int
    column: int
    start: int
    end: int


class Locator(Protocol):
    """Finds places in one text; what does not exist, or follows broken syntax, is None."""

    def at(self, *route: str | int) -> Span | None:
        """The value at the route; a TOML table is at its header, the empty route is the whole text."""

    def key(self, *route: str | int) -> Span | None:
        """The key of the value at the route; None for an element of an array, save for TOML's `[[key]]`."""


def toml_locator(text: str) -> Locator:
    """Places in TOML 1.1 (https://toml.io/en/v1.1.0); a value is looked into only when a route enters it."""
    return _LazyLocator(text, _TomlIndex)


def json_locator(text: str, index: _Index | None = None) -> Locator:
    """Places in JSON; of a key that occurs twice the last is found, as `json.loads` keeps it.

    `index` is that of the text if there is one.
    """
    from mlaudit.document.json_index import JsonIndex

    return _LazyLocator(text, (lambda _: index) if index else JsonIndex)


def yaml_locator(text: str, *, multi: bool = False) -> Locator:
    """Places in YAML 1.1; with `multi` a route begins with the document's index, else it is in the first document.

    A route through an alias or a merge key ends where the value is written; nothing is expanded.
    """
    from mlaudit.document.yaml_positions import YamlIndex

    return _LazyLocator(text, lambda source: YamlIndex(source, multi=multi))


class _Index(Protocol):
    def find(self, route: Route) -> Found | None:
        """Offsets of the value at the route and of its key."""


class _LazyLocator:
    """A locator that reads its text at the first question."""

    def __init__(self, text: str, build: Callable[[str], _Index]) -> None:
        self._text = text
        self._build = build
        self._built: _Index | None = None
        self._line_starts: list[int] = []

    def at(self, *route: str | int) -> Span | None:
        if not route:
            return Span(1, 1, 0, len(self._text))
        entry = self._index.find(route)
        return self._span(entry[0], entry[1]) if entry else None

    def key(self, *route: str | int) -> Span | None:
        entry = self._index.find(route) if route else None
        return self._span(entry[2], entry[3]) if entry and entry[2] >= 0 else None

    @property
    def _index(self) -> _Index:
        if self._built is None:
            self._built = self._build(self._text)
            self._line_starts = [0, *(newline.end() for newline in re.finditer("\n", self._text))]
        return self._built

    def _span(self, start: int, end: int) -> Span:
        line = bisect_right(self._line_starts, start)
        column = start - self._line_starts[line - 1] + 1
        if line == 1 and self._text.startswith(BYTE_ORDER_MARK):
            column -= 1
        return Span(line, column, start, end)


_BASIC = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_LITERAL = r"'[^'\n]*'"
_MULTI_BASIC = r'"""[^"\\]*(?:(?:\\.|"{1,2}(?!"))[^"\\]*)*"{3,5}'
_MULTI_LITERAL = r"'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}"
_STRING = rf"{_MULTI_BASIC}|{_MULTI_LITERAL}|{_BASIC}|{_LITERAL}"
_PART = rf"[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL}"
_KEY = rf"(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*"
_COMMENT = r"#[^\n]*"

_TOML_PART = lazy_pattern(_PART)
_TOML_STATEMENT = lazy_pattern(
    rf"[ \t\r\n]*(?:{_COMMENT}(?:\n[ \t\r\n]*|\Z)){BOUND}"
    rf"(?:(?P<header>(?P<bracket>\[\[?)[ \t]*(?P<table>{_KEY})[ \t]*\]\]?)|(?P<key>{_KEY})[ \t]*=[ \t]*)?"
)
_TOML_INLINE_GAP = lazy_pattern(r"(?:[ \t\r\n,]+|#[^\n]*)?")
_TOML_INLINE_KEY = lazy_pattern(rf"(?P<key>{_KEY})[ \t]*=[ \t]*")
_TOML_STRING = lazy_pattern(_STRING, re.DOTALL)
_TOML_SCALAR = lazy_pattern(r"""[^\s,\[\]{}#"'=]+(?: [0-9]{2}:[^\s,\]}#]+)?""")
_TOML_TOKEN = lazy_pattern(rf"[\[\]{{}}]|{_COMMENT}|{_STRING}", re.DOTALL)
_TOML_ESCAPE = lazy_pattern(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_TOML_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class _TomlIndex(TreeIndex):
    """Headers and keys of the statements; arrays and inline tables stay closed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.root: PlacedTable = PlacedTable()
        self._has_long_strings = '"""' in text or "'''" in text
        table: PlacedTable | None = self.root
        position: int | None = 1 if text.startswith(BYTE_ORDER_MARK) else 0
        while position is not None and table is not None:
            statement = _TOML_STATEMENT.match(text, position)
            if statement is None or statement.end() == position:
                break
            position = statement.end()
            if statement["header"]:
                table = self._header(statement)
            elif statement["key"]:
                self._put(table, statement)
                position = self._end(position)

    def _header(self, statement: re.Match[str]) -> PlacedTable | None:
        start, end = statement.span("header")
        *outer, (name, key_start, key_end) = _toml_parts(statement, "table")
        parent = _toml_descend(self.root, outer, (start, end))
        if parent is None:
            return None
        fresh = PlacedTable(start, end, key_start, key_end)
        fresh.explicit = True
        if statement["bracket"] == "[":
            return _toml_declare(parent, name, fresh)
        tables = parent.children.setdefault(name, [])
        if not isinstance(tables, list):
            return None
        tables.append(fresh)
        return fresh

    def _put(self, table: PlacedTable, statement: re.Match[str]) -> None:
        *outer, (name, key_start, key_end) = _toml_parts(statement, "key")
        parent = _toml_descend(table, outer, None)
        if parent is not None:
            parent.children.setdefault(name, Leaf(statement.end(), key_start, key_end))

    def _end(self, start: int) -> int | None:
        opener = self._text[start : start + 1]
        if opener in ("[", "{"):
            return self._flat_end(start) or self._container_end(start)
        match = (_TOML_STRING if opener in ('"', "'") else _TOML_SCALAR).match(self._text, start)
        return match.end() if match else None

    def _flat_end(self, start: int) -> int | None:
        """The end of an array over whole lines, found without a look into it.

        Where no string spans lines, a `]` that begins a line is a bracket; the first of all, with no `[` before it,
        is this array's.
        """
        if self._has_long_strings or not self._text.startswith("[\n", start):
            return None
        end = self._text.find("]", start)
        nested = end < 0 or self._text[end - 1] != "\n" or self._text.find("[", start + 1, end) >= 0
        return None if nested else end + 1

    def _container_end(self, start: int) -> int | None:
        depth = 0
        for token in _TOML_TOKEN.finditer(self._text, start):
            first = token[0][0]
            if first in "[{":
                depth += 1
            elif first in "]}":
                depth -= 1
                if depth == 0:
                    return token.end()
        return None

    def _open(self, start: int) -> TreeNode | None:
        if self._text.startswith("[", start):
            return list(self._elements(start)) or None
        return self._inline_table(start) if self._text.startswith("{", start) else None

    def _elements(self, start: int) -> Iterator[Leaf]:
        position = self._inline_gap(start + 1)
        while (end := self._end(position)) is not None:
            yield Leaf(position)
            position = self._inline_gap(end)

    def _inline_table(self, start: int) -> PlacedTable:
        table = PlacedTable()
        position = self._inline_gap(start + 1)
        while statement := _TOML_INLINE_KEY.match(self._text, position):
            self._put(table, statement)
            end = self._end(statement.end())
            if end is None:
                break
            position = self._inline_gap(end)
        return table

    def _inline_gap(self, position: int) -> int:
        """The offset behind blanks, commas and comments."""
        while (gap := _TOML_INLINE_GAP.match(self._text, position)) and gap.end() > position:
            position = gap.end()
        return position


def _toml_parts(statement: re.Match[str], group: str) -> list[tuple[str, int, int]]:
    """The parts of a dotted key with their offsets."""
    start, end = statement.span(group)
    key = statement[group]
    if "." not in key and key[0] not in "\"'":
        return [(key, start, end)]
    parts = _TOML_PART.finditer(statement.string, start, end)
    return [(_toml_name(part[0]), part.start(), part.end()) for part in parts]


def _toml_name(part: str) -> str:
    if part[0] == '"':
        return _TOML_ESCAPE.sub(_toml_character, part[1:-1])
    return part[1:-1] if part[0] == "'" else part


def _toml_character(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    if digits is None:
        return _TOML_ESCAPES.get(escape[4], escape[4])
    code = int(digits, 16)
    return chr(code) if code <= 0x10FFFF else escape[0]


def _toml_descend(
    table: PlacedTable, parts: list[tuple[str, int, int]], header: tuple[int, int] | None
) -> PlacedTable | None:
    """The table that a dotted key is in; tables first named here get the place of the header, else of their part."""
    for name, key_start, key_end in parts:
        start, end = header or (key_start, key_end)
        node = table.children.setdefault(name, PlacedTable(start, end, key_start, key_end))
        if isinstance(node, list):
            node = node[-1]
        if not isinstance(node, PlacedTable):
            return None
        table = node
    return table


def _toml_declare(parent: PlacedTable, name: str, fresh: PlacedTable) -> PlacedTable | None:
    """`[name]`: a new table, or the header of one that until now was only implied by its children."""
    known = parent.children.setdefault(name, fresh)
    if not isinstance(known, PlacedTable):
        return None
    if not known.explicit:
        known.start, known.end, known.explicit = fresh.start, fresh.end, True
        known.key_start, known.key_end = fresh.key_start, fresh.key_end
    return known
