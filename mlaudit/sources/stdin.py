"""Standard input as a document."""

from __future__ import annotations

import sys

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.model.errors import Unreadable, UsageError


def document() -> Document:
    """The document on standard input, reported as `-`. Raises Unreadable past the limit.

    Raises UsageError where standard input is closed or fails.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    try:
        data = sys.stdin.buffer.read(WHOLE_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"standard input cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > WHOLE_LIMIT:
        raise Unreadable(f"standard input has more than {WHOLE_LIMIT} bytes")
    return Document("-", data)
