"""`files/requirements.txt` of a W&B run: what `pip freeze` would have named when the run began.

Source: https://docs.wandb.ai/guides/track/log/ (files that a run saves).
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.pypi import requirements_file
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Layer, Statement
from mlaudit.parsers._registry import parser


@parser(kind="dump", files=["wandb/*/files/requirements.txt", "wandb-requirements*.txt"], complete=True)
def read(doc: Document) -> Iterator[Statement]:
    """The installed distributions, each with its version."""
    if not doc.text.strip():
        raise Unreadable("it is empty; W&B lists every installed package, itself at least")
    yield from requirements_file.statements(doc, Layer.INSTALLED)
