"""`mlaudit snapshot`: an environment that mlaudit itself wrote down."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Fact, Kind, Layer, Statement
from mlaudit.parsers._registry import parser

_SCHEMA = "mlaudit.snapshot/1"
_MARK = b'"mlaudit.snapshot/'


def _looks_like_it(doc: Document) -> bool:
    return _MARK in doc.head[:4096]


@parser(
    kind="dump",
    files=["*.snapshot.json", "mlaudit-snapshot.json"],
    content=_looks_like_it,
    marks=[_MARK],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """Every installed package, the Python and the machine."""
    schema = doc.json.get("schema").maybe_text()
    if schema != _SCHEMA:
        raise Unreadable(f"its schema is {schema!r}; this mlaudit reads {_SCHEMA}")
    python = doc.json.get("python")
    yield doc.pin(Layer.INSTALLED, "python", python.text(), at=doc.at(*python.route), kind=Kind.PYTHON)
    for key in ("platform", "machine", "implementation"):
        stated = doc.json.get(key)
        if stated.exists:
            yield Fact(key=key, value=stated.text(), at=doc.at(*stated.route))
    yield from doc.guarded(doc.json.get("packages").each(), lambda node: _package(doc, node))


def _package(doc: Document, node: Node) -> Iterator[Statement]:
    version = node.get("version")
    source = node.get("source").maybe_text() or "index"
    yield doc.pin(
        Layer.INSTALLED,
        node.get("name").text(),
        version.text(),
        at=doc.at(*version.route),
        source=source,
        origin=node.get("origin").maybe_text(),
        kind=Kind.LOCAL if source == "path" else Kind.PACKAGE,
    )
