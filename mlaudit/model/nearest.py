"""The word that somebody meant: what is nearest to one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable

LISTED = 20
"""Known words that are all named if none of them is near."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like another one, None if none is like it."""
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return near[0] if near else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or all that is possible if nothing is near and that is not much."""
    ordered = sorted(known)
    near = nearest(word, ordered)
    if near is not None:
        return f'; did you mean "{near}"?'
    return f"; known here: {', '.join(ordered)}" if 0 < len(ordered) <= LISTED else ""
