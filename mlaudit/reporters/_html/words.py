"""Long names that wrap behind their separators, so that a narrow page breaks no word in the middle."""

from __future__ import annotations

import re

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.reporters._escape import for_html

# A character reference (`&#39;`) has none of these separators inside.
_LONG = lazy_pattern(r"[\w./]{20,}")
_FOLDER = lazy_pattern(r"/(?=\w)")
_SEPARATOR = lazy_pattern(r"(?<=\w)([_.])(?=\w)")


def breakable(text: str) -> str:
    """The text as HTML, with places to wrap: behind the folders of a path, else behind the separators of a name."""
    return _LONG.sub(_with_breaks, for_html(text))


def _with_breaks(name: re.Match[str]) -> str:
    text = name[0]
    return _FOLDER.sub("/<wbr>", text) if "/" in text else _SEPARATOR.sub(r"\1<wbr>", text)
