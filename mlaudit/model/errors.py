"""Errors that end a command or a document, each with a sentence for the user."""

from __future__ import annotations

from mlaudit.model.secrets import masked


class MlauditError(Exception):
    """What every error of this package is; the message is a sentence for the user, its credentials masked."""

    def __str__(self) -> str:
        """The sentence."""
        return masked(super().__str__())


class UsageError(MlauditError):
    """A command line, or a file named on it, that cannot be used; the message states what was expected."""


class Unreadable(MlauditError):
    """Nothing of a document can be read; `why` is a sentence part for the user."""

    def __init__(self, why: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column
