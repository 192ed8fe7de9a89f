"""Standard input as a document."""

from __future__ import annotations

import sys

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.model.errors import Unreadable


def document() -> Document:
    """The document on standard input, reported as `-`. Raises Unreadable past the limit of documents read whole."""
    data = sys.stdin.buffer.read(WHOLE_LIMIT + 1)
    if len(data) > WHOLE_LIMIT:
        raise Unreadable(f"standard input has more than {WHOLE_LIMIT} bytes")
    return Document("-", data)
