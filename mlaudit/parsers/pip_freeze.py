"""The output of `pip freeze` or `uv pip freeze`, chosen by --as: everything that is installed."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.pypi import requirements_file
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Layer, Statement
from mlaudit.parsers._registry import parser


@parser(kind="dump", complete=True)
def read(doc: Document) -> Iterator[Statement]:
    """The installed distributions, each with its version."""
    if not doc.text.strip():
        raise Unreadable("it is empty; an environment that serves has packages")
    yield from requirements_file.statements(doc, Layer.INSTALLED)
