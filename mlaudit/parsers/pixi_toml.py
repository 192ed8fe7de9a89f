"""pixi.toml: conda's and PyPI's dependencies of each environment."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.conda import pixi_manifest
from mlaudit.grammars.pypi import overrides
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_WORKSPACE = lazy_pattern(rb"(?m)^\[(?:workspace|project)\]\s*(?:#.*)?$")
_CHANNELS = lazy_pattern(rb"(?m)^channels\s*=")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _WORKSPACE.search(head) is not None and _CHANNELS.search(head) is not None


rewrite = rewriting.conda_or_pip
"""How a version in it is replaced, of conda or of PyPI."""


@parser(kind="manifest", files=["pixi.toml"], content=_looks_like_it, marks=[b"channels"])
def read(doc: Document) -> Iterator[Statement]:
    """The manifest at the top of the document."""
    yield from waivers.in_comments(doc)
    yield from overrides.applied(pixi_manifest.statements(doc, doc.toml))
