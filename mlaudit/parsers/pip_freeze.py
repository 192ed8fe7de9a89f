"""The output of `pip freeze` or `uv pip freeze`, told by --as: everything that is installed."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document import Document
from mlaudit.errors import Unreadable
from mlaudit.grammars import requirements_file
from mlaudit.model import Layer, Statement
from mlaudit.registry import parser


@parser(complete=True)
def read(doc: Document) -> Iterator[Statement]:
    """The installed distributions, each with its version."""
    if not doc.text.strip():
        raise Unreadable("it is empty; `pip freeze` of an environment that serves anything is not")
    yield from requirements_file.statements(doc, Layer.INSTALLED)
