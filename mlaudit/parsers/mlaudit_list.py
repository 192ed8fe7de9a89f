"""`mlaudit list --format json`: environments as mlaudit read them, of another repository perhaps."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TypeVar

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import (
    Artifact,
    Fact,
    Kind,
    Layer,
    Pin,
    Place,
    Recorded,
    Root,
    Statement,
    Strength,
    Unread,
)
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_SCHEMA = "mlaudit.list/1"
_MARK = b'"mlaudit.list/'

E = TypeVar("E", bound=Enum)


def _looks_like_it(doc: Document) -> bool:
    return _MARK in doc.head[:4096]


@parser(kind="dump", files=["*.mlaudit-list.json", "mlaudit-list.json"], content=_looks_like_it, marks=[_MARK])
def read(doc: Document) -> Iterator[Statement]:
    """Every environment is a part (`#environment=serving`); without a choice the first one counts."""
    schema = doc.json.get("schema").maybe_text()
    if schema != _SCHEMA:
        raise Unreadable(f"its schema is {schema!r}; this mlaudit reads {_SCHEMA}")
    listed = list(doc.json.get("environments").each())
    for number, environment in enumerate(listed):
        name = environment.get("name")
        yield Root(name=name.text(), kind="environment", default=number == 0, at=doc.at(*name.route))
        yield from _pins(doc, environment, name.text())
    if len(listed) == 1:
        yield from _facts(doc, listed[0])
    elif listed:
        names = ", ".join(environment.get("name").text() for environment in listed)
        note = f"it lists several environments; #environment= selects one of {names}"
        yield Fact(key="note", value=note, at=doc.place())
        whole = all(environment.get("complete").flag() for environment in listed)
        yield Fact(key="complete", value="yes" if whole else "no", at=doc.place())


def environment_statements(doc: Document, environment: Node, *, side: str = "") -> Iterator[Statement]:
    """What one listed environment states, as if it had a list of its own.

    Args:
        side: `writes` or `reads` for what the models record that it makes or loads; what is installed where empty.
    """
    for statement in _pins(doc, environment, None, side):
        if isinstance(statement, Pin) or not side:
            yield statement
    if not side:
        yield from _facts(doc, environment)


def _facts(doc: Document, environment: Node) -> Iterator[Fact]:
    """What the target was stated to be, as far as nobody assumed it, and whether everything is named."""
    complete = environment.get("complete")
    yield Fact(key="complete", value="yes" if complete.flag() else "no", at=doc.at(*complete.route))
    target = environment.get("target")
    assumed = target.dig("assumed").texts()
    for key in ("platform", "machine"):
        stated = target.dig(key)
        if stated.exists and key not in assumed:
            yield Fact(key=key, value=stated.text(), at=doc.at(*stated.route))


def _pins(doc: Document, environment: Node, name: str | None, side: str | None = None) -> Iterator[Pin | Unread]:
    """The pins of one environment, of all sides where `side` is None."""
    rows = environment.get("pins").each()
    chosen = (row for row in rows if side is None or (row.get("side").maybe_text() or "") == side)
    yield from doc.guarded(chosen, lambda node: iter((_pin(doc, node, name),)))
    for entry in environment.get("unread").each():
        where = (entry.get(key).value for key in ("path", "line", "column"))
        place = ":".join(str(part) for part in where if part is not None)
        why = f"{place} was not read there: {entry.get('why').text()}"
        yield doc.unread(why, doc.at(*entry.route), what=entry.get("what").maybe_text() or "")


def _pin(doc: Document, row: Node, environment: str | None) -> Pin:
    """A pin as it was chosen there: a marker that was decided is decided, and what was left out stays out."""
    version = row.get("version")
    chosen = row.get("selected").value
    derived = row.get("derived_from").maybe_text()
    artifact, recorded = _artifact(row), _recorded(row)
    of_artifact = artifact is not None or (recorded is not None and bool(recorded.kinds))
    return doc.pin(
        _word(row.get("layer"), Layer),
        row.get("name").text(),
        version.maybe_text(),
        at=doc.at(*(version if version.exists else row.get("name")).route),
        ecosystem=row.get("ecosystem").maybe_text() or "pypi",
        variant=row.get("variant").maybe_text(),
        kind=_word(row.get("kind"), Kind),
        specifier=row.get("specifier").maybe_text(),
        scope=PinScope(
            marker=row.get("marker").maybe_text() if chosen is None else None,
            parts=() if environment is None else (environment,),
            optional=chosen is False,
        ),
        extras=() if of_artifact else row.get("requested_extras").texts(),
        source=row.get("source").maybe_text() or "index",
        origin=None if of_artifact else row.get("origin").maybe_text(),
        derived_from=Place(path=derived) if derived else None,
        artifact=artifact,
        recorded=recorded,
        detail=row.get("detail").maybe_text(),
    )


def _artifact(row: Node) -> Artifact | None:
    """What an artifact states about itself; lists of before 0.2 hold its kind as the origin, its classes as extras."""
    if _word(row.get("kind"), Kind) is not Kind.ARTIFACT:
        return None
    node = row.get("artifact")
    if not node.exists:
        return Artifact(row.get("origin").maybe_text(), row.get("requested_extras").texts())
    return Artifact(node.get("kind").maybe_text(), node.get("classes").texts())


def _recorded(row: Node) -> Recorded | None:
    """What an artifact records of a library; lists of before 0.2 show only how surely."""
    strength, node = row.get("strength"), row.get("recorded")
    if not strength.exists:
        return None
    numbers = ((name, number.text()) for name, number in node.get("numbers").items()) if node.exists else ()
    return Recorded(node.get("kinds").texts() if node.exists else (), _word(strength, Strength), tuple(numbers))


def _word(node: Node, words: type[E]) -> E:
    """A word of a closed list. Raises Malformed naming the list."""
    try:
        return words(node.text())
    except ValueError as error:
        if isinstance(error, Malformed):
            raise
        expected = ", ".join(str(word.value) for word in words)
        raise Malformed(f"expected one of {expected}, found {node.text()[:40]!r}", node.route) from None
