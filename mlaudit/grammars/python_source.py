"""The syntax tree of a Python source and the places of its nodes; nothing of it is run."""

from __future__ import annotations

import ast
from functools import lru_cache

from mlaudit.document.document import Document
from mlaudit.document.lines import line_and_column
from mlaudit.grammars.notebook_cells import python_text
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.grammars.shell.script_text import Script
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Unread

MAX_SOURCE = 500_000
"""Characters of a source; its syntax tree takes up to 400 bytes for each."""

# https://docs.python.org/3/reference/lexical_analysis.html#physical-lines
_LINE_END = lazy_pattern(r"\r\n|\r|\n")
_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
_BLOCK = 1024


def parsed(doc: Document) -> ast.Module:
    """The syntax tree of a source, or of the code cells of a notebook. Raises Unreadable."""
    text = _text(doc)
    if len(text) > MAX_SOURCE:
        raise Unreadable(f"it has {len(text):,} characters; a Python source may have {MAX_SOURCE:,}")
    try:
        return parse_tree(text)
    except SyntaxError as error:
        raise Unreadable(f"it is no Python 3 source: {error.msg}", error.lineno, error.offset) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise Unreadable(f"it is no Python source that can be read: {str(error) or 'nested too deeply'}") from None


def place(doc: Document, node: ast.AST) -> Place:
    """Where a node is; the parser counts columns in bytes, places count characters."""
    span = _span(doc, node)
    if span is None:
        return doc.place()
    if is_notebook(doc):
        return _cells(doc.path, doc.data).place(*span)
    return doc.place(*line_and_column(doc.text, span[0]), *span)


def written(doc: Document, node: ast.AST) -> str:
    """The text of a node as written in the source, empty if it has no place."""
    span = _span(doc, node)
    return _text(doc)[span[0] : span[1]] if span else ""


def is_notebook(doc: Document) -> bool:
    """Whether a document is a notebook, whose code is in cells."""
    return doc.path.endswith(".ipynb")


def _text(doc: Document) -> str:
    return _cells(doc.path, doc.data).text if is_notebook(doc) else doc.text


@lru_cache(maxsize=4)
def _cells(path: str, data: bytes) -> Script:
    return python_text(Document(path, data))


def computed_packages(doc: Document, node: ast.AST) -> Unread:
    """What is stated of packages that only a run would give."""
    what = written(doc, node) or "an expression"
    return doc.unread("its packages are computed when it runs", place(doc, node), what=what[:200])


def _span(doc: Document, node: ast.AST) -> tuple[int, int] | None:
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
    if line is None or column is None:
        return None
    offsets = _offsets(_text(doc))
    start = offsets.offset(line, column)
    end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return start, start if end_line is None or end_column is None else offsets.offset(end_line, end_column)


class _Offsets:
    """From the lines and byte columns of a syntax tree to offsets, each in a time that no length of a line changes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
        self._lines: dict[int, _WideLine] = {}

    def offset(self, line: int, column: int) -> int:
        """The offset of a column of a line, lines from 1, columns in bytes from 0."""
        if line > len(self._starts):
            return len(self._text)
        start = self._starts[line - 1]
        if self._text.isascii():
            return start + column
        if line not in self._lines:
            end = self._starts[line] if line < len(self._starts) else len(self._text)
            self._lines[line] = _WideLine(self._text[start:end])
        return start + self._lines[line].characters(column)


class _WideLine:
    """A line of which characters may take several bytes; how many precede each block is counted once."""

    def __init__(self, line: str) -> None:
        self._raw = line.encode("utf-8", "surrogatepass")
        self._before = [0]
        for start in range(0, len(self._raw), _BLOCK):
            self._before.append(self._before[-1] + _characters(self._raw[start : start + _BLOCK]))

    def characters(self, column: int) -> int:
        """How many characters begin before a byte."""
        block = min(column, len(self._raw)) // _BLOCK
        return self._before[block] + _characters(self._raw[block * _BLOCK : column])


def _characters(raw: bytes) -> int:
    return len(raw.translate(None, _CONTINUATION_BYTES))


@lru_cache(maxsize=4)
def _offsets(text: str) -> _Offsets:
    return _Offsets(text)
