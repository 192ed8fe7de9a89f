"""Collects nodes and edges of a map: each node once, each edge once with all of its evidence, within bounds."""

from __future__ import annotations

from mlaudit.model.dependency_map import DependencyMap, MapEdge, MapNode, NodeKind, Relation
from mlaudit.model.masking import mask_map
from mlaudit.model.observation import Observation

MAX_NODES = 50_000
"""Nodes of one map."""
MAX_EDGES = 200_000
"""Edges of one map."""
MAX_EVIDENCE = 12
"""Pieces of evidence that one edge keeps."""

_ORDER = {kind: at for at, kind in enumerate(NodeKind)}
_RELATIONS = {relation: at for at, relation in enumerate(Relation)}


class MapBuilder:
    """A map in the making."""

    def __init__(self) -> None:
        self._nodes: dict[str, MapNode] = {}
        self._evidence: dict[tuple[str, str, Relation], dict[Observation, None]] = {}
        self._certain: dict[tuple[str, str, Relation], bool] = {}
        self._details: dict[tuple[str, str, Relation], str] = {}
        self._left: dict[str, None] = {}
        self._dropped = 0

    def add(self, kind: NodeKind, name: str, detail: str = "") -> str:
        """The key of the node of this kind and name, added where it is new."""
        key = f"{kind.value}:{name}"
        self._keep(MapNode(key=key, kind=kind, name=name, detail=detail))
        return key

    def add_another(self, kind: NodeKind, name: str, detail: str = "") -> str:
        """The key of a new node, though another may have this kind and name."""
        key, number = f"{kind.value}:{name}", 2
        while key in self._nodes:
            key, number = f"{kind.value}:{name}#{number}", number + 1
        self._keep(MapNode(key=key, kind=kind, name=name, detail=detail))
        return key

    def has(self, key: str) -> bool:
        """Whether there is a node of that key."""
        return key in self._nodes

    def connect(
        self,
        source: str,
        target: str,
        relation: Relation,
        *evidence: Observation,
        certain: bool = True,
        detail: str = "",
    ) -> None:
        """Add an edge, or more evidence to it; one certain statement makes it certain."""
        if source == target or source not in self._nodes or target not in self._nodes:
            return
        edge = (source, target, relation)
        if edge not in self._evidence and len(self._evidence) >= MAX_EDGES:
            self._dropped += 1
            return
        self._evidence.setdefault(edge, {}).update(dict.fromkeys(evidence))
        self._certain[edge] = self._certain.get(edge, False) or certain
        self._details.setdefault(edge, detail)

    def leave_out(self, sentence: str) -> None:
        """Note what the map does not show."""
        self._left[sentence] = None

    def finished(self) -> DependencyMap:
        """The map, sorted by kind and name, its texts masked."""
        if self._dropped:
            self.leave_out(f"{self._dropped:,} nodes or edges beyond the limits of a map are left out.")
        finished_map = DependencyMap(
            nodes=tuple(sorted(self._nodes.values(), key=lambda node: (_ORDER[node.kind], node.name, node.key))),
            edges=tuple(sorted(self._edges(), key=lambda edge: (edge.source, _RELATIONS[edge.relation], edge.target))),
            left_out=tuple(self._left),
        )
        return mask_map(finished_map)

    def _keep(self, node: MapNode) -> None:
        if node.key in self._nodes:
            return
        if len(self._nodes) >= MAX_NODES:
            self._dropped += 1
            return
        self._nodes[node.key] = node

    def _edges(self) -> list[MapEdge]:
        return [
            MapEdge(
                source=source,
                target=target,
                relation=relation,
                evidence=tuple(evidence)[:MAX_EVIDENCE],
                certain=self._certain[source, target, relation],
                detail=self._details[source, target, relation],
            )
            for (source, target, relation), evidence in self._evidence.items()
        ]
