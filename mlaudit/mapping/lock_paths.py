"""Paths through the graph of one lock, from the package backwards to what names it, the shortest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.environments.graph import switched_on
from mlaudit.environments.target import LockGraph, lock_graph
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Pin, Place, Reading, Target
from mlaudit.model.requirement_paths import RequirementPath, RequirementStep

MAX_STEPS = 200_000
"""Steps of one search."""
MAX_LENGTH = 40
"""Packages on one path."""

Requirer = tuple[int, str]
"""A pin and the extra of it that makes the requirement; pins of roots are negative numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectPackage:
    """A package that the project itself names: where, and with which extras."""

    at: Place
    extras: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class PathSearch:
    """The graph of one reading turned around.

    Attributes:
        direct: for each package that the project itself names, where it does.
        required: who requires each pin with one of its extras, and by which requirement.
    """

    reading: Reading
    lock: LockGraph
    direct: Mapping[str, DirectPackage]
    required: dict[Requirer, dict[Requirer, Edge]] = field(default_factory=dict)
    limited: bool = False

    def paths(self, package: str, most: int) -> Iterator[RequirementPath]:
        """At most so many paths to a package, the shortest first."""
        live = self._live()
        waiting: deque[tuple[tuple[Requirer, Edge | None], ...]] = deque(
            (((index, ""), None),) for index, pin in enumerate(self.reading.pins) if _is(pin, package)
        )
        steps = count = 0
        while waiting:
            path = waiting.popleft()
            head = path[0][0]
            if self._begins(head) and len(path) > 1:
                if count == most:
                    self.limited = True
                    return
                count += 1
                yield self._shown(path)
            on_path = {node[0] for node, _ in path}
            for by, edge in self.required.get(head, {}).items():
                steps += 1
                if steps > MAX_STEPS or len(path) >= MAX_LENGTH:
                    self.limited = True
                    break
                if by[0] not in on_path and by in live:
                    waiting.append(((by, None), (head, edge), *path[1:]))

    def _live(self) -> set[Requirer]:
        """What a path from some beginning leads to: a search that leaves it would end nowhere."""
        after: dict[Requirer, list[Requirer]] = {}
        for node, requirers in self.required.items():
            for by in requirers:
                after.setdefault(by, []).append(node)
        waiting = [node for node in after if self._begins(node)]
        live = set(waiting)
        while waiting:
            for node in after.get(waiting.pop(), ()):
                if node not in live:
                    live.add(node)
                    waiting.append(node)
        return live

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
            named = self.direct.get(normalized(pin.name))
            at = named.at if named is not None else pin.at
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
    reading: Reading, target: Target, direct: Mapping[str, DirectPackage], selected: Iterable[bool | None]
) -> PathSearch:
    """The turned-around graph of a reading, without requirements that do not hold for the target."""
    lock = lock_graph(reading, target)
    search = PathSearch(reading=reading, lock=lock, direct=direct)
    installed = _installed(reading, selected)
    own = {normalized(root.name): number for number, root in enumerate(lock.roots)}
    numbers = {
        index: -1 - own[normalized(pin.name)]
        for index, pin in enumerate(reading.pins)
        if pin.kind is Kind.PROJECT and normalized(pin.name) in own
    }
    starts = [(-1 - number, "") for number in range(len(lock.roots))] or list(_unrooted(reading, direct, installed))
    _require_from(search, starts, installed, numbers)
    return search


def _unrooted(reading: Reading, direct: Mapping[str, DirectPackage], installed: Iterable[int]) -> Iterator[Requirer]:
    """Where a graph without roots begins: at every package, and at the extras that the project asks for."""
    for index in sorted(installed):
        yield index, ""
        named = direct.get(normalized(reading.pins[index].name))
        yield from ((index, normalized(extra)) for extra in (named.extras if named is not None else ()))


def _require_from(
    search: PathSearch, starts: Iterable[Requirer], installed: set[int], numbers: Mapping[int, int]
) -> None:
    """Turn around every requirement that is reached: an extra counts where somebody asks for it."""
    waiting = list(dict.fromkeys(starts))
    known = set(waiting)
    while waiting:
        node = waiting.pop()
        for edge in _requirements(search, node):
            for index in search.lock.graph.candidates(edge):
                if index not in installed:
                    continue
                for asked in ("", *map(normalized, edge.extras)):
                    required = (numbers.get(index, index), asked)
                    _require(search.required.setdefault(required, {}), node, edge)
                    if required not in known:
                        known.add(required)
                        waiting.append(required)


def _requirements(search: PathSearch, node: Requirer) -> Iterator[Edge]:
    """The requirements of a project, package or extra that hold for the target."""
    index, extra = node
    lock = search.lock
    if index < 0:
        edges, extras = switched_on(lock.roots[-1 - index].edges, lock.asked), lock.asked.extras
    else:
        pin = search.reading.pins[index]
        edges = (
            edge for edge in pin.requires if edge.when_group is None and normalized(edge.when_extra or "") == extra
        )
        extras = frozenset({extra}) if extra else frozenset[str]()
    yield from (edge for edge in edges if lock.graph.evaluator.bits(edge.marker, extras))


def _installed(reading: Reading, selected: Iterable[bool | None]) -> set[int]:
    """The pins that are installed; of a Python that is locked for several platforms the first stands for all."""
    installed: set[int] = set()
    pythons: set[str | None] = set()
    for index, (pin, chosen) in enumerate(zip(reading.pins, selected, strict=True)):
        if chosen is False or (pin.kind is Kind.PYTHON and pin.version in pythons):
            continue
        installed.add(index)
        if pin.kind is Kind.PYTHON:
            pythons.add(pin.version)
    return installed


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
