"""The output of pipdeptree: `--json`, `--json-tree` and the plain tree.

Source: https://github.com/tox-dev/pipdeptree
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Edge, Fact, Layer, Pin, Place, Statement, Unread
from mlaudit.model.versions import parsed, specifiers
from mlaudit.parsers._registry import parser

STEPS = Limit(name="steps from the root of a tree to its packages", most=5_000_000)
"""A package counts with its depth."""

_JSON = lazy_pattern(rb'"installed_version"\s{0,8}:')
_ROOT = lazy_pattern(r"(?P<name>[A-Za-z0-9][\w.-]{0,200})==(?P<version>[^\s,]{1,128})")
_BRANCH = lazy_pattern(
    r"[\s│|]{0,1000}(?:[├└]──|[-+]|\\-)\s{1,4}(?P<name>[A-Za-z0-9][\w.-]{0,200})"
    r" \[required: (?P<required>[^\]]{0,1000}?), installed: (?P<version>[^,\]]{1,128})(?:, [^\]]{0,200})?\](?: \(\*\))?"
)
_WARNING = lazy_pattern(r"(?:Warning!!!|\* |-{8,}|NOTE: ).{0,4000}")
_TREE = lazy_pattern(rb"\[required: [^\]\n]{0,1000}, installed: ")
_NOT_INSTALLED = "?"


def _looks_like_it(doc: Document) -> bool:
    head = doc.head.lstrip()
    if head[:1] == b"[":
        return _JSON.search(head) is not None
    return _TREE.search(head) is not None


@parser(
    kind="dump",
    files=["pipdeptree*.json", "pipdeptree*.txt"],
    content=_looks_like_it,
    marks=[b'"installed_version"', b"[required: "],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every distribution once, with what it requires."""
    text = doc.text.lstrip()
    if not text:
        raise Unreadable("it is empty; pipdeptree names at least itself")
    yield from _json(doc) if text.startswith("[") else _tree(doc)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SeenPackages:
    name: str
    version: str | None
    at: Place
    requires: tuple[Edge, ...] = ()


def _pin(doc: Document, seen: _SeenPackages) -> Pin | Unread:
    """The pin of an installed distribution; `?` states that a requirement is not installed."""
    if seen.version is None or seen.version == _NOT_INSTALLED:
        why = "something requires it, and it is not installed" if seen.version else "it has no `installed_version`"
        return doc.unread(why, seen.at, what=seen.name, package=package_of(seen.name))
    if parsed(seen.version) is None:
        why = f"`{seen.version[:80]}` is no version (PEP 440)"
        return doc.unread(why, seen.at, what=f"{seen.name} {seen.version}", package=package_of(seen.name))
    return doc.pin(Layer.INSTALLED, seen.name, seen.version, at=seen.at, requires=seen.requires)


def _json(doc: Document) -> Iterator[Statement]:
    """The flat list names everything; a tree may hang everything on one package that was requested."""
    flat = any(node.is_table and node.get("package").exists for node in doc.json.each())
    if not list(doc.json.each()):
        raise Unreadable("it lists nothing; pipdeptree names at least itself")
    yield Fact(key="complete", value="yes" if flat else "no", at=doc.place(1, 1))
    packages_read: set[tuple[str, str | None]] = set()
    waiting = [(node, False) for node in doc.json.each()][::-1]
    while waiting:
        node, below = waiting.pop()
        for seen in doc.guarded([node], lambda entry: (_entry(doc, entry),)):
            if isinstance(seen, Unread):
                yield seen
                continue
            key = (normalized(seen.name), seen.version)
            if key not in packages_read and not (flat and below and seen.version not in (None, _NOT_INSTALLED)):
                packages_read.add(key)
                yield _pin(doc, seen)
        waiting += _below(node)


def _below(node: Node) -> list[tuple[Node, bool]]:
    members = node.get("dependencies") if node.is_table else node
    spend(STEPS, len(node.route))
    return [(member, True) for member in members.each()][::-1] if members.is_list else []


def _entry(doc: Document, node: Node) -> _SeenPackages:
    described = node.get("package") if node.get("package").exists else node
    name = (described.get("package_name") if described.get("package_name").exists else described.get("key")).text()
    version = described.get("installed_version")
    at = doc.at(*(version if version.exists else described).route)
    return _SeenPackages(name=name, version=version.maybe_text(), at=at, requires=tuple(_edges(node)))


def _edges(node: Node) -> Iterator[Edge]:
    for needed in node.get("dependencies").each():
        name = (needed.get("package_name") if needed.get("package_name").exists else needed.get("key")).text()
        yield _edge(name, needed.get("required_version").maybe_text())


def _edge(name: str, required: str | None) -> Edge:
    ranged = required if required and required != "Any" and specifiers(required) is not None else None
    return Edge(name=name, specifier=ranged)


def _tree(doc: Document) -> Iterator[Statement]:
    packages_read: set[tuple[str, str]] = set()
    for line in lines(doc):
        seen = _branch(line)
        if seen is None:
            if not _WARNING.fullmatch(line.text):
                why = "expected `name==version` or a branch `name [required: ..., installed: version]`"
                yield doc.unread(why, line.at(), what=line.text)
        elif (key := (normalized(seen.name), seen.version or "")) not in packages_read:
            packages_read.add(key)
            yield _pin(doc, seen)


def _branch(line: DumpLine) -> _SeenPackages | None:
    match = _ROOT.fullmatch(line.text) or _BRANCH.fullmatch(line.text)
    if match is None:
        return None
    return _SeenPackages(name=match["name"], version=match["version"].strip(), at=line.of(match, "version"))
