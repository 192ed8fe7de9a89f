"""hatch.toml: the environments that Hatch makes."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.pypi import hatch_environments
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_ENVIRONMENT = lazy_pattern(rb"(?m)^\[envs\.[\w.\"'-]{1,128}\]")


def _looks_like_it(doc: Document) -> bool:
    return _ENVIRONMENT.search(doc.head) is not None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(kind="manifest", files=["hatch.toml"], content=_looks_like_it, marks=[b"[envs."])
def read(doc: Document) -> Iterator[Statement]:
    """The environments at the top of the document."""
    yield from waivers.in_comments(doc)
    yield from hatch_environments.statements(doc, doc.toml)
