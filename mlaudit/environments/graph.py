"""Which packages of a lock are reached from its roots: a walk of its graph, for several environments at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mlaudit.grammars.pypi.markers import Atom, Worlds, atom_bits, encoded, evaluated, program
from mlaudit.grammars.pypi.selected import ALWAYS
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Pin, Root
from mlaudit.model.versions import admits, oldest, parsed

Switch = tuple[str, str, str]
"""Something that conflicts ask for: the word `extra`, `group` or `project`, the package, the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedParts:
    """Extras and groups that are switched on, normalized; `own`: what is under neither is too."""

    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    own: bool = True


@lru_cache(maxsize=65536)
def _plain_bits(marker: str, worlds: Worlds, hopeful: bool) -> tuple[int, bool] | None:
    """Bits of a marker that asks for no extra or group, and whether they are sure; None if it asks for one."""
    read = program(marker)
    if read is None:
        return (worlds.every if hopeful else 0), False
    if any(isinstance(step, Atom) and step.asks not in ("", "nothing") for step in read):
        return None
    sure = True

    def bits(atom: Atom) -> int:
        nonlocal sure
        value = None if atom.asks else atom_bits(atom.text, worlds)
        sure = sure and value is not None
        return value if value is not None else (worlds.every if hopeful else 0)

    return evaluated(read, bits), sure


@dataclass(slots=True, kw_only=True)
class Evaluator:
    """Markers as bits, where `hopeful` states how a comparison counts that nobody can decide.

    Attributes:
        active: bits of the environments in which an extra, group or project is switched on, for uv's conflicts.
        guessed: a comparison was met that nobody can decide.
        conflicts: a marker was met that asks for `active`.
    """

    worlds: Worlds
    asked: SelectedParts
    hopeful: bool
    active: dict[Switch, int] = field(default_factory=dict)
    guessed: bool = False
    conflicts: bool = False

    def bits(self, marker: str | None, extras: frozenset[str], also: frozenset[Switch] = frozenset()) -> int:
        """The environments in which a marker holds, with these extras on; `also` counts as active for this one."""
        if marker is None:
            return self.worlds.every
        plain = _plain_bits(marker, self.worlds, self.hopeful)
        if plain is not None:
            self.guessed = self.guessed or not plain[1]
            return plain[0]
        return evaluated(program(marker) or (), lambda atom: self._atom(atom, extras, also))

    def _atom(self, atom: Atom, extras: frozenset[str], also: frozenset[Switch]) -> int:
        every = self.worlds.every
        if not atom.asks or atom.asks == "nothing":
            value = None if atom.asks else atom_bits(atom.text, self.worlds)
            self.guessed = self.guessed or value is None
            return value if value is not None else (every if self.hopeful else 0)
        selected = self._selected(atom, extras, also)
        return every & ~selected if atom.negated else selected

    def _selected(self, atom: Atom, extras: frozenset[str], also: frozenset[Switch]) -> int:
        every = self.worlds.every
        key = encoded(atom.value) if atom.asks == "extra" else None
        if key is not None:
            self.conflicts = True
            return every if key in also else self.active.get(key, 0)
        name = normalized(atom.value)
        if atom.asks == "dependency_groups":
            return every if name in self.asked.groups or name in ALWAYS else 0
        return every if name in extras else 0


