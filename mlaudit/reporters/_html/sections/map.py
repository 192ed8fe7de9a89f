"""The map as a section of the page: every artifact, stage, environment and package with what it depends on."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.dependency_map import MapNode
from mlaudit.reporters._escape import for_html, for_prose
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section
from mlaudit.reporters._html.words import breakable
from mlaudit.reporters._map_text import NODE_TITLES, MapView, is_listed, map_view, node_rows

MAX_LISTED_NODES = 2_000
"""Nodes that the page lists; the JSON has all of them."""


@section("Map", order=45, count=lambda view: len(view.report.map.nodes) if view.report.map else 0, script="map.js")
def dependency_map(view: PageView) -> Iterator[str]:
    """A list of nodes by kind, nothing if no map was requested."""
    known = view.report.map
    if known is None:
        return
    mapped = map_view(known)
    nodes = [node for node in known.nodes if is_listed(node)]
    yield "<p>What depends on what, with the place that shows it. "
    yield "<code>mlaudit map --impact FILE</code> lists what a change of a file reaches.</p>"
    yield '<p id="map-narrow" hidden><label>Search the map <input type="search" id="map-search"></label> '
    yield '<output id="map-count" role="status"></output></p>'
    for kind, title in NODE_TITLES.items():
        own = [node for node in nodes[:MAX_LISTED_NODES] if node.kind is kind]
        if own:
            yield f"<h3>{title} <small>{len(own)}</small></h3>"
            for node in own:
                yield from _node(mapped, node)
    left = [*known.left_out]
    if len(nodes) > MAX_LISTED_NODES:
        left.append(f"{len(nodes) - MAX_LISTED_NODES:,} more nodes; --format json has all.")
    yield from (f'<p class="quiet">Left out: {for_prose(sentence)}</p>' for sentence in left)


def _node(view: MapView, node: MapNode) -> Iterator[str]:
    detail = f' <span class="quiet">{for_html(node.detail)}</span>' if node.detail else ""
    yield f'<details class="node"><summary><b>{breakable(node.name)}</b>{detail}</summary><ul class="plain">'
    for label, values in node_rows(view, node):
        yield f"<li>{label} {breakable(', '.join(values))}</li>"
    yield "</ul></details>"
