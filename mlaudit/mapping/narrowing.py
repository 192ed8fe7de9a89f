"""Parts of a map: what one thing depends on, what depends on it, and what a change of it reaches."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Collection, Iterable

from mlaudit.model.dependency_map import DependencyMap, MapEdge, MapNode, NodeKind, Relation
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized

_OF_PACKAGES = (Relation.STATES, Relation.INSTALLED_IN)


def nodes_named(whole: DependencyMap, kinds: Collection[NodeKind], name: str) -> list[MapNode]:
    """The nodes of some kinds that a name means: exactly, else by the end of a path or its stem, else as a glob."""
    nodes = [node for node in whole.nodes if node.kind in kinds]
    wanted = posixpath.normpath(name) if name else name
    tests: tuple[Callable[[MapNode], bool], ...] = (
        lambda node: node.name in (name, wanted),
        lambda node: node.kind is NodeKind.PACKAGE and node.name == normalized(name),
        lambda node: f"/{node.name}".endswith(f"/{wanted}"),
        lambda node: _stem(node.name) == name,
        lambda node: fnmatch.fnmatchcase(node.name, name),
    )
    return next((map_nodes for test in tests if (map_nodes := [node for node in nodes if test(node)])), [])


def _stem(name: str) -> str:
    base = posixpath.basename(name.rstrip("/")).rpartition(":")[2]
    return base.partition(".")[0]


def reached_by(whole: DependencyMap, starts: Iterable[str]) -> DependencyMap:
    """What a change of some nodes reaches.

    Code that runs in an environment does not change what other code there does, so that an environment which only
    code or an artifact leads to is an end. What is installed changes all that the environment's code writes.
    """
    begin = set(starts)
    return _part(whole, begin, _walked(begin, _index(whole, forward=True), forward=True))


def touching(whole: DependencyMap, starts: Iterable[str]) -> DependencyMap:
    """What some nodes depend on, what depends on them, and the files that define the environments among these."""
    begin = set(starts)
    taken = _walked(begin, _index(whole, forward=True), forward=True)
    taken |= _walked(begin, _index(whole, forward=False), forward=False)
    kept = begin.union(*((edge.source, edge.target) for edge in taken))
    for edge in whole.edges:
        defines = edge.relation is Relation.DEFINES and edge.target in kept
        if defines or (edge.relation is Relation.FOLLOWED_BY and {edge.source, edge.target} <= kept):
            taken.add(edge)
    return _part(whole, begin, taken)


def _index(whole: DependencyMap, *, forward: bool) -> dict[str, list[MapEdge]]:
    """The edges by the node at which a walk meets them."""
    met: dict[str, list[MapEdge]] = {}
    for edge in whole.edges:
        met.setdefault(edge.source if forward else edge.target, []).append(edge)
    return met


def without_packages(whole: DependencyMap) -> DependencyMap:
    """The map without its packages, which are counted instead."""
    count = sum(node.kind is NodeKind.PACKAGE for node in whole.nodes)
    if not count:
        return whole
    hint = f"{count:,} packages; `mlaudit map --package NAME` shows one of them, `--format json` all."
    return replace(
        whole,
        nodes=tuple(node for node in whole.nodes if node.kind is not NodeKind.PACKAGE),
        edges=tuple(edge for edge in whole.edges if edge.relation not in _OF_PACKAGES),
        left_out=(*whole.left_out, hint),
    )


def _walked(begin: set[str], edges: dict[str, list[MapEdge]], *, forward: bool) -> set[MapEdge]:
    """The edges on all ways from some nodes."""
    taken: set[MapEdge] = set()
    seen = {(key, True) for key in begin}
    waiting = list(seen)
    while waiting:
        key, opens = waiting.pop()
        for edge in edges.get(key, ()):
            if not _follows(edge, key, opens, forward=forward, is_start=key in begin):
                continue
            taken.add(edge)
            far = edge.target if forward else edge.source
            state = (far, _opens(edge, far))
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return taken


def _opens(edge: MapEdge, far: str) -> bool:
    """Whether a way goes on through the node that an edge leads to.

    Through an environment it does where what is installed changes; not through a package that a file states, since
    other files state that package for other environments.
    """
    if edge.relation is Relation.STATES:
        return False
    return not far.startswith("environment:") or edge.relation in (Relation.DEFINES, Relation.INSTALLED_IN)


def _follows(edge: MapEdge, key: str, opens: bool, *, forward: bool, is_start: bool) -> bool:
    if forward:
        return opens
    # What else an environment runs or reads is no cause of one artifact that it writes.
    return is_start or not key.startswith("environment:") or edge.relation is Relation.DEFINES


def _part(whole: DependencyMap, begin: set[str], edges: Collection[MapEdge]) -> DependencyMap:
    kept = begin.union(*((edge.source, edge.target) for edge in edges)) if edges else begin
    return replace(
        whole,
        nodes=tuple(node for node in whole.nodes if node.key in kept),
        edges=tuple(edge for edge in whole.edges if edge in edges),
    )
