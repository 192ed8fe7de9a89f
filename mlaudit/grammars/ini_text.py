"""INI files as configparser reads them, with the place of every line: sections, keys, values of several lines."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.shell.script_text import Script, line_and_column
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread

MAX_LINES = 100_000
"""Lines that are read of one document."""

_SECTION = lazy_pattern(r"\[([^\]\n]{1,256})\]")
_COMMENT = lazy_pattern(r"[ \t][#;]")
_KEY = lazy_pattern(r"([A-Za-z0-9_.\-]{1,128}(?:[ \t]*\{[^{}]{0,64}\})?)[ \t]*[=:][ \t]*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class IniOption:
    """One option: its section, its key, and its lines, comments left out."""

    section: str
    key: str
    lines: tuple[Script, ...]

    @property
    def text(self) -> str:
        """The value with its lines joined."""
        return "\n".join(line.text for line in self.lines)


def options(doc: Document) -> Iterator[IniOption | Unread]:
    """The options in the order of the document; a line that is not one, or precedes a section, is an Unread."""
    reader = _IniReader(doc)
    offset = 0
    for line in doc.text.split("\n", MAX_LINES)[:MAX_LINES]:
        if line.strip() and line.strip()[0] not in "#;":
            yield from reader.feed(offset, line.rstrip("\r"))
        offset += len(line) + 1
    yield from reader.finish()
    if offset < len(doc.text):
        at = doc.place(*line_and_column(doc, offset))
        yield doc.unread(f"it has more than {MAX_LINES:,} lines; what follows is not read", at)


class _IniReader:
    """Collects lines to options."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.section = ""
        self.key = ""
        self.held: list[Script] = []

    def finish(self) -> Iterator[IniOption]:
        """The option that is open."""
        if self.key:
            yield IniOption(section=self.section, key=self.key, lines=tuple(self.held))
        self.key, self.held = "", []

    def feed(self, offset: int, line: str) -> Iterator[IniOption | Unread]:
        """One line that is neither empty nor a comment."""
        if line[0] in " \t":
            if self.key:
                self.held += _piece(self.doc, offset, line)
            else:
                yield _stray(self.doc, offset, line)
            return
        yield from self.finish()
        header, match = _SECTION.match(line), _KEY.match(line)
        if header:
            self.section = header.group(1).strip()
        elif match and self.section:
            self.key = match.group(1)
            self.held = _piece(self.doc, offset + match.start(2), match.group(2))
        else:
            yield _stray(self.doc, offset, line)


def _stray(doc: Document, offset: int, line: str) -> Unread:
    start = offset + len(line) - len(line.lstrip())
    number, column = line_and_column(doc, start)
    at = doc.place(number, column, start, start + len(line.strip()))
    return doc.unread("expected `key = value` below a `[section]`", at, what=line)


def _piece(doc: Document, offset: int, text: str) -> list[Script]:
    """A line without the blanks around it and without a comment behind it."""
    comment = _COMMENT.search(text)
    text = text[: comment.start()] if comment else text
    bare = text.strip()
    if not bare:
        return []
    start = offset + len(text) - len(text.lstrip())
    line, column = line_and_column(doc, start)
    return [Script(doc, bare, [(0, start)], doc.place(line, column, start, start + len(bare)))]
