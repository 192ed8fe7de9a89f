"""Serialized query plans of polars (LazyFrame.serialize): the version of the plan's language, no release of polars."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_MAGIC = b"DSL_VERSION"
_VERSIONED = ">=1.23"
"""Releases whose plans begin with the magic (https://github.com/pola-rs/polars/pull/21383; measured: 1.22 has none)."""
_NODES = ("DataFrameScan", "Filter", "GroupBy", "HStack", "Join", "MapFunction", "Scan", "Select", "Slice", "Sort")
"""What a plan begins with: the operation that is carried out last."""
_JSON = tuple(f'{{"{node}":'.encode() for node in _NODES)
_CBOR = tuple(bytes((0xA1, 0x60 + len(node))) + node.encode() for node in _NODES)


def _is_plan(doc: Document) -> bool:
    head = doc.head
    return head.startswith((_MAGIC, *_CBOR)) or (head.startswith(_JSON) and b'Scan":' in head)


# No name patterns: polars gives such files no name, and plans that lie about in a project are not taken for its models.
@parser(kind="artifact", files=[], access="binary", content=_is_plan, starts=[_MAGIC, *_JSON, *_CBOR])
def read(doc: Document) -> Iterator[Statement]:
    """The magic, major and minor number of the language; older plans and JSON have neither."""
    head = doc.head
    if not _is_plan(doc):
        raise Unreadable("it does not begin as a query plan of polars does")
    if not head.startswith(_MAGIC):
        form = "JSON" if head.startswith(b"{") else "CBOR"
        yield artifact(doc, "polars.plan", classes=("LazyFrame",), says=(f"a plan as {form}",))
        yield ranged(doc, "polars", None, "polars.plan", detail="it names no version")
        return
    number = head[len(_MAGIC) : len(_MAGIC) + 4]
    if len(number) < 4:
        raise Unreadable("it ends inside the version of the plan")
    dsl = f"{int.from_bytes(number[:2], 'little')}.{int.from_bytes(number[2:], 'little')}"
    yield artifact(doc, "polars.plan", classes=("LazyFrame",), says=(f"plan version {dsl}",))
    yield ranged(doc, "polars", _VERSIONED, "polars.plan", detail="by its first bytes", numbers={"dsl": dsl})
