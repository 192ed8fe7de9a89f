"""Standard input as a document."""

from __future__ import annotations

import sys

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.model.errors import Unreadable


def document() -> Document:
    """The document on standard input, reported as `-`. Raises Unreadable past the limit of documents read whole."""
    if sys.stdin is None:
        raise Unreadable("standard input is closed")
    try:
        data = sys.stdin.buffer.read(WHOLE_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(f"standard input cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > WHOLE_LIMIT:
        raise Unreadable(f"standard input has more than {WHOLE_LIMIT} bytes")
    return Document("-", data)
