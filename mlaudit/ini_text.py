"""INI files as configparser reads them, with the place of every line: sections, keys, values of several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlaudit.document import Document
from mlaudit.script_text import Script, line_and_column

MAX_LINES = 100_000
"""Lines that are read of one document."""

_SECTION = re.compile(r"\[([^\]\n]{1,256})\]")
_KEY = re.compile(r"([A-Za-z0-9_.\-]{1,128}(?:[ \t]*\{[^{}]{0,64}\})?)[ \t]*[=:][ \t]*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its section, its key, and its lines, comments left out."""

    section: str
    key: str
    lines: tuple[Script, ...]

    @property
    def text(self) -> str:
        """The value with its lines joined."""
        return "\n".join(line.text for line in self.lines)


def options(doc: Document) -> Iterator[Option]:
    """The options in the order of the document; what stands before the first section has the section ''."""
    section, key, held = "", "", list[Script]()
    for offset, line in _lines(doc):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        indented = line[0] in " \t"
        header = None if indented else _SECTION.match(bare)
        found = None if indented or header else _KEY.match(line)
        if (header or found) and key:
            yield Option(section=section, key=key, lines=tuple(held))
            key, held = "", []
        if header:
            section = header.group(1).strip()
        elif found:
            key = found.group(1)
            held += _piece(doc, offset + found.start(2), found.group(2))
        elif key:
            held += _piece(doc, offset, line)
    if key:
        yield Option(section=section, key=key, lines=tuple(held))


def _lines(doc: Document) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in doc.text.split("\n", MAX_LINES)[:MAX_LINES]:
        yield offset, line.rstrip("\r")
        offset += len(line) + 1


def _piece(doc: Document, offset: int, text: str) -> list[Script]:
    """A line without the blanks around it and without a comment behind it."""
    comment = re.search(r"[ \t][#;]", text)
    text = text[: comment.start()] if comment else text
    bare = text.strip()
    if not bare:
        return []
    start = offset + len(text) - len(text.lstrip())
    line, column = line_and_column(doc, start)
    return [Script(doc, bare, [(0, start)], doc.place(line, column, start, start + len(bare)))]
