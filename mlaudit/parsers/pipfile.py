"""Pipfile: what a project of pipenv requires, by category."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.pypi import pipfile_text
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Layer, Root, Statement
from mlaudit.parsers._registry import parser

_NO_CATEGORY = frozenset(("source", "requires", "scripts", "pipenv"))
_SECTION = lazy_pattern(rb"(?m)^\[(?:dev-)?packages\]\s*(?:#.*)?$")


def _looks_like_it(doc: Document) -> bool:
    return _SECTION.search(doc.head) is not None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(kind="manifest", files=["Pipfile"], content=_looks_like_it, marks=[b"packages]"])
def read(doc: Document) -> Iterator[Statement]:
    """Every package; those outside `[packages]` are in the group that Pipfile.lock gives them."""
    yield from waivers.in_comments(doc)
    root = doc.toml
    categories = [name for name, node in root.items() if name not in _NO_CATEGORY and node.is_table]
    groups = tuple(_group(name) for name in categories if name != "packages")
    yield Root(name="Pipfile", groups=groups, at=doc.at("packages"))
    addresses, facts = pipfile_text.indexes(doc, root.get("source"))
    yield from facts
    yield from pipfile_text.python(doc, root.get("requires"))
    for category in categories:
        read_one = partial(_package, doc, () if category == "packages" else (_group(category),), addresses)
        yield from doc.guarded((node for _, node in root.get(category).items()), read_one)


def _package(doc: Document, groups: tuple[str, ...], addresses: dict[str, str], node: Node) -> Iterator[Statement]:
    yield from pipfile_text.package(doc, node, Layer.DECLARED, groups, addresses)


def _group(category: str) -> str:
    return pipfile_text.DEVELOPMENT if category == "dev-packages" else category
