"""Data of configuration files as values, so that code that loads them can be followed."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlaudit.code.source import ModuleSource
from mlaudit.code.values import ListValue, TableValue, TextValue, Thunk, UnknownValue, Value
from mlaudit.document.budget import Limit, spend

DATA_NODES = Limit(name="values of configuration files that code loads", most=200_000)
MAX_DEPTH = 30


def value_of_data(data: object, path: str, depth: int = 0) -> Value:
    """Tables, lists and texts of parsed data; anything else is unknown. Raises BudgetExceeded."""
    spend(DATA_NODES)
    if depth > MAX_DEPTH:
        return UnknownValue()
    if isinstance(data, Mapping):
        members = {str(key): Thunk(None, None, (value_of_data(one, path, depth + 1),)) for key, one in data.items()}
        return TableValue(items=members)
    if isinstance(data, list):
        return ListValue(items=tuple(Thunk(None, None, (value_of_data(one, path, depth + 1),)) for one in data[:200]))
    if isinstance(data, (str, int, float)) and not isinstance(data, bool):
        return TextValue(
            pieces=(str(data),),
            node=ast.Constant(value=str(data), lineno=1, col_offset=0),
            source=ModuleSource(path=path),
        )
    return UnknownValue()
