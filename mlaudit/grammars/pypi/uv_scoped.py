"""Overrides and exclusions of uv that are for the requirements of one package alone.

`override-dependencies = [{ package = { name = "pandas" }, dependencies = ["numpy==1.26.4"] }]`, and the same under
`exclude-dependencies` (uv 0.13; https://docs.astral.sh/uv/reference/settings/#override-dependencies). Where the package
is the project itself, they act on what the project declares; for any other they change what that one requires.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi import pyproject_text, requirement
from mlaudit.grammars.pypi.pyproject_text import Declared
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Unread


def scoped(doc: Document) -> Iterator[Declared | Unread]:
    """What the scoped entries do to the packages of the project."""
    uv = doc.toml.dig("tool", "uv")
    if not uv.is_table:
        return
    for key, excludes in (("override-dependencies", False), ("exclude-dependencies", True)):
        listed = uv.get(key)
        tables = [node for node in listed.each() if node.is_table] if listed.is_list else []
        yield from doc.guarded(tables, partial(_entry, doc, excludes))


def _entry(doc: Document, excludes: bool, node: Node) -> Iterator[Declared]:
    package = node.dig("package", "name").text()
    is_own = normalized(package) == pyproject_text.name(doc)
    # An exclusion from what another package requires leaves what the project itself declares.
    if not is_own and (excludes or normalized(package) not in _declared(doc)):
        return
    for entry in node.get("dependencies").each():
        words = "excluded" if excludes else "an override" if is_own else f"an override of what {package} requires"
        yield Declared(
            text=entry.text(),
            route=entry.route,
            kind=Kind.BOUND,
            detail=words,
            overrides=is_own,
            excluded=is_own and excludes,
        )


def _declared(doc: Document) -> frozenset[str]:
    try:
        texts = doc.toml.dig("project", "dependencies").texts()
    except Malformed:
        return frozenset()
    return frozenset(normalized(requirement.leading_name(text)) for text in texts)
