"""Which formats a content may be of, known by literal bytes of the index, so that only their parsers are imported."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.parsers._names import IndexedFormat
from mlaudit.parsers._registry import Parser, index, parser_of

_CODING = b"coding"
"""What the first two lines of a text hold that declare its encoding (PEP 263)."""
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""Byte-order marks of UTF-16 and UTF-32; what has none of them and zero bytes is no text."""


def possible_parsers(doc: Document) -> list[Parser]:
    """The parsers whose content test may hold for a document; all others are not imported. Raises Unreadable."""
    access = {"tree"} if doc.tree is not None else {"text", "binary"}
    return _parsers(doc, (name for name, entry in index().formats.items() if entry.access in access))


def possible_artifacts(doc: Document) -> list[Parser]:
    """The parsers of artifacts read by seeking whose content test may hold for a document. Raises Unreadable."""
    binary = (name for name, entry in index().formats.items() if entry.artifact and entry.access == "binary")
    return _parsers(doc, binary)


def _parsers(doc: Document, names: Iterator[str]) -> list[Parser]:
    opening = _Opening(doc)
    known = index().formats
    likely = (parser_of(name) for name in names if opening.may_be_of(known[name]))
    return [parser for parser in likely if parser is not None]


class _Opening:
    """The first bytes of a document, as far as a format looks at them, in lower case."""

    def __init__(self, doc: Document) -> None:
        self._doc = doc
        self._lowered: dict[int, bytes] = {}

    def may_be_of(self, entry: IndexedFormat) -> bool:
        """Whether the content test of a format may hold."""
        if not entry.has_content:
            return False
        if not (entry.starts or entry.marks) or entry.access == "tree":
            return True
        if entry.starts and self._doc.head.startswith(tuple(start.encode("latin-1") for start in entry.starts)):
            return True
        if not entry.marks:
            return False
        if entry.access == "text" and self._is_encoded:
            return True
        lowered = self._first(entry.sniffed if entry.access == "text" else len(self._doc.head))
        return any(mark.encode("latin-1") in lowered for mark in entry.marks)

    @property
    def _is_encoded(self) -> bool:
        """Whether the bytes of a text may be others than those of its marks."""
        head = self._doc.head
        return head.startswith(_WIDE_MARKS) or any(_CODING in line for line in head.split(b"\n", 2)[:2])

    def _first(self, size: int) -> bytes:
        if size not in self._lowered:
            self._lowered[size] = self._read(size).lower()
        return self._lowered[size]

    def _read(self, size: int) -> bytes:
        head = self._doc.head
        if size <= len(head) or self._doc.size <= len(head):
            return head
        with self._doc.stream() as stream:
            return stream.read(size)
