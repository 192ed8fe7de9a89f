"""Parquet files: the footer names the library that wrote it, and the pandas whose frame it was."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.columnar import columnar
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"PAR1"
FOOTER = 16 * 1024 * 1024
"""Bytes of a footer that are searched; those of wide tables have a few megabytes."""
_END = 8


def _is_parquet(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


# No name patterns: tables are data, and those that lie about in a project are not taken for its models.
@parser(kind="artifact", files=[], access="binary", content=_is_parquet)
def read(doc: Document) -> Iterator[Statement]:
    """`created_by` and the key-value metadata (https://github.com/apache/parquet-format), as texts in the footer."""
    with doc.stream() as stream:
        window = whole(stream)
        end = window.upto(max(0, window.size - _END), _END)
        if window.upto(0, len(MAGIC)) != MAGIC or window.size < 2 * len(MAGIC) + 4 or not end.endswith(MAGIC):
            raise Unreadable("it does not begin and end with PAR1; a Parquet file does, so it is cut or another")
        length = int.from_bytes(end[:4], "little")
        start = window.size - _END - length
        if start < len(MAGIC):
            raise Unreadable(f"its footer is said to have {length} bytes, more than the file")
        footer = window.upto(start, min(length, FOOTER))
    yield from columnar(doc, footer, "parquet")
    if length > FOOTER:
        yield doc.unread(f"its footer has {length} bytes, and {FOOTER} are searched")
