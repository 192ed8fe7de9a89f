"""A map as a diagram: Mermaid for Markdown pages, DOT for Graphviz; both bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.dependency_map import DependencyMap, MapEdge, MapNode, NodeKind
from mlaudit.model.lazy_dataclass import replace
from mlaudit.reporters._escape import for_dot, for_mermaid, for_terminal

MAX_DRAWN_NODES, MAX_DRAWN_EDGES = 150, 400
"""What one diagram draws: more is no picture, and Mermaid refuses more than 500 edges."""
MAX_LABEL = 80
"""Characters of one label."""

_MERMAID = {
    NodeKind.MODEL: ('[("', '")]'),
    NodeKind.DATA: ('[("', '")]'),
    NodeKind.STAGE: ('{{"', '"}}'),
    NodeKind.CODE: ('["', '"]'),
    NodeKind.ENVIRONMENT: ('(["', '"])'),
    NodeKind.FILE: ('[/"', '"/]'),
    NodeKind.PACKAGE: ('>"', '"]'),
}
_DOT = {
    NodeKind.MODEL: "cylinder",
    NodeKind.DATA: "cylinder",
    NodeKind.STAGE: "hexagon",
    NodeKind.CODE: "box",
    NodeKind.ENVIRONMENT: "ellipse",
    NodeKind.FILE: "note",
    NodeKind.PACKAGE: "component",
}


def as_mermaid(whole: DependencyMap, *, asked: Sequence[str] = ()) -> str:
    """A flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    drawn = drawn_part(whole, asked)
    numbers = {node.key: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = ["flowchart LR"]
    for node in drawn.nodes:
        begin, end = _MERMAID[node.kind]
        lines.append(f"  {numbers[node.key]}{begin}{for_mermaid(_label(node))}{end}")
    for edge in drawn.edges:
        arrow = "-->" if edge.certain else "-.->"
        label = for_mermaid(_edge_label(edge))
        lines.append(f'  {numbers[edge.source]} {arrow}|"{label}"| {numbers[edge.target]}')
    lines += [f"  %% left out: {_comment(sentence)}" for sentence in drawn.left_out]
    return "\n".join(lines) + "\n"


def as_dot(whole: DependencyMap, *, asked: Sequence[str] = ()) -> str:
    """A directed graph (https://graphviz.org/doc/info/lang.html)."""
    drawn = drawn_part(whole, asked)
    numbers = {node.key: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = ["digraph mlaudit {", "  rankdir=LR;"]
    lines += [
        f'  {numbers[node.key]} [shape={_DOT[node.kind]}, label="{for_dot(_label(node))}"];' for node in drawn.nodes
    ]
    for edge in drawn.edges:
        style = "" if edge.certain else ", style=dashed"
        label = for_dot(_edge_label(edge))
        lines.append(f'  {numbers[edge.source]} -> {numbers[edge.target]} [label="{label}"{style}];')
    lines += [f"  // left out: {_comment(sentence)}" for sentence in drawn.left_out]
    return "\n".join((*lines, "}")) + "\n"


def drawn_part(whole: DependencyMap, asked: Sequence[str] = ()) -> DependencyMap:
    """What a diagram shows: no module that only imports others, at most so many nodes and edges."""
    touched = {key for edge in whole.edges if not _is_import(edge) for key in (edge.source, edge.target)}
    nodes = [node for node in whole.nodes if asked or node.kind is not NodeKind.CODE or node.key in touched]
    ranked = sorted(nodes, key=lambda node: node.key not in asked)
    kept = {node.key for node in ranked[:MAX_DRAWN_NODES]}
    edges = [edge for edge in whole.edges if edge.source in kept and edge.target in kept]
    return replace(
        whole,
        nodes=tuple(node for node in nodes if node.key in kept),
        edges=tuple(edges[:MAX_DRAWN_EDGES]),
        left_out=(*whole.left_out, *_not_drawn(len(whole.nodes) - len(kept), len(edges) - MAX_DRAWN_EDGES)),
    )


def _is_import(edge: MapEdge) -> bool:
    return edge.source.startswith("code:") and not edge.target.startswith(("model:", "data:", "stage:"))


def _not_drawn(nodes: int, edges: int) -> Iterator[str]:
    if nodes > 0:
        yield f"{nodes:,} nodes with their edges; --format json has all."
    if edges > 0:
        yield f"{edges:,} edges; --format json has all."


def _label(node: MapNode) -> str:
    name = node.name if len(node.name) <= MAX_LABEL else f"...{node.name[-MAX_LABEL:]}"
    return f"{node.kind.value}: {name}"


def _edge_label(edge: MapEdge) -> str:
    at = next((observation.at for observation in edge.evidence if observation.at.line is not None), None)
    return edge.relation.value if at is None else f"{edge.relation.value} ({at.path[-MAX_LABEL:]}:{at.line})"


def _comment(sentence: str) -> str:
    return for_terminal(sentence).replace("{", "(").replace("}", ")")
