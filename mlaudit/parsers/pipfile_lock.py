"""Pipfile.lock: every package of every category with its version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi import pipfile_text
from mlaudit.grammars.relocking import LockTool
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Layer, Root, Statement
from mlaudit.parsers._registry import parser

SUPPORTED = 6
"""The only `pipfile-spec` there is (pipenv/vendor/plette/models/sections.py)."""


def _looks_like_it(doc: Document) -> bool:
    return doc.head.lstrip()[:1] == b"{" and b'"pipfile-spec"' in doc.head


lock_tool = LockTool(
    manifests=("Pipfile",),
    command=lambda package, version, _: ("pipenv", "upgrade", "--lock-only", f"{package}=={version}"),
    chooses=True,
)
"""The tool that updates it; the lock is never edited."""


@parser(kind="lock", files=["Pipfile.lock"], content=_looks_like_it, marks=[b'"pipfile-spec"'], complete=True)
def read(doc: Document) -> Iterator[Statement]:
    """`default` is always installed, `develop` and other categories are groups."""
    if not doc.text.strip():
        raise Unreadable("it is empty; Pipfile.lock is a JSON table with `_meta` and `default`")
    lock = doc.json
    meta = lock.get("_meta")
    _check(meta)
    categories = [name for name, node in lock.items() if name != "_meta" and node.is_table]
    yield Root(name="Pipfile.lock", groups=tuple(name for name in categories if name != "default"), at=doc.at("_meta"))
    addresses: dict[str, str] = {}
    if meta.exists:
        addresses, facts = pipfile_text.indexes(doc, meta.get("sources"))
        yield from facts
        yield from pipfile_text.python(doc, meta.get("requires"))
    for name, node in lock.items():
        if name != "_meta" and node.exists and not node.is_table:
            yield doc.unread("expected a table of packages", doc.at(*node.route), what=name)
    for category in categories:
        read_one = partial(_package, doc, () if category == "default" else (category,), addresses)
        yield from doc.guarded((node for _, node in lock.get(category).items()), read_one)


def _check(meta: Node) -> None:
    version = meta.get("pipfile-spec") if meta.exists else meta
    if version.exists and version.value != SUPPORTED:
        raise Malformed(f"pipfile-spec {version.value!r} is not known; {SUPPORTED} is read", version.route)


def _package(doc: Document, groups: tuple[str, ...], addresses: dict[str, str], node: Node) -> Iterator[Statement]:
    yield from pipfile_text.package(doc, node, Layer.LOCKED, groups, addresses)
