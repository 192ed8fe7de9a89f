"""Data of configuration files as values, so that code that loads them can be followed."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlaudit.code.source import ModuleSource
from mlaudit.code.values import ListValue, TableValue, TextValue, Thunk, UnknownValue, Value

MAX_VALUES = 20_000
"""Values of one file; aliases count as often as they are used."""
MAX_DEPTH = 30


def value_of_data(data: object, path: str) -> Value:
    """Tables, lists and texts of parsed data; anything else, and what is beyond the limits, is unknown."""
    return _DataReader(path).value(data, 0)


class _DataReader:
    def __init__(self, path: str) -> None:
        self.source = ModuleSource(path=path)
        self.left = MAX_VALUES

    def value(self, data: object, depth: int) -> Value:
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            return UnknownValue()
        if isinstance(data, Mapping):
            return TableValue(items={str(key): self._thunk(member, depth) for key, member in data.items()})
        if isinstance(data, list):
            return ListValue(items=tuple(self._thunk(member, depth) for member in data[:200]))
        if isinstance(data, (str, int, float)) and not isinstance(data, bool):
            node = ast.Constant(value=str(data), lineno=1, col_offset=0)
            return TextValue(pieces=(str(data),), node=node, source=self.source)
        return UnknownValue()

    def _thunk(self, data: object, depth: int) -> Thunk:
        return Thunk(None, None, (self.value(data, depth + 1),))
