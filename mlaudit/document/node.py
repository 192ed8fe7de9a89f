"""Parsed but untrusted data, narrowed at the border: every wrong type is an error that names the route to the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.model.errors import MlauditError

Route = tuple[str | int, ...]


class Malformed(MlauditError, ValueError):
    """A value that is not of the type the format promises; `route` leads to it."""

    def __init__(self, why: str, route: Route = ()) -> None:
        super().__init__(why)
        self.why = why
        self.route = route

    def __str__(self) -> str:
        """The reason behind the route, `package[3].version: expected a string, found a number`."""
        return f"{spell(self.route)}: {self.why}" if self.route else self.why


def spell(route: Route) -> str:
    """A route as people write it: `package[3].version`."""
    text = ""
    for part in route:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "a string"),
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (dict, "a table"),
    (list, "a list"),
    (type(None), "nothing"),
)


def _kind(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), type(value).__name__)


class Node:
    """One value of a parsed document and the route that leads to it."""

    __slots__ = ("route", "value")

    def __init__(self, value: object, route: Route = ()) -> None:
        self.value = value
        self.route = route

    def _expected(self, what: str) -> Malformed:
        return Malformed(f"expected {what}, found {_kind(self.value)}", self.route)

    @property
    def is_table(self) -> bool:
        """Whether the value maps keys to values."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.value, list)

    @property
    def is_text(self) -> bool:
        """Whether the value is a string."""
        return isinstance(self.value, str)

    @property
    def exists(self) -> bool:
        """Whether there is any value (a missing key and a null are none)."""
        return self.value is not None

    def get(self, key: str) -> Node:
        """The value under a key, a node of nothing if it is missing. Raises Malformed on what is no table."""
        if not isinstance(self.value, dict):
            raise self._expected("a table")
        return Node(self.value.get(key), (*self.route, key))

    def dig(self, *keys: str) -> Node:
        """The value under nested keys, a node of nothing as soon as one is missing."""
        node = self
        for key in keys:
            if not node.exists:
                return Node(None, (*self.route, *keys))
            node = node.get(key)
        return node

    def table(self) -> Mapping[str, object]:
        """The value as a table. Raises Malformed."""
        if not isinstance(self.value, dict):
            raise self._expected("a table")
        return self.value

    def text(self) -> str:
        """The value as a string. Raises Malformed."""
        if not isinstance(self.value, str):
            raise self._expected("a string")
        return self.value

    def maybe_text(self) -> str | None:
        """The value as a string, None if there is none. Raises Malformed on any other type."""
        return None if self.value is None else self.text()

    def flag(self) -> bool:
        """The value as true or false, false if there is none. Raises Malformed."""
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            raise self._expected("true or false")
        return self.value

    def each(self) -> Iterator[Node]:
        """The members of a list, none if there is no value. Raises Malformed on a value that is no list."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self._expected("a list")
        for index, member in enumerate(self.value):
            yield Node(member, (*self.route, index))

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a table, none if there is no value. Raises Malformed on a value that is no table."""
        if self.value is None:
            return
        for key, member in self.table().items():
            yield str(key), Node(member, (*self.route, str(key)))

    def texts(self) -> tuple[str, ...]:
        """A list of strings, empty if there is no value. Raises Malformed."""
        return tuple(member.text() for member in self.each())
