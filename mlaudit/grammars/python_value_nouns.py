"""Values that a Python source is known to give, and how they are put together within limits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Union

from mlaudit.document.budget import Limit, spend
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_DEPTH = 40
"""Names and operators inside each other that are followed."""
MAX_TEXT = 20_000
"""Characters of one text that is put together."""
MEMBERS = Limit(name="members of lists and tables that a Python source puts together", most=1_000_000)
CHARACTERS = Limit(name="characters of texts that a Python source puts together", most=5_000_000)


@dataclass(frozen=True, slots=True)
class Text:
    """A string, and where its literal is."""

    text: str
    node: ast.expr


@dataclass(frozen=True, slots=True)
class File:
    """The content of a file that the source opens."""

    target: str
    node: ast.expr


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only running the source would give."""

    why: str
    node: ast.AST


Value = Union[Text, File, Unknown, "list[Value]", "dict[str, Value]"]
COMPUTED = "it is computed when the file runs, and audited files are never run"
_PLACEHOLDER = lazy_pattern(r"\{(\w{0,64})\}|%s")


def either(known: Value | None, node: ast.expr) -> Value:
    """What a name holds that a condition may set again: what it held before, and something unknown."""
    unknown = Unknown("a condition decides its value", node)
    return joined_lists(known, [unknown]) if isinstance(known, list) else unknown


def members_of(value: Value) -> list[Value]:
    """The members of a list, any other value as its own only member."""
    return value if isinstance(value, list) else [value]


def copied(value: Value, depth: int = 0) -> Value:
    """A value whose lists and tables can be changed without the original."""
    if isinstance(value, (list, dict)) and depth < MAX_DEPTH:
        spend(MEMBERS, len(value))
        if isinstance(value, list):
            return [copied(member, depth + 1) for member in value]
        return {key: copied(member, depth + 1) for key, member in value.items()}
    return value


def extend(known: list[Value], more: list[Value]) -> None:
    """Add members to a list. Raises BudgetExceeded."""
    spend(MEMBERS, len(more))
    known += more


def joined_lists(first: list[Value], second: list[Value]) -> list[Value]:
    """Two lists as one. Raises BudgetExceeded."""
    spend(MEMBERS, len(first) + len(second))
    return [*first, *second]


def update(known: dict[str, Value], more: Value) -> None:
    """Lay the rows of a table over another. Raises BudgetExceeded."""
    table = more if isinstance(more, dict) else {"": more}
    spend(MEMBERS, len(table))
    known.update(table)


def text_value(text: str, node: ast.expr) -> Value:
    """A text that was put together, unknown where it is too long. Raises BudgetExceeded."""
    spend(CHARACTERS, len(text))
    return Text(text, node) if len(text) <= MAX_TEXT else Unknown("it is longer than any requirement", node)


def filled(template: str, arguments: list[Value], words: Mapping[str, Value], node: ast.expr) -> Value:
    """`"numpy==%s" % version` and `"numpy=={}".format(version)`, where all that goes in is known text."""
    rest: Iterator[Value] = iter(arguments)
    pieces: list[str] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        value = words.get(match.group(1)) if match.group(1) else next(rest, None)
        if not isinstance(value, Text):
            return Unknown(COMPUTED, node)
        pieces += (template[position : match.start()], value.text)
        position = match.end()
    return text_value("".join((*pieces, template[position:])), node)
