"""Hatch's environments, a hatch.toml or the table `[tool.hatch]` of a pyproject.toml.

Source of the words: https://hatch.pypa.io/latest/config/environment/overview/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.pypi import python_text, requirement
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.model.scope import PinScope

DEFAULT = "default"
"""The environment that others inherit from, unless they name another `template`."""

_KEYS = ("dependencies", "extra-dependencies")
TEMPLATES = Limit(name="templates of Hatch's environments, counted for each environment", most=500_000)
REQUIREMENTS = Limit(name="requirements of Hatch's environments, inherited ones counted for each", most=20_000)
_FIELD = lazy_pattern(r"\{(?:env|matrix|home|args):")


def statements(doc: Document, hatch: Node) -> Iterator[Statement]:
    """A root per environment, and for each the requirements of its own and of its templates."""
    environments = dict(hatch.get("envs").items())
    for name, node in environments.items():
        yield Root(name=name, kind="environment", default=name == DEFAULT, at=doc.at(*node.route))
    for name in environments:
        yield from doc.guarded([environments[name]], lambda node: _environment(doc, node, environments))


def _environment(doc: Document, node: Node, environments: Mapping[str, Node]) -> Iterator[Statement]:
    name = str(node.route[-1])
    for key in _KEYS:
        # `dependencies` of an environment replaces that of its template; `extra-dependencies` adds to it.
        yield from _requirements(doc, _inherited(name, key, environments), name)
    python = _inherited(name, "python", environments)
    if python.exists and not list(_matrix_pythons(node)):
        yield python_text.statement(doc, python.text(), doc.at(*python.route), scope=PinScope(parts=(name,)))
    yield from _variants(doc, node, name)


def _inherited(name: str, key: str, environments: Mapping[str, Node]) -> Node:
    """The value of an environment, else of the nearest template that has one."""
    visited: set[str] = set()
    while name in environments and name not in visited:
        spend(TEMPLATES)
        visited.add(name)
        node = environments[name]
        if node.get(key).exists:
            return node.get(key)
        detached = node.get("detached").value is True
        template = node.get("template").maybe_text() or (name if detached else DEFAULT)
        name = template
    return Node(None)


def _requirements(doc: Document, node: Node, environment: str) -> Iterator[Statement]:
    for member in node.each():
        spend(REQUIREMENTS)
        at = doc.at(*member.route)
        if _FIELD.search(member.text()):
            yield doc.unread("a field of Hatch in it has no value here", at, what=member.text(), template=True)
        else:
            yield requirement.pin(doc, member.text(), at, scope=PinScope(parts=(environment,)))


def _matrix_pythons(node: Node) -> Iterator[Node]:
    for table in node.get("matrix").each():
        yield from table.get("python").each()


def _variants(doc: Document, node: Node, name: str) -> Iterator[Statement]:
    """Requirements that `overrides` add for parts of a matrix or a platform, and the Pythons of the matrix."""
    for python in _matrix_pythons(node):
        yield python_text.statement(doc, python.text(), doc.at(*python.route), scope=PinScope(parts=(name,)))
    for kind, conditions in node.get("overrides").items():
        for condition, table in conditions.items():
            for key in ("dependencies", "extra-dependencies"):
                for member in table.get(key).each() if table.is_table else ():
                    yield _override(doc, member, name, f"{kind} {condition}")


def _override(doc: Document, member: Node, name: str, condition: str) -> Statement:
    text = member.text() if member.is_text else member.get("value").text()
    scope = PinScope(parts=(name,), optional=True)
    return requirement.pin(doc, text, doc.at(*member.route), scope=scope, detail=f"only for {condition}")
