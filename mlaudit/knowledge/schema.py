"""Knowledge files: each is read out of the package on demand and checked; errors show the route to the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from typing import TypeVar

from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import MlauditError
from mlaudit.model.nouns import Evidence
from mlaudit.model.packaged import packaged_toml
from mlaudit.model.versions import is_range

_Choice = TypeVar("_Choice", bound=Enum)
_Built = TypeVar("_Built")
_SOURCED = ("source", "checked")


class KnowledgeError(MlauditError, ValueError):
    """A knowledge file breaks its schema; the message names the file and the route to the value."""


def parse(name: str) -> Node:
    """One knowledge file as an untrusted tree. Raises KnowledgeError where it is no TOML."""
    try:
        return Node(packaged_toml(f"knowledge/{name}"))
    except ValueError as error:
        raise KnowledgeError(f"{name}: {error}") from error


def checked(name: str, build: Callable[[Node], _Built]) -> _Built:
    """A file's rows as typed values. Raises KnowledgeError with the file's name in front of the route."""
    return built_from(name, parse(name), build)


def built_from(name: str, root: Node, build: Callable[[Node], _Built]) -> _Built:
    """Typed values out of a file read before. Raises KnowledgeError with the file's name in front of the route."""
    try:
        return build(root)
    except Malformed as error:
        raise KnowledgeError(f"{name}: {error}") from error


def evidence(row: Node) -> tuple[Evidence, ...]:
    """The `source` (one or several) and `checked` of a row. Raises Malformed where either is missing or no date."""
    source, day = row.get("source"), row.get("checked").text()
    try:
        date.fromisoformat(day)
    except ValueError:
        raise Malformed(f"expected a date like 2026-11-22, found {day!r}", (*row.route, "checked")) from None
    texts = (source.text(),) if source.is_text else source.texts()
    if not all(text.strip() for text in texts) or not texts:
        raise Malformed("expected an address or a repeatable measurement", source.route)
    return tuple(Evidence(source=text, checked=day, measured=text.startswith("measured:")) for text in texts)


def choice(node: Node, options: type[_Choice]) -> _Choice:
    """A word of a closed list. Raises Malformed naming the list."""
    text = node.text()
    try:
        return options(text)
    except ValueError:
        words = ", ".join(str(option.value) for option in options)
        raise Malformed(f"expected one of {words}, found {text!r}", node.route) from None


def specifier(node: Node) -> str:
    """A PEP 440 specifier, empty if there is none. Raises Malformed."""
    text = node.maybe_text() or ""
    if not is_range(text):
        raise Malformed(f"expected a version specifier, found {text!r}", node.route)
    return text


def count(node: Node) -> int | None:
    """A whole number, or None if there is none. Raises Malformed."""
    if node.value is None or (isinstance(node.value, int) and not isinstance(node.value, bool)):
        return node.value
    raise Malformed("expected a whole number", node.route)


def unknown_keys(row: Node, known: frozenset[str]) -> None:
    """Raise Malformed on a key that the schema does not have: a misspelt one must not pass in silence."""
    for key in row.table():
        if key not in known:
            raise Malformed("unknown key", (*row.route, str(key)))


def pattern(node: Node) -> re.Pattern[str]:
    """A regular expression. Raises Malformed where it is not one."""
    try:
        return re.compile(node.text())
    except re.error as error:
        raise Malformed(f"expected a regular expression: {error}", node.route) from None


def words_of(table: Node) -> Mapping[str, str]:
    """The texts of a table by their keys, without the source and day that it states. Raises Malformed."""
    return {key: value.text() for key, value in table.items() if key not in _SOURCED}
