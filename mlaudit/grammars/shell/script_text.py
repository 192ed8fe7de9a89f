"""Text inside a document, without its indentation, line ends or escapes, and the place of every span of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

_ESCAPE = lazy_pattern(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SURROGATES = range(0xD800, 0xE000)


class Script:
    """A text whose characters come from a document.

    Args:
        doc: the document.
        text: what a shell or an interpreter would read.
        pieces: pairs of an offset in `text` and the offset in the document where it begins, ascending; -1 marks a
            span whose place is known only as `whole`.
        whole: the place of what holds the text.
    """

    __slots__ = ("doc", "pieces", "text", "whole")

    def __init__(self, doc: Document, text: str, pieces: Iterable[tuple[int, int]], whole: Place) -> None:
        self.doc = doc
        self.text = text
        self.pieces = tuple(pieces)
        self.whole = whole

    def place(self, start: int, end: int) -> Place:
        """The place of `text[start:end]`; its offsets are left out where the span is not one in the document."""
        first, last = self._offset(start), self._offset(max(end - 1, start))
        if first is None:
            return self.whole
        line, column = line_and_column(self.doc, first)
        if last is None or last - first != max(end - 1, start) - start:
            return self.doc.place(line, column)
        return self.doc.place(line, column, first, last + 1)

    def cut(self, start: int, end: int) -> Script:
        """A span of the text as a script of its own."""
        first, last = (bisect_right(self.pieces, at, key=lambda piece: piece[0]) for at in (start, max(end - 1, start)))
        before = self._offset(start)
        pieces = [(0, -1 if before is None else before)]
        pieces += [(at - start, offset) for at, offset in self.pieces[first:last]]
        return Script(self.doc, self.text[start:end], pieces, self.whole)

    def _offset(self, position: int) -> int | None:
        index = bisect_right(self.pieces, position, key=lambda piece: piece[0]) - 1
        if index < 0 or self.pieces[index][1] < 0:
            return None
        at, offset = self.pieces[index]
        return offset + position - at


@lru_cache(maxsize=8)
def line_starts(text: str) -> tuple[int, ...]:
    """The offsets at which the lines of a text begin."""
    return (0, *(newline.end() for newline in re.finditer("\n", text)))


def line_and_column(doc: Document, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of a document."""
    starts = line_starts(doc.text)
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def whole_text(doc: Document) -> Script:
    """The text of a document as written."""
    return Script(doc, doc.text, [(0, 0)], doc.place(1, 1))


def stretch(doc: Document, start: int, end: int) -> Script:
    """A span of a document as written."""
    line, column = line_and_column(doc, start)
    return Script(doc, doc.text[start:end], [(0, start)], doc.place(line, column, start, end))


def of_node(node: Node, at: Place, doc: Document) -> Script:
    """The string at a node of YAML or JSON; lines that are in the document as they are read have their own places.

    Raises Malformed where the node is no string.
    """
    text = node.text()
    if at.start is None or at.end is None:
        return Script(doc, text, (), at)
    raw = doc.text[at.start : at.end]
    if raw.startswith('"') and "\\" in raw:
        return Script(doc, text, _escaped(raw, at.start), at)
    return Script(doc, text, _line_by_line(text, raw, at.start), at)


def _line_by_line(text: str, raw: str, start: int) -> Iterable[tuple[int, int]]:
    position, cursor = 0, 0
    for line in text.split("\n"):
        bare = line.strip()
        offset = raw.find(bare, cursor) if bare else -1
        indent = len(line) - len(line.lstrip())
        yield position + (indent if bare else 0), start + offset if offset >= 0 else -1
        if offset >= 0:
            cursor = offset + len(bare)
        position += len(line) + 1


def _escaped(raw: str, start: int) -> Iterable[tuple[int, int]]:
    """Pieces of a JSON string: a new one behind every escape."""
    yield 0, start + 1
    lost = 1
    skip = False
    for escape in _ESCAPE.finditer(raw):
        length = len(escape[0])
        if skip:
            lost += length
            skip = False
        else:
            lost += length - 1
            skip = length == 6 and int(escape[0][2:], 16) in _SURROGATES
        yield escape.end() - lost, start + escape.end()
