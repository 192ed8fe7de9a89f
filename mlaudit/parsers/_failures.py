"""Exceptions met while one document is read, as sentences: what the document provokes must not end the audit.

Tests and fuzzers call `reraise_defects`, so that a defect of the program is not hidden from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.nouns import Place, Unread
from mlaudit.sources.paths import refusal

_RERAISED: ContextVar[bool] = ContextVar("mlaudit_reraised_defects", default=False)


@contextmanager
def reraise_defects(*, wanted: bool = True) -> Iterator[None]:
    """Within this context `reason` raises what is a defect of the program instead of wording it."""
    token = _RERAISED.set(wanted)
    try:
        yield
    finally:
        _RERAISED.reset(token)


def reason(error: Exception) -> str:
    """Why reading a document ended, as a sentence part for the user."""
    if isinstance(error, (Unreadable, Malformed)):
        return error.why if isinstance(error, Unreadable) else str(error)
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, OSError):
        return refusal(error)
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if _RERAISED.get():
        raise error
    if isinstance(error, MemoryError):
        return "reading it needs more memory than there is"
    return f"mlaudit failed on this file: {type(error).__name__}; this is a defect of mlaudit, please report it"


def unread(doc: Document, error: Exception) -> Unread:
    """What an exception leaves unread of a document, at the place that the exception knows."""
    return Unread(at=_place(doc, error), why=reason(error), whole=True)


def _place(doc: Document, error: Exception) -> Place:
    if isinstance(error, Unreadable):
        return doc.place(error.line, error.column)
    if not isinstance(error, Malformed):
        return doc.place()
    try:
        return doc.at(*error.route)
    except Exception as failure:
        reason(failure)
        return doc.place()
