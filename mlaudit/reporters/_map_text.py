"""A map for a terminal: artifacts, stages, environments, packages, each with what leads to it and what it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.model.dependency_map import DependencyMap, MapEdge, MapNode, NodeKind, Relation
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.reporters._layout import StyledLine, painted, paragraph, stacked, text, wrapped_items
from mlaudit.reporters._registry import Style

MAX_SHOWN = 60
"""Nodes of one section that are shown; the others are counted."""
MAX_VALUES = 8
"""Values of one line of a node; the others are counted."""

NODE_TITLES = {
    NodeKind.MODEL: "Models",
    NodeKind.DATA: "Data",
    NodeKind.STAGE: "Stages",
    NodeKind.ENVIRONMENT: "Environments",
    NodeKind.FILE: "Files",
    NodeKind.PACKAGE: "Packages",
    NodeKind.CODE: "Code",
}
"""The sections of a map, in their order."""
_ENTERING = {
    Relation.WRITES: "written by",
    Relation.READ_BY: "reads",
    Relation.RUNS_IN: "runs",
    Relation.DEFINES: "defined by",
    Relation.FOLLOWED_BY: "follows",
    Relation.STATES: "stated in",
    Relation.IMPORTED_BY: "imports",
}
_LEAVING = {
    Relation.WRITES: "writes",
    Relation.READ_BY: "read by",
    Relation.INSTALLED_IN: "installed in",
    Relation.FOLLOWED_BY: "followed by",
    Relation.IMPORTED_BY: "imported by",
    Relation.RUNS_IN: "runs in",
    Relation.DEFINES: "defines",
}
_LABEL = 1 + max(map(len, (*_ENTERING.values(), *_LEAVING.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """A map with its edges by node."""

    map: DependencyMap
    nodes: Mapping[str, MapNode]
    entering: Mapping[str, Sequence[MapEdge]]
    leaving: Mapping[str, Sequence[MapEdge]]


def map_view(whole: DependencyMap) -> MapView:
    """A map whose edges are found by their nodes."""
    entering: dict[str, list[MapEdge]] = {}
    leaving: dict[str, list[MapEdge]] = {}
    for edge in whole.edges:
        entering.setdefault(edge.target, []).append(edge)
        leaving.setdefault(edge.source, []).append(edge)
    return MapView(map=whole, nodes={node.key: node for node in whole.nodes}, entering=entering, leaving=leaving)


def as_text(whole: DependencyMap, style: Style, *, asked: Sequence[str] = (), impact: bool = False) -> str:
    """The map as a tree; `asked` are the nodes that a question names, `impact` whether they are what changes."""
    view = map_view(whole)
    lines = [*_head(view, asked, style, impact=impact)]
    for kind, title in NODE_TITLES.items():
        nodes = [node for node in whole.nodes if node.kind is kind and is_listed(node, asked)]
        if nodes:
            lines += [StyledLine(), text((title, "bold"))]
            for node in nodes[:MAX_SHOWN]:
                lines += _node_lines(view, node, style)
            lines += [text((line, "")) for line in _more(len(nodes) - MAX_SHOWN, title.lower())]
    for sentence in whole.left_out:
        lines += [StyledLine(), *_sentence(f"Left out: {sentence}", style)]
    if not whole.nodes:
        lines += _sentence(
            "The map is empty: no environment, and no code that writes or loads a model, was found.", style
        )
    while lines and not lines[0].plain:
        lines.pop(0)
    return painted(lines, colour=style.colour)


def impact_sentence(view: MapView, asked: Sequence[str]) -> str:
    """What a change of some nodes reaches, counted and named."""
    begin = ", ".join(view.nodes[key].name for key in asked if key in view.nodes)
    reached = [node for node in view.map.nodes if node.key not in asked]
    models = [node.name for node in reached if node.kind is NodeKind.MODEL]
    services = [
        node.name
        for node in reached
        if node.kind is NodeKind.ENVIRONMENT and node.detail.partition(",")[0] == "serving"
    ]
    parts = [_counted(models, "model"), _counted(services, "service")]
    affected = " and ".join(part for part in parts if part)
    return f"A change of {begin} reaches {affected or 'no model and no service that the map knows'}."


def _counted(names: Sequence[str], noun: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MAX_VALUES:,} more" if len(names) > MAX_VALUES else ""
    return f"{len(names):,} {noun}{'' if len(names) == 1 else 's'} ({', '.join(names[:MAX_VALUES])}{more})"


def _head(view: MapView, asked: Sequence[str], style: Style, *, impact: bool) -> Iterator[StyledLine]:
    if impact:
        yield from _sentence(impact_sentence(view, asked), style)
    elif asked:
        names = ", ".join(f"{view.nodes[key].kind.value} {view.nodes[key].name}" for key in asked if key in view.nodes)
        yield from _sentence(f"What {names} depends on, and what depends on it.", style)


def _sentence(sentence: str, style: Style) -> list[StyledLine]:
    return paragraph(sentence, style.width)


def is_listed(node: MapNode, asked: Sequence[str] = ()) -> bool:
    """Whether a node has an entry of its own: code and files only if asked for, since other entries name them."""
    if node.kind is NodeKind.FILE:
        return node.key in asked
    return node.kind is not NodeKind.CODE or bool(asked)


def _node_lines(view: MapView, node: MapNode, style: Style) -> list[StyledLine]:
    rows = list(node_rows(view, node))
    name = (f"  {node.name}", "bold" if node.kind is NodeKind.MODEL else "")
    lines = stacked([name, (node.detail, "dim")], style.width, gap=3)
    for number, (label, values) in enumerate(rows):
        branch, trunk = ("└", " ") if number == len(rows) - 1 else ("├", "│")
        lines += _value_lines(f"  {branch}─ {label}", f"  {trunk}  ", values, style.width)
    return lines


def _value_lines(label: str, trunk: str, values: Sequence[str], width: int) -> list[StyledLine]:
    """Values beside their label, or below it where one of them is too long for that."""
    first, rest = (f"{begin:<{len(trunk) + _LABEL + 1}}" for begin in (label, trunk))
    if all(len(first) + len(value) <= width for value in values):
        return [text((line, "")) for line in wrapped_items(values, width, first=first, rest=rest)]
    below = f"{trunk}   "
    return [text((label, "")), *(text((line, "")) for line in wrapped_items(values, width, first=below, rest=below))]


def node_rows(view: MapView, node: MapNode) -> Iterator[tuple[str, list[str]]]:
    """What leads to a node and what it leads to, a row for each relation."""
    for edges, labels, far in (
        (view.entering.get(node.key, ()), _ENTERING, "source"),
        (view.leaving.get(node.key, ()), _LEAVING, "target"),
    ):
        for relation, label in labels.items():
            own = [edge for edge in edges if edge.relation is relation]
            values = list(dict.fromkeys(_values(view, own, far)))
            if values:
                yield label, [*values[:MAX_VALUES], *_more(len(values) - MAX_VALUES, "")]


def _values(view: MapView, edges: Iterable[MapEdge], far: str) -> Iterator[str]:
    """The far ends of some edges with their first place; modules with the environments that run them."""
    known = [(view.nodes[getattr(edge, far)], edge) for edge in edges]
    environments = [(node, edge) for node, edge in known if node.kind is NodeKind.ENVIRONMENT]
    with_code = [(node, edge) for node, edge in known if node.kind is not NodeKind.ENVIRONMENT]
    named: set[str] = set()
    for node, edge in with_code:
        places = {str(observation.at) for observation in edge.evidence}
        inside = [
            other.name
            for other, its in environments
            if places.intersection(str(observation.at) for observation in its.evidence)
        ]
        named.update(inside)
        within = f" in {listed_names(inside)}" if inside and node.kind is not NodeKind.STAGE else ""
        yield f"{_with_place(node, edge)}{within}{_perhaps(edge)}"
    for node, edge in environments:
        if node.name not in named:
            yield f"{_with_place(node, edge)}{_perhaps(edge)}"


def listed_names(names: Sequence[str]) -> str:
    """A few names, the others counted."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _with_place(node: MapNode, edge: MapEdge) -> str:
    """The name, and where it is shown: a module's own path gets the line alone."""
    at = next((observation.at for observation in edge.evidence), None)
    if at is None or edge.relation in (Relation.RUNS_IN, Relation.DEFINES):
        return node.name
    place = at.at_line
    if at.path == node.name and node.kind in (NodeKind.CODE, NodeKind.FILE):
        return place
    return f"{node.name}{f' {edge.detail}' if edge.detail else ''} ({place})"


def _perhaps(edge: MapEdge) -> str:
    return "" if edge.certain else ", perhaps"


def _more(count: int, noun: str) -> list[str]:
    return [f"{count:,} more {noun}".rstrip()] if count > 0 else []
