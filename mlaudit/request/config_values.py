"""Single values of a configuration, checked: each function raises Malformed with the route and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from mlaudit.document.node import Malformed, Node
from mlaudit.model.nouns import Severity
from mlaudit.model.versions import specifiers
from mlaudit.request.settings import (
    GroupRule,
)

T = TypeVar("T")


class UnknownKey(Malformed):
    """A key that means nothing; its place is the key's, not the value's."""


def meant(word: str, known: Iterable[str]) -> str:
    """What may be meant by a word that is not known, as the end of a sentence; empty if nothing is near."""
    from mlaudit.model.nearest import suggestion

    return suggestion(word, known)


def known_table(node: Node, keys: Collection[str]) -> Node:
    """The node, if it is a table of no other keys. Raises Malformed."""
    for key in node.table():
        if key not in keys:
            raise UnknownKey(f'"{key}" is no key of mlaudit{meant(key, keys)}', (*node.route, key))
    return node


class OtherEnvironments(NamedTuple):
    """The declared environments that one may name: all but itself."""

    declared: frozenset[str]
    itself: str

    def have(self, name: str) -> bool:
        """Whether a name is one of them, without a set for each of ten thousand."""
        return name in self.declared and name != self.itself

    @property
    def names(self) -> frozenset[str]:
        """All of their names."""
        return self.declared - {self.itself}


def crossing_kinds(node: Node, others: OtherEnvironments) -> dict[str, tuple[str, ...]]:
    """What crosses from each writer, by its name."""
    if not node.exists:
        return {}
    for name in node.table():
        if not others.have(name):
            raise Malformed(f'"{name[:40]}" is no other environment{meant(name, others.names)}', node.get(name).route)
    return {name: tuple(map(artifact_kind, kinds.each())) for name, kinds in node.items()}


def required_text(node: Node) -> str:
    """A text that is not empty. Raises Malformed."""
    if not node.exists:
        raise Malformed(f'"{node.route[-1]}" is missing', node.route[:-1])
    text = node.text()
    if not text.strip():
        raise Malformed("expected a text that is not empty", node.route)
    return text


def converted_text(node: Node, convert: Callable[[str], T]) -> T | None:
    """What a text is converted to, None if there is none. Raises Malformed."""
    text = node.maybe_text()
    if text is None:
        return None
    try:
        return convert(text)
    except ValueError as error:
        raise Malformed(str(error), node.route) from None


def level_of(node: Node, words: Mapping[str, Severity | None]) -> Severity | None:
    """A severity, or None, by its word. Raises Malformed."""
    word = node.text()
    if word not in words:
        raise Malformed(f'"{word[:40]}" is no level; expected {" or ".join(words)}', node.route)
    return words[word]


def required_texts(node: Node) -> tuple[str, ...]:
    """The texts of a list, none of them empty. Raises Malformed."""
    return tuple(map(required_text, node.each()))


def artifact_kind(node: Node) -> str:
    """The name of an artifact kind that is known. Raises Malformed."""
    name = required_text(node)
    from mlaudit.knowledge.kinds import kind_problem

    problem = kind_problem(name)
    if problem is not None:
        raise Malformed(problem, node.route)
    return name


def is_given(node: Node) -> bool:
    """Whether a rule of a version group is given: a name, or true."""
    return bool(required_text(node)) if node.is_text and node.route[-1] == GroupRule.FOLLOWS.value else node.flag()


def leaders_of(node: Node, others: OtherEnvironments) -> Iterator[str]:
    """The names of other environments, one or a list. Raises Malformed."""
    for leader in [node] if node.is_text else node.each():
        name = required_text(leader)
        if not others.have(name):
            raise Malformed(f'there is no other environment "{name[:40]}"{meant(name, others.names)}', leader.route)
        yield name


def day_of(node: Node) -> date | None:
    """A day, None if there is none. Raises Malformed."""
    if not node.exists:
        return None
    if not isinstance(node.value, date) or isinstance(node.value, datetime):
        raise Malformed("expected a date without quotes, such as 2027-03-31", node.route)
    return node.value


def specifier_of(text: str) -> str:
    """A PEP 440 specifier. Raises ValueError."""
    if specifiers(text) is None:
        raise ValueError(f'expected a version specifier such as "==2.5.0" or ">=2,<2.3", found "{text[:40]}"')
    return text
