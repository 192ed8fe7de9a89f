"""Paths through the graph of one lock, from the package backwards to what names it, the shortest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from mlaudit.environments.graph import switched_on
from mlaudit.environments.target import LockGraph, lock_graph
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Pin, Place, Reading, Root, Target
from mlaudit.model.requirement_paths import RequirementPath, RequirementStep

MAX_STEPS = 200_000
"""Steps of one search."""
MAX_LENGTH = 40
"""Packages on one path."""

Requirer = tuple[int, str]
"""A pin and the extra of it that makes the requirement; pins of roots are negative numbers."""


@dataclass(slots=True, kw_only=True)
class PathSearch:
    """The graph of one reading turned around.

    Attributes:
        direct: for each package that the project itself names, where it does.
        required: who requires each pin with one of its extras, and by which requirement.
    """

    reading: Reading
    lock: LockGraph
    direct: Mapping[str, Place]
    required: dict[Requirer, dict[Requirer, Edge]] = field(default_factory=dict)
    limited: bool = False

    def paths(self, package: str, most: int) -> Iterator[RequirementPath]:
        """At most so many paths to a package, the shortest first."""
        waiting: deque[tuple[tuple[Requirer, Edge | None], ...]] = deque(
            (((index, ""), None),) for index, pin in enumerate(self.reading.pins) if _is(pin, package)
        )
        steps = found = 0
        while waiting:
            path = waiting.popleft()
            head = path[0][0]
            if self._begins(head) and len(path) > 1:
                if found == most:
                    self.limited = True
                    return
                found += 1
                yield self._shown(path)
            on_path = {node[0] for node, _ in path}
            for by, edge in self.required.get(head, {}).items():
                steps += 1
                if steps > MAX_STEPS or len(path) >= MAX_LENGTH:
                    self.limited = True
                    break
                if by[0] not in on_path:
                    waiting.append(((by, None), (head, edge), *path[1:]))

    def _begins(self, node: Requirer) -> bool:
        """Whether a path may begin here: at a project, at what the project names, else at what nothing requires."""
        index = node[0]
        if index < 0 or self.lock.roots:
            return index < 0
        if self.direct:
            return normalized(self.reading.pins[index].name) in self.direct
        return not self.required.get((index, ""))

    def _shown(self, path: tuple[tuple[Requirer, Edge | None], ...]) -> RequirementPath:
        return RequirementPath(steps=tuple(self._step(node, edge) for node, edge in path))

    def _step(self, node: Requirer, edge: Edge | None) -> RequirementStep:
        index = node[0]
        if index < 0:
            root = self.lock.roots[-1 - index]
            return RequirementStep(name=root.name, at=root.at)
        pin = self.reading.pins[index]
        if edge is None:
            at = self.direct.get(normalized(pin.name), pin.at)
            return RequirementStep(name=pin.name, version=pin.version, at=at)
        return RequirementStep(
            name=pin.name,
            version=pin.version,
            specifier=edge.specifier,
            extras=edge.extras,
            marker=edge.marker,
            because=_because(edge),
            at=pin.at,
        )


def path_search(
    reading: Reading, target: Target, direct: Mapping[str, Place], selected: Iterable[bool | None]
) -> PathSearch:
    """The turned-around graph of a reading, without requirements that do not hold for the target."""
    lock = lock_graph(reading, target)
    search = PathSearch(reading=reading, lock=lock, direct=direct)
    installed = {index for index, chosen in enumerate(selected) if chosen is not False}
    own = {normalized(root.name): number for number, root in enumerate(lock.roots)}
    numbers = {
        index: -1 - own[normalized(pin.name)]
        for index, pin in enumerate(reading.pins)
        if pin.kind is Kind.PROJECT and normalized(pin.name) in own
    }
    for number, root in enumerate(lock.roots):
        _add(search, -1 - number, _of_root(root, lock), installed, numbers)
    for index, pin in enumerate(reading.pins):
        if index in installed and index not in numbers:
            edges = [edge for edge in pin.requires if edge.when_group is None]
            _add(search, index, edges, installed, numbers)
    return search


def _of_root(root: Root, lock: LockGraph) -> Iterable[Edge]:
    return switched_on(root.edges, lock.asked)


def _add(
    search: PathSearch, by: int, edges: Iterable[Edge], installed: set[int], numbers: Mapping[int, int]
) -> None:
    for edge in edges:
        extra = normalized(edge.when_extra or "") if by >= 0 else ""
        extras = frozenset({extra}) if extra else search.lock.asked.extras if by < 0 else frozenset[str]()
        if not search.lock.graph.evaluator.bits(edge.marker, extras):
            continue
        for index in search.lock.graph.candidates(edge):
            if index not in installed:
                continue
            for asked in ("", *map(normalized, edge.extras)):
                _require(search.required.setdefault((numbers.get(index, index), asked), {}), (by, extra), edge)


def _require(known: dict[Requirer, Edge], by: Requirer, edge: Edge) -> None:
    """Locks state a requirement once for each marker: together these are one requirement."""
    before = known.get(by)
    if before is None or before.marker is None:
        known.setdefault(by, edge)
    elif edge.marker is None:
        known[by] = edge
    elif edge.marker not in before.marker.split(" or "):
        known[by] = replace(before, marker=f"{before.marker} or {edge.marker}")


def _is(pin: Pin, package: str) -> bool:
    return package in (pin.package, normalized(pin.name)) and pin.kind in (Kind.PACKAGE, Kind.LOCAL, Kind.PROJECT)


def _because(edge: Edge) -> str:
    words = (("extra", edge.when_extra), ("group", edge.when_group))
    return ", ".join(f"{word} {name}" for word, name in words if name)
