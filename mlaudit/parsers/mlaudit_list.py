"""What `mlaudit list --format json` wrote: the pins of one or several environments, as they were selected then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import TypeVar

from mlaudit.document import Document, Unreadable
from mlaudit.model import Fact, Kind, Layer, Pin, Place, Root, Statement, Strength
from mlaudit.narrow import Malformed, Node
from mlaudit.registry import parser

_SCHEMA = "mlaudit.list/1"
_MARK = b'"mlaudit.list/'
_TARGET = ("platform", "machine")

Choice = TypeVar("Choice", bound=Enum)


def _looks_like_it(doc: Document) -> bool:
    return _MARK in doc.head[:4096]


@parser(files=["mlaudit-list*.json", "*.mlaudit-list.json"], content=_looks_like_it)
def read(doc: Document) -> Iterator[Statement]:
    """Every pin that was selected, or may have been; each environment is a part of the document."""
    schema = doc.json.get("schema").maybe_text()
    if schema != _SCHEMA:
        raise Unreadable(f"its schema is {schema!r}; this mlaudit reads {_SCHEMA}")
    environments = list(doc.json.get("environments").each())
    if not environments:
        raise Unreadable("it lists no environment")
    whole = all(node.get("complete").flag() for node in environments)
    yield Fact(key="complete", value="yes" if whole else "no", at=doc.at("environments"))
    for index, node in enumerate(environments):
        yield from _environment(doc, node, default=index == 0, alone=len(environments) == 1)


def _environment(doc: Document, node: Node, *, default: bool, alone: bool) -> Iterator[Statement]:
    name = node.get("name").text()
    if not alone:
        yield Root(name=name, kind="environment", default=default, at=doc.at(*node.route, "name"))
    if default:
        yield from _target(doc, node.get("target"))
    parts = () if alone else (name,)
    yield from doc.guarded(node.get("pins").each(), lambda entry: _pin(doc, entry, parts))
    for entry in node.get("unread").each():
        why, what = entry.get("why").text(), entry.get("what").maybe_text() or ""
        yield doc.unread(f"it was not read when the list was made: {why}", doc.at(*entry.route), what=what)


def _target(doc: Document, target: Node) -> Iterator[Statement]:
    """What was known of the machine, and nothing that was assumed."""
    if not target.exists:
        return
    assumed = target.get("assumed").texts()
    for key in _TARGET:
        value = target.get(key).maybe_text()
        if value and key not in assumed:
            yield Fact(key=key, value=value, at=doc.at(*target.route, key))


def _one_of(node: Node, choices: type[Choice]) -> Choice:
    """The member of an enumeration that a text names. Raises Malformed."""
    try:
        return choices(node.text())
    except ValueError:
        known = ", ".join(str(choice.value) for choice in choices)
        raise Malformed(f"expected one of {known}", node.route) from None


def _pin(doc: Document, node: Node, parts: tuple[str, ...]) -> Iterator[Pin]:
    if node.get("selected").value is False:
        return
    version, specifier = node.get("version").maybe_text(), node.get("specifier").maybe_text()
    name, package = node.get("name").text(), node.get("package").maybe_text()
    strength = node.get("strength")
    made = doc.pin(
        _one_of(node.get("layer"), Layer),
        name,
        version,
        at=_place(doc, node, "version" if version else "specifier" if specifier else "name"),
        kind=_one_of(node.get("kind"), Kind),
        variant=node.get("variant").maybe_text(),
        specifier=specifier,
        marker=node.get("marker").maybe_text() if node.get("selected").value is None else None,
        extras=node.get("requested_extras").texts(),
        source=node.get("source").maybe_text() or "index",
        origin=node.get("origin").maybe_text(),
        platforms=node.get("platforms").texts() if node.get("selected").value is None else (),
        parts=parts,
        strength=_one_of(strength, Strength) if strength.exists else None,
        detail=_detail(node),
    )
    yield replace(made, name=name, package=package or made.package)


def _place(doc: Document, node: Node, key: str) -> Place:
    return doc.at(*node.route, key)


def _detail(node: Node) -> str | None:
    """Where the statement stood, and what was said beside it."""
    line = node.get("line").value
    where = f"{node.get('path').maybe_text() or ''}{f':{line}' if isinstance(line, int) else ''}"
    words = (node.get("detail").maybe_text(), f"from {where}" if where else None)
    return ", ".join(word for word in words if word) or None