class Graph:
    """The pins of a lock as nodes; a node is a pin, or a pin with one of its extras."""

    def __init__(self, pins: Sequence[Pin], evaluator: Evaluator) -> None:
        self.pins = pins
        self.evaluator = evaluator
        self.reached: dict[tuple[int, str], int] = {}
        self._waiting: deque[tuple[int, str]] = deque()
        # Edges that admit several versions wait until those that admit one have settled what there is.
        self._undecided: deque[tuple[int, Edge]] = deque()
        self._by_name: dict[str, list[int]] = {}
        self._by_version: dict[tuple[str, str | None], list[int]] = {}
        self._by_extra: dict[int, dict[str, list[Edge]]] = {}
        self._found: dict[tuple[str, str | None, str | None, str | None], tuple[int, ...]] = {}
        for index, pin in enumerate(pins):
            if pin.kind in (Kind.PACKAGE, Kind.PROJECT, Kind.LOCAL):
                self._by_name.setdefault(pin.name, []).append(index)
                self._by_version.setdefault((pin.name, pin.version), []).append(index)

    def walk(self, roots: Iterable[Root]) -> dict[int, int]:
        """Bits of the environments in which each pin is reached.

        Where extras conflict, uv walks twice (uv-resolver/src/lock/installable.rs): first to learn which extras are
        switched on, then with all of them known.
        """
        chosen = tuple(roots)
        self._once(chosen, learning=True)
        if self.evaluator.conflicts:
            self.reached.clear()
            self._once(chosen, learning=False)
        return {index: bits for (index, extra), bits in self.reached.items() if not extra}

    def _once(self, roots: Sequence[Root], learning: bool) -> None:
        asked, every = self.evaluator.asked, self.evaluator.worlds.every
        for root in roots:
            self._activate(root)
        for root in roots:
            for index in self._by_name.get(normalized(root.name), ()):
                if self.pins[index].kind is Kind.PROJECT:
                    self.reached[index, ""] = every
            self._follow(every, switched_on(root.edges, asked), asked.extras, learning)
        while self._waiting or self._undecided:
            if not self._waiting:
                self._decide(*self._undecided.popleft())
                continue
            index, extra = node = self._waiting.popleft()
            ours = frozenset({extra}) if extra else frozenset[str]()
            self._follow(self.reached[node], self._edges(index).get(extra, ()), ours, learning)

    def _edges(self, index: int) -> dict[str, list[Edge]]:
        """What a pin requires, by the extra that asks for it; groups are no matter of those who require it."""
        known = self._by_extra.get(index)
        if known is None:
            known = self._by_extra[index] = {}
            for edge in self.pins[index].requires:
                if edge.when_group is None:
                    known.setdefault(normalized(edge.when_extra or ""), []).append(edge)
        return known

    def _activate(self, root: Root) -> None:
        name, every = normalized(root.name), self.evaluator.worlds.every
        self.evaluator.active["project", name, ""] = every
        for kind, offered, asked in (
            ("extra", root.extras, self.evaluator.asked.extras),
            ("group", root.groups, self.evaluator.asked.groups),
        ):
            on = [extra for extra in map(normalized, offered) if extra in asked]
            self.evaluator.active.update({(kind, name, extra): every for extra in on})

    def _follow(self, bits: int, edges: Iterable[Edge], extras: frozenset[str], learning: bool) -> None:
        for edge in edges:
            keys = frozenset(("extra", edge.name, normalized(extra)) for extra in edge.extras)
            remaining = bits & self.evaluator.bits(edge.marker, extras, keys if learning else frozenset())
            if not remaining:
                continue
            if learning:
                for key in keys:
                    self.evaluator.active[key] = self.evaluator.active.get(key, 0) | remaining
            candidates = self.candidates(edge)
            if len(candidates) > 1:
                self._undecided.append((remaining, edge))
            for index in candidates if len(candidates) == 1 else ():
                self._reach(index, edge.extras, remaining)

    def _decide(self, bits: int, edge: Edge) -> None:
        """Share the environments of an edge among the versions that it admits: what is installed anyway goes first."""
        candidates = self.candidates(edge)
        for already in (True, False):
            for index in candidates:
                within = bits & self._fitting(self.pins[index])
                within &= self.reached.get((index, ""), 0) if already else self.evaluator.worlds.every
                bits &= ~within
                self._reach(index, edge.extras, within)

    def _fitting(self, pin: Pin) -> int:
        """The environments in which a version may be taken, by its own marker and its range of Python versions."""
        worlds = self.evaluator.worlds
        fitting = self.evaluator.bits(pin.marker, frozenset())
        if pin.requires_python is None:
            return fitting
        return fitting & sum(
            1 << bit for bit, python in enumerate(worlds.pythons) if admits(pin.requires_python, python)
        )

    def _reach(self, index: int, extras: tuple[str, ...], bits: int) -> None:
        for extra in ("", *map(normalized, extras)):
            node = (index, extra)
            before = self.reached.get(node, 0)
            if bits & ~before:
                self.reached[node] = before | bits
                self._waiting.append(node)

    def candidates(self, edge: Edge) -> tuple[int, ...]:
        """The pins an edge can mean, newest first: by version and origin where it states them, else by the range."""
        key = (edge.name, edge.version, edge.origin, edge.specifier)
        if key not in self._found:
            name = normalized(edge.name)
            exact = edge.version is not None
            named = self._by_version.get((name, edge.version), []) if exact else self._by_name.get(name, [])
            self._found[key] = tuple(named if len(named) < 2 else self._distinct(edge, named))
        return self._found[key]

    def _distinct(self, edge: Edge, named: list[int]) -> list[int]:
        pins = self.pins
        if edge.version is None and edge.specifier is not None:
            # A range that admits none is one that the lock overrides.
            named = [index for index in named if admits(edge.specifier, pins[index].version or "")] or named
        if edge.origin is not None or edge.version is not None:
            named = [index for index in named if pins[index].origin == edge.origin]
        return sorted(named, key=lambda index: parsed(pins[index].version or "0") or oldest(), reverse=True)


def switched_on(edges: Iterable[Edge], asked: SelectedParts) -> Iterable[Edge]:
    """The edges of a root that the selected extras and groups switch on."""
    return (
        edge
        for edge in edges
        if (edge.when_extra is None or normalized(edge.when_extra) in asked.extras)
        and (_is_own(edge) or normalized(edge.when_group or "") in asked.groups)
        and (asked.own or edge.when_extra is not None or not _is_own(edge))
    )


def _is_own(edge: Edge) -> bool:
    return edge.when_group is None or edge.when_group in ALWAYS
