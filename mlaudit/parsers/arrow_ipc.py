"""Arrow IPC files (Feather V2): the schema's metadata name the library that wrote it, and the pandas of its frame."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.columnar import footer_statements
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"ARROW1"


def _is_arrow(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


# No name patterns: tables are data, and those that lie about in a project are not taken for its models.
@parser(kind="artifact", files=[], access="binary", content=_is_arrow, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """The footer (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format) holds the schema once more."""
    yield from footer_statements(doc, MAGIC, "arrow", "an Arrow file")
