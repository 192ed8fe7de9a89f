"""What a user did wrong, as far as no document is at fault."""

from __future__ import annotations


class UsageError(Exception):
    """A command line, or a file named on it, that cannot be used; the message says what was expected."""
