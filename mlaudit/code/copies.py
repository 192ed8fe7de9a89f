"""Functions that were copied from one module to another and have parted since."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from mlaudit.code.definitions import definition_words, definitions
from mlaudit.code.nouns import ModuleReading
from mlaudit.model.pairs import PartedDefinition

MIN_WORDS = 40
"""Words of the syntax tree below which two functions are alike by chance."""
MAX_WORDS = 4_000
"""Words above which two functions are not compared with each other."""
ALIKE = 0.75
"""The share of words in common from which on one function is taken for a copy of the other."""


def parted_definitions(written: ModuleReading, read: ModuleReading) -> Iterator[PartedDefinition]:
    """Functions of the same qualified name in two modules, most of whose syntax is the same and some is not.

    Functions of the same name that have little in common were never copies; classes are compared by their methods.
    """
    ours, theirs = definitions(written), definitions(read)
    words, other_words = definition_words(written), definition_words(read)
    for name, definition in ours.items():
        other = theirs.get(name, definition)
        if definition.digest != other.digest and _are_alike(words.get(name, []), other_words.get(name, [])):
            yield PartedDefinition(name=name, written=definition.at, read=other.at)


def _are_alike(words: list[str], other: list[str]) -> bool:
    if not (MIN_WORDS <= len(words) <= MAX_WORDS and MIN_WORDS <= len(other) <= MAX_WORDS):
        return False
    matcher = SequenceMatcher(None, words, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
