"""BentoML's bentofile.yaml: packages for pip and conda, and the image that a Bento is built on."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import bento_build, rewriting, waivers
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_SERVICE = lazy_pattern(rb"(?m)^service:[ \t]*[\"']?[\w./-]+(?::\w+)?[\"']?[ \t\r]*$")
_OWN = lazy_pattern(rb"(?m)^(?:python|include|exclude|docker|conda|models|labels|envs|description):")


def _looks_like_it(doc: Document) -> bool:
    return _SERVICE.search(doc.head) is not None and _OWN.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(kind="descriptor", files=["bentofile.yaml", "bentofile.yml"], content=_looks_like_it, marks=[b"service:"])
def read(doc: Document) -> Iterator[Statement]:
    """`docker`, then `conda`, then `python`, which is the order in which BentoML builds."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `service` and `python.packages`")
    yield from bento_build.statements(doc, root)
