"""Parquet files: the footer names the library that wrote it, and the pandas whose frame it was."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.columnar import footer_statements
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

MAGIC = b"PAR1"
_FOOTER = (b"\x15", b"\0")
"""FileMetaData in Thrift's compact protocol: its first field, `version`, is a required i32; a structure ends with 0."""


def _is_parquet(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


# No name patterns: tables are data, and those that lie about in a project are not taken for its models.
@parser(kind="artifact", files=[], access="binary", content=_is_parquet, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """`created_by` and the key-value metadata (https://github.com/apache/parquet-format), as texts in the footer."""
    yield from footer_statements(doc, MAGIC, "parquet", "a Parquet file", around=_FOOTER)
