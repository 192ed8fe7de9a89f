"""GitLab CI: the images of jobs and what their scripts install."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.parsers._registry import parser

MAX_REFERENCES = 11
"""Levels of `!reference`; GitLab itself allows ten."""
TEMPLATES = Limit(name="templates that jobs extend, counted for each job", most=500_000)
ENTRIES = Limit(name="entries of scripts, those of references counted each time", most=20_000)
VARIABLES = Limit(name="variables, counted for each job", most=2_000_000)

_SCRIPT = lazy_pattern(rb"(?m)^[ \t]+(?:before_)?script:")
_OWN = lazy_pattern(rb"(?m)^(?:stages|image|before_script|default|workflow|include):|^[ \t]+stage:")
_OTHERS = lazy_pattern(rb"(?m)^(?:jobs|on|pool|steps|pipelines):")
_SCRIPTS = ("before_script", "script", "after_script")
_GLOBAL = frozenset(
    (
        "image", "services", "stages", "types", "before_script", "after_script", "variables", "cache", "include",
        "default", "workflow", "spec",
    )
)  # fmt: skip


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _SCRIPT.search(head) is not None and _OWN.search(head) is not None and _OTHERS.search(head) is None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="aside",
    files=[".gitlab-ci.yml", ".gitlab-ci.yaml", "*.gitlab-ci.yml"],
    content=_looks_like_it,
    marks=[b"script:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every job that is no template (`.name`) is a root; `extends`, `default` and `!reference` are followed."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        return
    shared = _variables(root)
    for name, job in root.items():
        if name.startswith(".") or name in _GLOBAL or not job.is_table:
            continue
        if not any(_inherited(root, job, key).exists for key in (*_SCRIPTS, "image")):
            continue
        yield Root(name=name, kind="environment", at=doc.at(*job.route))
        try:
            yield from _job(doc, root, name, job, shared)
        except Malformed as error:
            yield doc.unread(str(error), doc.at(*error.route))


def _job(doc: Document, root: Node, name: str, job: Node, shared: Mapping[str, str]) -> Iterator[Statement]:
    described = Descriptor(doc, parts=(name,))
    values = {**shared, **_variables(job), **doc.defines}
    spend(VARIABLES, len(values))
    described.recipe.values = values
    image = _inherited(root, job, "image")
    named = image.get("name") if image.is_table else image
    yield from described.image(Node(_replaced(named, described.recipe.values), named.route))
    for key in _SCRIPTS:
        yield from _script(described, root, _inherited(root, job, key), 0)


def _replaced(node: Node, values: dict[str, str]) -> str | None:
    text = node.maybe_text()
    if text is None or "$" not in text:
        return text
    return re.sub(r"\$\{?([A-Za-z_]\w{0,127})\}?", lambda match: values.get(match.group(1), match.group(0)), text)


def _variables(node: Node) -> dict[str, str]:
    """`variables`: names with a value, or with a table that holds it."""
    table = node.get("variables")
    pairs = (
        ((key, value.get("value") if value.is_table else value) for key, value in table.items())
        if table.is_table
        else ()
    )
    return {key: value.text() for key, value in pairs if value.is_text}


def _inherited(root: Node, job: Node, key: str) -> Node:
    """The value of a key of a job: its own, else that of what it extends, else the default of the file.

    Raises BudgetExceeded.
    """
    visited: set[str] = set()
    waiting = [job]
    while waiting:
        spend(TEMPLATES)
        node = waiting.pop()
        if node.get(key).exists:
            return node.get(key)
        # Of several templates the last wins, and each goes before those that are in front of it.
        fresh = [name for name in _extended(node) if name not in visited and root.get(name).is_table]
        visited.update(fresh)
        waiting += [root.get(name) for name in dict.fromkeys(fresh)]
    default = root.get("default")
    return default.get(key) if default.is_table and default.get(key).exists else root.get(key)


def _extended(job: Node) -> list[str]:
    extends = job.get("extends")
    return [parent.text() for parent in extends.each()] if extends.is_list else [extends.maybe_text() or ""]


def _script(described: Descriptor, root: Node, node: Node, level: int) -> Iterator[Statement]:
    """A script; in lists `[.job, script]` (`!reference`) stands for the script of another job."""
    spend(ENTRIES)
    if not node.is_list:
        yield from described.script(node)
        return
    members = list(node.each())
    if members and all(member.is_text for member in members) and root.get(members[0].text()).exists:
        if level >= MAX_REFERENCES:
            why = f"references are nested more than {MAX_REFERENCES} deep, which GitLab refuses too"
            yield described.doc.unread(why, described.at(node), template=True)
        else:
            yield from _script(described, root, root.dig(*(member.text() for member in members)), level + 1)
        return
    for member in members:
        yield from described.guarded([member], lambda step: _script(described, root, step, level))
