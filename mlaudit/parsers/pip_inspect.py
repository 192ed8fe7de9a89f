"""The reports of `pip inspect` (all that is installed) and `pip install --report` (what one command would install)."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.pypi.installed_text import Metadata, Origin, installed, origin
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Statement, Unread
from mlaudit.parsers._registry import parser

# https://pip.pypa.io/en/stable/reference/inspect-report/ and .../installation-report/
_VERSION = "1"
_ENVIRONMENT = (
    ("sys_platform", "platform"),
    ("platform_machine", "machine"),
    ("implementation_name", "implementation"),
)


def _looks_like_it(doc: Document) -> bool:
    head = doc.head.lstrip()[:1024]
    return head.startswith(b"{") and b'"pip_version"' in head


@parser(
    kind="dump",
    files=["*pip*inspect*.json", "pip*report*.json"],
    content=_looks_like_it,
    marks=[b'"pip_version"'],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """Every distribution with its edges, and the Python and platform that pip ran on."""
    report = doc.json
    version = report.get("version").maybe_text()
    if version != _VERSION:
        raise Unreadable(f"it is a report of version {version!r}, and only version {_VERSION!r} is known")
    yield from _environment(doc, report.get("environment"))
    whole = report.get("installed").exists
    if not whole:
        yield Fact(key="complete", value="no", at=doc.at("install"))
    nodes = (report.get("installed") if whole else report.get("install")).each()
    yield from doc.guarded(nodes, lambda node: (_distribution(doc, node, whole),))


def _environment(doc: Document, environment: Node) -> Iterator[Statement]:
    if not environment.exists:
        return
    python = environment.get("python_full_version").maybe_text()
    if python:
        at = doc.at(*environment.get("python_full_version").route)
        yield doc.pin(Layer.INSTALLED, "python", python, kind=Kind.PYTHON, at=at)
    for key, fact in _ENVIRONMENT:
        value = environment.get(key).maybe_text()
        if value:
            yield Fact(key=fact, value=value, at=doc.at(*environment.get(key).route))


def _distribution(doc: Document, node: Node, whole: bool) -> Pin | Unread:
    described = node.get("metadata")
    name, version = described.get("name").text(), described.get("version").maybe_text()
    at = doc.at(*(described.get("version") if version else described).route)
    stated = Metadata(
        requires_python=described.get("requires_python").maybe_text(),
        requires_dist=described.get("requires_dist").texts(),
    )
    layer = Layer.INSTALLED if whole else Layer.LOCKED
    return installed(doc, name, version, at, _origin(node, whole), layer, stated)


def _origin(node: Node, whole: bool) -> Origin:
    if whole:
        return origin(node.get("direct_url"))
    return origin(node.get("download_info")) if node.get("is_direct").flag() else Origin()
