"""The machine an environment is for, and which pins of a reading are installed on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.environments.graph import Evaluator, Graph, SelectedParts
from mlaudit.grammars.pypi.markers import Worlds
from mlaudit.grammars.pypi.selected import ALWAYS, reached_extras
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Layer, Pin, Reading, Root, Target
from mlaudit.model.versions import admits, exact, is_range
from mlaudit.request.wanted import Wanted

KNOWN_MINORS = tuple(f"3.{minor}" for minor in range(8, 15))
"""Python's minor versions that a range is compared with."""
_LAST_PATCH = "99"
MAX_PYTHONS = 32
"""Pythons that one target stands for; sources that state more than these are of no one environment."""
_PYTHON = lazy_pattern(r"\s{0,8}(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[.+-].{0,64}|(?:a|b|rc)\d{1,3}\+?)?\s{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whether a pin is installed.

    Attributes:
        selected: None if it depends on what the target leaves open: the patch release, or the minor of several.
        pythons: those of `pythons_of(target)` for which it is installed, surely or possibly.
    """

    selected: bool | None
    pythons: tuple[str, ...]


_USUAL_MACHINE = {"darwin": "arm64", "win32": "AMD64"}


def target_for(readings: Sequence[Reading], wanted: Wanted) -> Target:
    """The target: what installed sources state of themselves, then what is wanted, then what the sources ask for."""
    pins = tuple(python_pins(readings, wanted.parts))
    pythons = _installed(pins) or wanted_pythons(wanted) or _asked_for(pins) or _ranged(readings, pins, wanted)
    facts = _facts(readings)
    system, machine = _platform_of(wanted.platform) if wanted.platform else (None, None)
    stated_system, stated_machine = facts.get("platform", system), facts.get("machine", machine)
    platform = stated_system or "linux"
    assumed = (("python", pythons), ("platform", stated_system), ("machine", stated_machine))
    return Target(
        pythons=pythons,
        platform=platform,
        machine=stated_machine or _USUAL_MACHINE.get(platform, "x86_64"),
        implementation=facts.get("implementation", "cpython"),
        extras=tuple(dict.fromkeys(map(normalized, wanted.extras))),
        groups=tuple(dict.fromkeys(map(normalized, wanted.groups))),
        default_groups=wanted.default_groups,
        parts=dict(wanted.parts),
        assumed=tuple(word for word, stated in assumed if not stated),
    )


def _facts(readings: Iterable[Reading]) -> dict[str, str]:
    """The first word of each key that the sources state of themselves."""
    facts: dict[str, str] = {}
    for reading in readings:
        for fact in reading.facts:
            if fact.value:
                facts.setdefault(fact.key, fact.value)
    return facts


def python_pins(readings: Iterable[Reading], parts: Mapping[str, str]) -> Iterator[Pin]:
    """The Pythons that sources state, those of stages and environments that were not chosen left out."""
    for reading in readings:
        chosen = {root.name for root in chosen_roots(reading, parts)}
        for pin in reading.pins:
            if pin.kind is Kind.PYTHON and (not pin.parts or not chosen or not chosen.isdisjoint(pin.parts)):
                yield pin


def _installed(pins: Iterable[Pin]) -> tuple[str, ...]:
    return _narrowest(pin.version for pin in pins if pin.layer is Layer.INSTALLED)


def _asked_for(pins: Iterable[Pin]) -> tuple[str, ...]:
    return _narrowest(pin.version for pin in pins if pin.layer is not Layer.RECORDED)


def wanted_pythons(wanted: Wanted) -> tuple[str, ...]:
    """The Pythons that were requested, those of a range one by one."""
    if wanted.python is None:
        return ()
    return _narrowest([wanted.python]) or _admitted([wanted.python])


def _narrowest(versions: Iterable[str | None]) -> tuple[str, ...]:
    """Python versions in order, each once; without `3.11` if `3.11.7` is there."""
    pythons = dict.fromkeys(python for version in versions if version for python in [_python(version)] if python)
    minors = {python.rpartition(".")[0] for python in pythons if python.count(".") > 1}
    return tuple(python for python in pythons if python not in minors)[:MAX_PYTHONS]


def _python(version: str) -> str | None:
    """`3.11` or `3.11.7` of a version as people and tools write it, None if it shows no minor."""
    match = _PYTHON.fullmatch(version)
    return ".".join(part for part in match.groups() if part) if match else None


def _ranged(readings: Sequence[Reading], pins: Iterable[Pin], wanted: Wanted) -> tuple[str, ...]:
    """Every known minor that the ranges admit; those of the sources that name roots if all of them admit none."""
    rooted = [
        root.requires_python
        for reading in readings
        for root in chosen_roots(reading, wanted.parts)
        if root.requires_python
    ]
    stated = [pin.specifier for pin in pins if pin.specifier and pin.layer is not Layer.RECORDED]
    return _admitted([*rooted, *stated]) or _admitted(rooted)


def _admitted(ranges: Iterable[str]) -> tuple[str, ...]:
    known = [text for text in dict.fromkeys(ranges) if is_range(text)]
    if not known:
        return ()
    named = [python for text in known for python in [_python(exact(text) or "")] if python]
    return tuple(
        dict.fromkeys(
            python for python in (named or KNOWN_MINORS) if all(some_patch_admitted(text, python) for text in known)
        )
    )


@lru_cache(maxsize=4096)
def some_patch_admitted(specifier: str, python: str) -> bool:
    """Whether a range admits some patch release: the outermost ones, and those that it names itself, are tried."""
    if python.count(".") > 1:
        return admits(specifier, python)
    pattern = rf"(?<![\d.]){re.escape(python)}\.(\d{{1,3}})(?![\d.])"
    named = re.findall(pattern, specifier) if f"{python}." in specifier else ()
    patches = {0, 99, *(int(patch) + step for patch in named for step in (-1, 0, 1))}
    return any(admits(specifier, f"{python}.{patch}") for patch in sorted(patches) if patch >= 0)


def pythons_of(target: Target) -> tuple[str, ...]:
    """The Pythons that pins are chosen for: the target's, or every known minor where none is known."""
    return target.pythons or KNOWN_MINORS


def _patches(python: str) -> tuple[str, ...]:
    """The releases that stand for a Python: of a minor the first and a last one, since markers only compare."""
    return (python,) if python.count(".") > 1 else (f"{python}.0", f"{python}.{_LAST_PATCH}")


def _worlds(target: Target) -> Worlds:
    fulls = tuple(full for python in pythons_of(target) for full in _patches(python))
    return Worlds(fulls, target.platform, target.machine, target.implementation)


def chosen_roots(reading: Reading, parts: Mapping[str, str]) -> tuple[Root, ...]:
    """The roots that `#word=name` chose, for words that a reading does not know the ones its tool takes by default."""
    chosen: list[Root] = []
    for kind in dict.fromkeys(root.kind for root in reading.roots):
        ours = [root for root in reading.roots if root.kind == kind]
        wanted = {normalized(name) for name in parts.get(kind, "").split(",") if name}
        named = [root for root in ours if "*" in wanted or normalized(root.name) in wanted]
        chosen += named or [root for root in ours if root.default]
    return tuple(chosen)


def part_names(reading: Reading, target: Target) -> frozenset[str]:
    """The names of the stages and environments that are chosen; empty if none is known."""
    named = frozenset(root.name for root in chosen_roots(reading, target.parts))
    return named or frozenset(target.parts.values())


def choose(reading: Reading, target: Target) -> tuple[Choice, ...]:
    """For each pin of a reading whether it is installed, for every patch release of every Python of the target."""
    pythons = pythons_of(target)
    roots = chosen_roots(reading, target.parts)
    graph = any(root.edges for root in reading.roots if root.kind == "package")
    always = Choice(selected=True, pythons=pythons)
    if target.own and not graph and not any(map(_conditional, reading.pins)):
        return (always,) * len(reading.pins)
    chooser = _Chooser(reading, target, roots, graph)
    may, guessed = chooser.bits(hopeful=True)
    must = chooser.bits(hopeful=False)[0] if guessed else may
    both = tuple(zip(may, must, strict=True))
    known = {pair: chooser.choice(*pair) for pair in set(both)}
    return tuple(known[pair] for pair in both)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockGraph:
    """The graph of one reading for one target, before it is walked.

    Attributes:
        roots: where a walk begins: those with edges.
        asked: extras and groups that are switched on.
    """

    graph: Graph
    roots: tuple[Root, ...]
    asked: SelectedParts


def lock_graph(reading: Reading, target: Target) -> LockGraph:
    """The graph of the requirements that a reading states."""
    roots = tuple(root for root in chosen_roots(reading, target.parts) if root.kind == "package" and root.edges)
    chooser = _Chooser(reading, target, roots, bool(roots))
    evaluator = Evaluator(worlds=chooser.worlds, asked=chooser.asked, hopeful=True)
    return LockGraph(graph=Graph(reading.pins, evaluator), roots=roots, asked=chooser.asked)


def applies(marker: str | None, target: Target) -> bool:
    """Whether a marker surely holds, for every Python of the target and with no extra asked for."""
    worlds = _worlds(target)
    evaluator = Evaluator(worlds=worlds, asked=SelectedParts(), hopeful=False)
    return evaluator.bits(marker, frozenset()) == worlds.every


def _conditional(pin: Pin) -> bool:
    if pin.is_plain:
        return False
    return pin.marker is not None or bool(pin.groups or pin.under_extras or pin.parts or pin.platforms or pin.optional)


class _Chooser:
    """One reading for one target."""

    def __init__(self, reading: Reading, target: Target, roots: Sequence[Root], graph: bool) -> None:
        self.reading = reading
        self.target = target
        self.roots = roots
        self.graph = graph
        self.minors = tuple(python for python in pythons_of(target) for _ in _patches(python))
        self.worlds = _worlds(target)
        defaults = [
            group
            for root in roots
            if target.default_groups or root.has_runtime_defaults
            for group in root.default_groups
        ]
        without = frozenset(map(normalized, target.without))
        groups = frozenset(map(normalized, (*target.groups, *defaults))) - without
        extras = frozenset(map(normalized, target.extras)) - without
        self.asked = SelectedParts(extras=reached_extras(reading.pins, extras, groups), groups=groups, own=target.own)
        self.part_names = part_names(reading, target)

    def bits(self, *, hopeful: bool) -> tuple[list[int], bool]:
        """The environments of each pin, and whether a marker was met that nobody can decide."""
        evaluator = Evaluator(worlds=self.worlds, asked=self.asked, hopeful=hopeful)
        pins = self.reading.pins
        reached: Mapping[int, int] = {}
        if self.graph:
            package_roots = (root for root in self.roots if root.kind == "package")
            reached = Graph(pins, evaluator).walk(package_roots)
        walked = (Kind.PACKAGE, Kind.PROJECT, Kind.LOCAL) if self.graph else ()
        values = [
            reached.get(index, 0) if pin.kind in walked else self._filtered(pin, evaluator)
            for index, pin in enumerate(pins)
        ]
        return values, evaluator.guessed

    def choice(self, may: int, must: int) -> Choice:
        """The choice that these environments mean: where it surely, and where it possibly is installed."""
        for_pythons = tuple(dict.fromkeys(minor for bit, minor in enumerate(self.minors) if may >> bit & 1))
        selected = True if must == self.worlds.every else (None if may else False)
        return Choice(selected=selected, pythons=for_pythons)

    def _filtered(self, pin: Pin, evaluator: Evaluator) -> int:
        if not _conditional(pin) and self.asked.own:
            return self.worlds.every
        if pin.kind not in (Kind.BOUND, Kind.PYTHON, Kind.PROJECT) and not self._wanted(pin):
            return 0
        if not self.asked.own and pin.kind in (Kind.PACKAGE, Kind.LOCAL) and _is_own(pin):
            return 0
        return evaluator.bits(pin.marker, self.asked.extras)

    def _wanted(self, pin: Pin) -> bool:
        if pin.optional and not pin.under_extras and "extra" not in (pin.marker or ""):
            return False
        return (
            _any_in(pin.under_extras, self.asked.extras)
            and _any_in(pin.groups, self.asked.groups | (ALWAYS if self.asked.own else frozenset()))
            and (not pin.parts or not self.part_names or not self.part_names.isdisjoint(pin.parts))
            and (not pin.platforms or any(self._fits(platform) for platform in pin.platforms))
        )

    def _fits(self, platform: str) -> bool:
        """Whether a platform as conda and pixi name it (`linux-64`, `noarch`, `unix`) is the target's."""
        if platform in ("noarch", "any"):
            return True
        if platform == "unix":
            return self.target.platform != "win32"
        system, machine = _platform_of(platform)
        return system == self.target.platform and machine in (None, self.target.machine)


def _platform_of(name: str) -> tuple[str | None, str | None]:
    from mlaudit.model.platforms import platform_of

    return platform_of(name)


def _any_in(names: tuple[str, ...], wanted: frozenset[str]) -> bool:
    return not names or any(normalized(name) in wanted for name in names)


def _is_own(pin: Pin) -> bool:
    return not pin.under_extras and all(normalized(group) in ALWAYS for group in pin.groups)
