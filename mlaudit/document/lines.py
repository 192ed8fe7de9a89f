"""Offsets in a text as lines and columns, both from 1: only a line feed ends a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache


@lru_cache(maxsize=8)
def line_starts(text: str) -> tuple[int, ...]:
    """The offsets at which the lines of a text begin."""
    return (0, *(newline.end() for newline in re.finditer("\n", text)))


def line_at(text: str | bytes, offset: int) -> int:
    """The line of an offset, for texts that are asked once."""
    return (text.count(b"\n", 0, offset) if isinstance(text, bytes) else text.count("\n", 0, offset)) + 1


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, for texts that are asked often."""
    starts = line_starts(text)
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1
