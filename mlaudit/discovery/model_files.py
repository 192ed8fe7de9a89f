"""Model files among the paths of a folder, by their names alone: which may be some, and which belong to one series."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mlaudit.knowledge.roles import words
from mlaudit.parsers._registry import named

MAX_MODELS = 200
"""Model files of one folder that are read; of a longer series the first ones, and others are counted."""
SHOWN = 6
"""Paths that a sentence names."""

_NUMBER = re.compile(r"[0-9]+")


def may_be_model(path: str) -> bool:
    """Whether the name of a file is one that model files have; descriptions of models are documents."""
    return any(parser.artifact and parser.format not in words().descriptors for parser in named(path))


def by_series(paths: Iterable[str]) -> list[str]:
    """Paths so that the first of every series (`model-#-of-#.safetensors`) comes before the second of any."""
    counts: dict[str, int] = {}
    numbered: list[tuple[int, int, str]] = []
    for order, path in enumerate(paths):
        series = _NUMBER.sub("#", path)
        counts[series] = counts.get(series, 0) + 1
        numbered.append((counts[series], order, path))
    return [path for _, _, path in sorted(numbered)]


def shown_names(paths: Sequence[str]) -> str:
    """Some paths in one text, `SHOWN` of them, and how many there are besides."""
    more = len(paths) - SHOWN
    names = ", ".join(paths[:SHOWN])
    return f"{names} and {more:,} more" if more > 0 else names
