"""A map as `mlaudit.map/1`."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.model.dependency_map import DependencyMap, MapEdge, MapNode
from mlaudit.reporters._json_text import Json, lines, place


def as_json(whole: DependencyMap, *, asked: Sequence[str] = ()) -> str:
    """Schema `mlaudit.map/1`: nodes, and edges from what changes to what the change reaches."""
    return lines(
        {
            "schema": "mlaudit.map/1",
            "asked": list(asked),
            "nodes": list(map(_node, whole.nodes)),
            "edges": list(map(_edge, whole.edges)),
            "left_out": list(whole.left_out),
        }
    )


def _node(node: MapNode) -> Json:
    return {"key": node.key, "kind": node.kind.value, "name": node.name, "detail": node.detail}


def _edge(edge: MapEdge) -> Json:
    return {
        "source": edge.source,
        "target": edge.target,
        "relation": edge.relation.value,
        "certain": edge.certain,
        "detail": edge.detail,
        "evidence": [{**place(seen.at), "says": seen.says} for seen in edge.evidence],
    }
