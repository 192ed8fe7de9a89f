"""Environment markers (PEP 508) as text."""

from __future__ import annotations


def both_markers(left: str | None, right: str | None) -> str | None:
    """The marker that holds where both do."""
    if not left or not right:
        return left or right
    return " and ".join(f"({marker})" if " or " in marker else marker for marker in (left, right))
