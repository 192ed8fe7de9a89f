"""JSON from strangers: read whole where it is small, else a list one member at a time: only one is in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mlaudit.document.budget import BudgetExceeded, Limit
from mlaudit.document.json_index import JsonIndex

VALUES = Limit(name="values of JSON", most=1_500_000)
"""Values of a document that is read whole, or of one member of a list of a larger one; each takes up to 120 bytes."""
MAX_DIGITS = 640
"""Digits of a number; a longer one stays text. Python converts 4,300, and can be limited to 640."""
WHOLE = 200_000
"""Values of a document that may be read whole though its format can be read in parts."""


def json_loads(text: str) -> object:
    """Parse JSON; floats stay text. Raises ValueError, BudgetExceeded."""
    if values_at_most(text) > VALUES.most:
        raise BudgetExceeded(VALUES)
    return _parsed(text)


def _parsed(text: str) -> object:
    """JSON with fractions, and numbers of more digits than Python converts, as the text that is there."""
    try:
        decoded: object = json.loads(text, parse_float=str)
    except json.JSONDecodeError:
        raise
    except ValueError:
        decoded = json.loads(text, parse_float=str, parse_int=_whole_number)
    return decoded


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def values_at_most(text: str) -> int:
    """A number that the values in a text do not exceed: a comma, a colon or a bracket precedes each."""
    return sum(map(text.count, ",:[{"))


class JsonStream:
    """A large document of which lists are read one member at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.index = JsonIndex(text)
        if not self.index.balanced:
            _parsed(text)  # for its message of what is wrong, and where

    def outline(self) -> object:
        """The top-level table with its lists left empty. Raises ValueError, BudgetExceeded."""
        return {key: self._outlined(key, start, end) for key, start, end in self.index.members()}

    def _outlined(self, key: str | int, start: int, end: int) -> object:
        return [] if self.index.starts_list(key) else self._value(start, end)

    def members(self, *route: str | int) -> Iterator[tuple[int, Any]]:
        """Index and value of each member of the list at a route; of one that is too large, why it is not read.

        Raises ValueError.
        """
        for index, start, end in self.index.members(*route):
            try:
                yield int(index), self._value(start, end)
            except BudgetExceeded as problem:
                yield int(index), problem

    def _value(self, start: int, end: int) -> object:
        try:
            return json_loads(self._text[start:end])
        except json.JSONDecodeError as error:
            raise json.JSONDecodeError(error.msg, self._text, start + error.pos) from None


def is_large(text: str) -> bool:
    """Whether a document should be read in parts."""
    return values_at_most(text) > WHOLE and text.lstrip()[:1] == "{"
