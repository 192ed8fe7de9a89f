"""Read one Python source or notebook: parse it, index it, and state what cannot be read with its line."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from mlaudit.code.nouns import ImportedModule, ModuleReading
from mlaudit.code.source import ModuleSource, index_module
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Unread

MAX_SOURCE = 500_000
"""Characters of a source; its syntax tree takes up to 400 bytes for each."""
MAX_NOTEBOOK = 16 * 1024 * 1024
"""Bytes of a notebook; most of them are outputs."""
MAX_CELLS = 2_000

_PYTHON_CELL = lazy_pattern(r"\s*%%(?:time|timeit|capture|prun)\b[^\n]*")
_OTHER_CELL = lazy_pattern(r"\s*%%")
_MAGIC = lazy_pattern(r"[ \t]*(?:[!%?]|[A-Za-z_][\w, ]{0,64}=[ \t]*[!%])")
_PYTHON_2 = lazy_pattern(r"^\s*(?:print\s+[\"'\w]|except\s+[\w.]+\s*,\s*\w+\s*:|exec\s+[\"'])", re.MULTILINE)


def parse_source_file(path: str, data: bytes) -> ModuleReading:
    """A `.py` file or notebook parsed and indexed, its uses not yet read; what cannot be read is in `unread`."""
    try:
        with document_budget():
            if path.endswith(".ipynb"):
                return _read_notebook(path, data)
            return _read_text(path, Document(path, data).text)
    except Unreadable as error:
        return _unread(path, error)


def parse_text(path: str, text: str) -> ModuleReading:
    """A Python source parsed and indexed, its uses not yet read; what cannot be read is in `unread`."""
    try:
        with document_budget():
            return _read_text(path, text)
    except Unreadable as error:
        return _unread(path, error)


def _unread(path: str, error: Unreadable) -> ModuleReading:
    place = Place(path=path, line=error.line, column=error.column)
    return ModuleReading(
        path=path, unread=(Unread(at=place, why=error.why, whole=True, exhausted=isinstance(error, BudgetExceeded)),)
    )


def _read_text(path: str, text: str) -> ModuleReading:
    return _reading(index_module(path, parse_source(text)))


def _reading(source: ModuleSource, unread: tuple[Unread, ...] = ()) -> ModuleReading:
    return ModuleReading(path=source.path, imports=tuple(_imports(source)), unread=unread, source=source)


def _imports(source: ModuleSource) -> Iterator[ImportedModule]:
    members: dict[tuple[str, int, int], list[str]] = {}
    for binding in source.imports:
        key = (binding.module, source.line(binding.point.line), binding.level)
        members.setdefault(key, []).extend([binding.member] if binding.member else [])
    for (module, line, level), names in members.items():
        yield ImportedModule(module=module, line=line, level=level, names=tuple(names))


def parse_source(text: str) -> ast.Module:
    """The syntax tree of a text. Raises Unreadable."""
    if len(text) > MAX_SOURCE:
        raise Unreadable(f"it has {len(text):,} characters; a Python source may have {MAX_SOURCE:,}")
    try:
        return parse_tree(text)
    except SyntaxError as error:
        raise Unreadable(_why(error), error.lineno, error.offset) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise Unreadable(f"it cannot be parsed as Python: {str(error) or 'nested too deeply'}") from None


def _why(error: SyntaxError) -> str:
    line = str(error.text)  # None, where the parser shows no line, is no word of these.
    if _PYTHON_2.match(line):
        return "it is Python 2, which is not read"
    if "{{" in line or "{%" in line or "<%" in line:
        return "it is a template, whose values are not known"
    return f"it is not valid Python 3: {error.msg}"


def _read_notebook(path: str, data: bytes) -> ModuleReading:
    if len(data) > MAX_NOTEBOOK:
        raise Unreadable(f"it has {len(data):,} bytes; a notebook may have {MAX_NOTEBOOK:,}")
    raw = Document(path, data).text
    body: list[ast.stmt] = []
    lines: list[int] = []
    unread: list[Unread] = []
    for cell, cell_lines in _located_cells(raw):
        try:
            tree = _parsed_cell(cell)
        except Unreadable as error:
            line = cell_lines[min(error.line or 1, len(cell_lines)) - 1] if cell_lines else None
            unread.append(Unread(at=Place(path=path, line=line), why=f"a cell was left out: {error.why}"))
            continue
        ast.increment_lineno(tree, len(lines))
        body.extend(tree.body)
        lines.extend(cell_lines)
    source = index_module(path, ast.Module(body=body, type_ignores=[]), tuple(lines))
    return _reading(source, tuple(unread))


def _located_cells(raw: str) -> Iterator[tuple[str, list[int]]]:
    """The code cells with the line of the file on which each of their lines is. Raises Unreadable."""
    cursor, line = 0, 1
    for parts in _cell_sources(raw):
        lines: list[int] = []
        is_new = True
        for part in filter(None, parts):
            start = _literal(raw, part, cursor)
            if start is not None:
                line += raw.count("\n", cursor, start)
                cursor = start
            lines.extend([line] * (part.count("\n") - part.endswith("\n") + is_new))
            is_new = part.endswith("\n")
        yield "".join(parts), lines or [line]


def _literal(raw: str, text: str, cursor: int) -> int | None:
    """Where a text is written out, or with its letters as numbers; None for blanks, which are everywhere."""
    for literal in (json.dumps(text, ensure_ascii=False), json.dumps(text)) if text.strip() else ():
        at = raw.find(literal, cursor)
        if at != -1:
            return at
    return None


def _cell_sources(raw: str) -> Iterator[list[str]]:
    try:
        root = json.loads(raw)
    except (ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise Unreadable(f"it is not a notebook: {getattr(error, 'msg', 'nested too deeply')}", line) from None
    sheets = root.get("worksheets") if isinstance(root, dict) else None
    holders = [root, *(sheets if isinstance(sheets, list) else [])]
    cells = [cell for holder in holders for cell in _list(holder, "cells")]
    for cell in cells[:MAX_CELLS]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input"))
            parts = source if isinstance(source, list) else [source]
            yield [part for part in parts if isinstance(part, str)]


def _list(holder: object, key: str) -> list[object]:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _parsed_cell(cell: str) -> ast.Module:
    """The tree of a cell; magics are taken out only where it is no Python with them."""
    try:
        return parse_source(cell)
    except Unreadable:
        return parse_source(_without_magics(cell))


def _without_magics(cell: str) -> str:
    """The cell with magics as `...`, so that the rest is Python and every line keeps its number."""
    lines = [] if _OTHER_CELL.match(cell) and not _PYTHON_CELL.match(cell) else cell.split("\n")
    for number, line in enumerate(lines):
        if _MAGIC.match(line):
            lines[number] = line[: len(line) - len(line.lstrip())] + "..."
    return "\n".join(lines)
