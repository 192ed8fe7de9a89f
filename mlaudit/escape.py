"""Text from audited content, made safe for the medium in which it is printed."""

from __future__ import annotations

import unicodedata

# Marks that reorder or hide what stands around them (Unicode TR 36), besides every control character.
_DECEPTIVE = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def for_terminal(text: str) -> str:
    r"""The text with control characters, line breaks, reordering marks and lone surrogates spelled out (`\x1b`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _plain(character) else _spelled(character) for character in text)


def _plain(character: str) -> bool:
    return character not in _DECEPTIVE and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
