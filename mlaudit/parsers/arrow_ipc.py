"""Arrow IPC files (Feather V2): the schema's metadata name the library that wrote it, and the pandas of its frame."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.columnar import columnar
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"ARROW1"
FOOTER = 16 * 1024 * 1024
"""Bytes of a footer that are searched; it repeats the schema with its metadata."""
_END = 4 + len(MAGIC)


def _is_arrow(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


# No name patterns: tables are data, and those that lie about in a project are not taken for its models.
@parser(kind="artifact", files=[], access="binary", content=_is_arrow)
def read(doc: Document) -> Iterator[Statement]:
    """The footer (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format) holds the schema once more."""
    with doc.stream() as stream:
        window = whole(stream)
        end = window.upto(max(0, window.size - _END), _END)
        if window.upto(0, len(MAGIC)) != MAGIC or window.size < len(MAGIC) + _END or not end.endswith(MAGIC):
            raise Unreadable("it does not begin and end with ARROW1; an Arrow file does, so it is cut or another")
        length = int.from_bytes(end[:4], "little")
        start = window.size - _END - length
        if start < len(MAGIC):
            raise Unreadable(f"its footer is said to have {length} bytes, more than the file")
        footer = window.upto(start, min(length, FOOTER))
    yield from columnar(doc, footer, "arrow")
    if length > FOOTER:
        yield doc.unread(f"its footer has {length} bytes, and {FOOTER} are searched")
