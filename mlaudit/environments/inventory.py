"""An inventory (`mlaudit list --format json`) of a whole repository → the environments that it was written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def inventory_environments(doc: Document, repository: str = "") -> tuple[Environment, ...]:
    """Every environment of an inventory, its places those in the repository that it is of. Raises Unreadable.

    Args:
        repository: begins the names of environments and places, where several repositories are compared.
    """
    schema = doc.json.get("schema").maybe_text()
    if schema != SCHEMA:
        raise Unreadable(f"its schema is {schema!r}; an inventory is written by `mlaudit list --format json`")
    begin = f"{repository}:" if repository else ""
    nodes = doc.json.get("environments").each()
    return tuple(_environment(doc, node, begin) for node in nodes)


def _environment(doc: Document, node: Node, begin: str) -> Environment:
    places = dict(_original_places(doc, node, begin))
    own, writes, reads = (_reading(doc, node, side, places) for side in _SIDES)
    request = EnvironmentRequest(
        name=begin + node.get("name").text(),
        role=node.get("role").text(),
        follows=[begin + writer for writer in node.get("follows").texts()],
        artifact_kinds=node.get("artifact_kinds").texts(),
        kinds_from={begin + writer: kinds.texts() for writer, kinds in node.get("kinds_from").items()},
        guessed=node.get("guessed").value is True,
        exchanges=tuple(map(_exchange, node.get("exchanges").each())),
    )
    wanted = Wanted(python=_python(node))
    inventoried = environment(
        request,
        (own,),
        wanted,
        sources=node.get("sources").texts(),
        writes=(writes,) if writes.pins else (),
        reads=(reads,) if reads.pins else (),
    )
    return replace(inventoried, complete=node.get("complete").flag())


def _python(node: Node) -> str | None:
    """The Python of the target where somebody stated it; one that was assumed stays an assumption."""
    target = node.get("target")
    python = target.dig("python").maybe_text()
    return python if python and "python" not in target.dig("assumed").texts() else None


def _reading(doc: Document, node: Node, side: str, places: Mapping[Place, Place]) -> Reading:
    stated = (mask_statement(statement) for statement in environment_statements(doc, node, side=side))
    statements = [
        replace(statement, at=places.get(statement.at, statement.at))
        if isinstance(statement, Pin | Unread)
        else statement
        for statement in stated
    ]
    return Reading(
        path=doc.path,
        format="mlaudit-list",
        complete=not side and node.get("complete").flag(),
        pins=tuple(statement for statement in statements if isinstance(statement, Pin)),
        facts=tuple(
            statement for statement in statements if isinstance(statement, Fact) and statement.key != "complete"
        ),
        unread=tuple(statement for statement in statements if isinstance(statement, Unread)),
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


def _original_places(doc: Document, node: Node, begin: str) -> Iterator[tuple[Place, Place]]:
    """Where each pin and unread entry of an environment is recorded, with the place in the repository itself."""
    for row in (*node.get("pins").each(), *node.get("unread").each()):
        place = _place(row)
        place = replace(place, path=begin + place.path)
        for key in ("version", "name"):
            if row.get(key).exists:
                yield doc.at(*row.get(key).route), place
        yield doc.at(*row.route), place
