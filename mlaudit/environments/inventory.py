"""An inventory (`mlaudit list --format json`) of a whole repository → the environments that it was written from."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.environments.environment import environment
from mlaudit.model.errors import Unreadable
from mlaudit.model.exchanges import Exchange
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.masking import mask_statement
from mlaudit.model.nouns import Fact, Pin, Place, Reading, Unread
from mlaudit.model.report import Environment
from mlaudit.parsers.mlaudit_list import environment_statements
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.wanted import Wanted

SCHEMA = "mlaudit.list/1"
_SIDES = ("", "writes", "reads")


def inventory_environments(doc: Document) -> tuple[Environment, ...]:
    """Every environment of an inventory, with whom it follows. Raises Unreadable."""
    schema = doc.json.get("schema").maybe_text()
    if schema != SCHEMA:
        raise Unreadable(f"its schema is {schema!r}; an inventory is written by `mlaudit list --format json`")
    return tuple(_environment(doc, node) for node in doc.json.get("environments").each())


def _environment(doc: Document, node: Node) -> Environment:
    own, writes, reads = (_reading(doc, node, side) for side in _SIDES)
    request = EnvironmentRequest(
        name=node.get("name").text(),
        role=node.get("role").text(),
        follows=node.get("follows").texts(),
        artifact_kinds=node.get("artifact_kinds").texts(),
        kinds_from={writer: kinds.texts() for writer, kinds in node.get("kinds_from").items()},
        guessed=node.get("guessed").value is True,
        exchanges=tuple(map(_exchange, node.get("exchanges").each())),
    )
    wanted = Wanted(python=_python(node))
    made = environment(
        request,
        (own,),
        wanted,
        sources=node.get("sources").texts(),
        writes=(writes,) if writes.pins else (),
        reads=(reads,) if reads.pins else (),
    )
    return replace(made, complete=node.get("complete").flag())


def _python(node: Node) -> str | None:
    """The Python of the target where somebody stated it; one that was assumed stays an assumption."""
    target = node.get("target")
    python = target.dig("python").maybe_text()
    return python if python and "python" not in target.dig("assumed").texts() else None


def _reading(doc: Document, node: Node, side: str) -> Reading:
    statements = [mask_statement(one) for one in environment_statements(doc, node, side=side)]
    return Reading(
        path=doc.path,
        format="mlaudit-list",
        complete=not side and node.get("complete").flag(),
        pins=tuple(one for one in statements if isinstance(one, Pin)),
        facts=tuple(one for one in statements if isinstance(one, Fact) and one.key != "complete"),
        unread=tuple(one for one in statements if isinstance(one, Unread)),
    )


def _exchange(node: Node) -> Exchange:
    return Exchange(
        side=node.get("side").text(),
        kind=node.get("kind").text(),
        scope=node.get("scope").maybe_text() or "",
        name=node.get("name").text(),
        form=node.get("form").maybe_text() or "",
        kinds=node.get("kinds").texts(),
        at=_place(node),
    )


def _place(node: Node) -> Place:
    line, column = node.get("line").value, node.get("column").value
    return Place(
        path=node.get("path").maybe_text() or "",
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
    )


def original_places(doc: Document) -> Iterator[tuple[Place, Place]]:
    """Where each pin and unread entry of an inventory is recorded there, with the place in the repository itself."""
    for node in doc.json.get("environments").each():
        for row in (*node.get("pins").each(), *node.get("unread").each()):
            for key in ("version", "name"):
                if row.get(key).exists:
                    yield doc.at(*row.get(key).route), _place(row)
            yield doc.at(*row.route), _place(row)
