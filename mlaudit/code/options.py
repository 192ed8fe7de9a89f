"""Command-line options as the code declares them: `argparse` here, `click` and `typer` with the parameters they fill.

https://docs.python.org/3/library/argparse.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.source import CallPlace, ModuleSource
from mlaudit.code.values import (
    UNKNOWN,
    Env,
    ListValue,
    NamedValue,
    ObjectValue,
    TextValue,
    Thunk,
    UnknownValue,
    ValueReader,
    Values,
)
from mlaudit.model.lazy_dataclass import replace

_PARSES = ".parse_args"
_PARSES_KNOWN = ".parse_known_args"


def parsed_options(reader: ValueReader, function: NamedValue, call: ast.Call, env: Env) -> Values | None:
    """The object that `parser.parse_args()` gives, or `parse_known_args()` first; None for every other call."""
    if function.name.endswith((_PARSES, _PARSES_KNOWN)):
        parsed = (ObjectValue(name="parse_args()", call=call, env=env, receiver=function.receiver),)
        if function.name.endswith(_PARSES):
            return parsed
        return (ListValue(items=(Thunk(None, None, parsed), Thunk(None, None, UNKNOWN))),)
    if function.name == "vars" and call.args:
        return reader.values(call.args[0], env)
    return None


def option_value(reader: ValueReader, parsed: ObjectValue, name: str) -> Values:
    """The default of the option that fills an attribute; the option itself replaces it."""
    for place in option_calls(parsed.env.scope.source):
        words = option_words(place.call)
        if name != destination(place.call):
            continue
        default = keyword_of(place.call, "default")
        variable = words[0] if words else ""
        if default is None or (isinstance(default, ast.Constant) and default.value is None):
            return (UnknownValue(variable=variable),)
        values = reader.values(default, Env(place.scope, place.point))
        return tuple(replace(value, variable=variable) if isinstance(value, TextValue) else value for value in values)
    return (UnknownValue(),)


def option_calls(source: ModuleSource) -> Iterator[CallPlace]:
    """The calls that declare options."""
    for place in source.calls:
        if isinstance(place.call.func, ast.Attribute) and place.call.func.attr == "add_argument":
            yield place


def option_words(call: ast.Call) -> tuple[str, ...]:
    """The names of an option, the longest first."""
    return tuple(sorted(_stated_words(call), key=len, reverse=True))


def _stated_words(call: ast.Call) -> list[str]:
    values = (getattr(expression, "value", None) for expression in call.args)
    return [value for value in values if isinstance(value, str)]


def destination(call: ast.Call) -> str | None:
    """The attribute that an option fills: as it says, else after its first long name, else after its first one.

    https://docs.python.org/3/library/argparse.html#dest
    """
    named = getattr(keyword_of(call, "dest"), "value", None)
    if isinstance(named, str):
        return named
    words = _stated_words(call)
    word = next((word for word in words if word.startswith("--")), next(iter(words), None))
    return word.lstrip("-").replace("-", "_") if word is not None else None


def keyword_of(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
