"""The output of `pip list` and `uv pip list`: columns, freeze, json, and the columns of old pips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.dump_text import limited_text
from mlaudit.grammars.pypi.installed_text import Metadata, Origin, installed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

MAX_LINE = 4096
"""Characters of one row."""

_HEADER = lazy_pattern(r"Package {1,256}Version\b.{0,512}")
_RULE = lazy_pattern(r"-{2,512}(?: {1,4}-{2,512}){1,8}\s{0,8}")
_FREEZE = lazy_pattern(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200})={2,3}(?P<version>[^\s=]{1,256})")
_LEGACY = lazy_pattern(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200}) \((?P<version>[^,()\s]{1,256})(?:, (?P<path>.{1,1024}))?\)"
)
_WORD = lazy_pattern(r"\S+")
_RAN_ON = lazy_pattern(r"Using (?:C?Python|python) (?P<version>\d{1,3}\.\d{1,3}\.\d{1,3}\S{0,16}) environment")
_JSON = lazy_pattern(rb'\s{0,64}\[\s{0,64}\{\s{0,64}"(?:name|editable_project_location|latest_version|location)":')
# What pip and uv say around the table, on the same terminal.
_ASIDE = lazy_pattern(
    r"(?:\[notice\]|WARNING:|DEPRECATION:|warning:|Using |You are using pip|You should consider|---$).{0,4096}"
)


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if _JSON.match(head):
        others = (b'"channel"', b'"build_number"', b'"installed_status"')
        return b'"version":' in head and not any(key in head for key in others)
    lines = doc.text[:65536].split("\n")[:20]
    return any(_HEADER.fullmatch(line.rstrip()) and _RULE.fullmatch(rule.rstrip()) for line, rule in pairwise(lines))


@parser(
    kind="dump",
    files=["pip*list*.txt", "pip*list*.json", "piplist*"],
    content=_looks_like_it,
    marks=[b'"version":', b"Package "],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """Every row as an installed distribution."""
    if not limited_text(doc).strip():
        raise Unreadable("it is empty; `pip list` names at least itself")
    yield from _json(doc) if doc.text.lstrip().startswith("[") else _text(doc)


def _json(doc: Document) -> Iterator[Statement]:
    outdated = False
    for node in doc.json.each():
        outdated = outdated or (node.is_table and node.get("latest_version").exists)
        yield from doc.guarded([node], lambda entry: (_entry(doc, entry),))
    if outdated:
        yield _partial(doc.place(1, 1))


def _partial(at: Place) -> Fact:
    """`pip list --outdated` names some of what is installed."""
    return Fact(key="complete", value="no", at=at)


def _entry(doc: Document, node: Node) -> Pin | Unread:
    name, version = node.get("name").text(), node.get("version").maybe_text()
    at = doc.at(*(node.get("version") if version else node).route)
    return _installed(doc, name, version, at, node.get("editable_project_location").maybe_text())


def _installed(doc: Document, name: str, version: str | None, at: Place, location: str | None) -> Pin | Unread:
    came = Origin()
    if location:
        came = Origin(kind=Kind.LOCAL, source="path", origin=location, detail=f"editable: {location}")
    return installed(doc, name, version, at, came, Layer.INSTALLED, Metadata())


def _text(doc: Document) -> Iterator[Statement]:
    """Rows of columns once a header was seen, else of one of the other shapes."""
    columns: list[tuple[int, int]] = []
    header = ""
    offset = 0
    for number, raw in enumerate(doc.text.split("\n"), start=1):
        line, start = raw.rstrip(), offset
        offset += len(raw) + 1
        if _HEADER.fullmatch(line):
            header = line
            if "Latest" in header.split():
                yield _partial(doc.place(number, 1))
        elif header and not columns and _RULE.fullmatch(line):
            columns = [match.span() for match in re.finditer("-+", line)]
        elif line:
            yield from _row(doc, line, _ListedRow(number, start, header, columns))


class _ListedRow:
    """Where a row is, and the columns that its header drew."""

    def __init__(self, number: int, start: int, header: str, columns: list[tuple[int, int]]) -> None:
        self.number = number
        self.start = start
        self.header = header
        self.columns = columns

    def cell(self, line: str, index: int) -> str:
        """The text in a column; the last column runs to the end."""
        if index >= len(self.columns):
            return ""
        end = self.columns[index + 1][0] if index + 1 < len(self.columns) else len(line)
        return line[self.columns[index][0] : end].strip()

    def named(self, line: str) -> tuple[str, str, int]:
        """The name and the version of a row, and where the version begins; neither holds a blank.

        A row that was edited may reach over the borders of the columns: then it is read by its words.
        """
        name, version, column = self.cell(line, 0), self.cell(line, 1), self.columns[1][0]
        if all(line[start - 1 : start].strip() == "" for start, _ in self.columns[1:3]):
            return name, version, column
        words = list(_WORD.finditer(line[:MAX_LINE]))[:2]
        return words[0][0], words[1][0] if len(words) > 1 else "", words[-1].start()

    def location(self, line: str) -> str | None:
        """The cell under `Editable project location`."""
        at = self.header.find("Editable project location")
        return next((self.cell(line, i) for i, (start, _) in enumerate(self.columns) if start == at), None) or None


def _row(doc: Document, line: str, row: _ListedRow) -> Iterator[Statement]:
    ran_on = _RAN_ON.search(line[:MAX_LINE])
    if ran_on:
        at = _at(doc, row, *ran_on.span("version"))
        yield doc.pin(Layer.INSTALLED, "python", ran_on["version"], kind=Kind.PYTHON, at=at)
    elif _ASIDE.match(line) and not _fills_columns(line, row):
        return
    elif row.columns:
        name, version, column = row.named(line)
        yield _installed(doc, name, version, _at(doc, row, column, column + len(version)), row.location(line))
    else:
        yield _loose(doc, line, row)


def _fills_columns(line: str, row: _ListedRow) -> bool:
    """True for a row of the table: a package may be called `Using`, as the first word of a remark is."""
    return bool(row.columns) and " " not in row.cell(line, 0) and parsed(row.cell(line, 1)) is not None


def _loose(doc: Document, line: str, row: _ListedRow) -> Pin | Unread:
    """A row of the freeze format, or of pip before 10."""
    match = _FREEZE.fullmatch(line[:MAX_LINE]) or _LEGACY.fullmatch(line[:MAX_LINE])
    if match is None:
        why = "a row of `pip list` was expected: `name version`, `name==version` or `name (version)`"
        return doc.unread(why, _at(doc, row, 0, len(line)), what=line)
    location = match["path"] if "path" in match.re.groupindex else None
    return _installed(doc, match["name"], match["version"], _at(doc, row, *match.span("version")), location)


def _at(doc: Document, row: _ListedRow, start: int, end: int) -> Place:
    return doc.place(row.number, start + 1, row.start + start, row.start + end)
