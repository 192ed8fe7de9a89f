"""The order of a roll-out: who of writer and reader changes first, from what is known in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.comparison.judgement import Judgements
from mlaudit.knowledge.crossing import Consequence, judge
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Environment, Report
from mlaudit.repair.upgrade.nouns import Order, PackageMove, PairOrder, RollOutStep

_RISK = {Effect.SILENT: 2, Effect.UNREADABLE: 2, Effect.PREPROCESSING: 2, Effect.NO_PROMISE: 1, Effect.HARMLESS: 0}
"""How much speaks against an order: 2 something breaks or changes, 1 nobody promises it, 0 nothing is known."""


def pair_orders(report: Report, after: Mapping[str, Environment]) -> tuple[PairOrder, ...]:
    """The order of each pair of which both sides change, from the packages that both state."""
    before = {environment.name: environment for environment in report.environments}
    crosses = Judgements(before)
    orders = []
    for pair in report.pairs:
        if any(before[name] is after[name] for name in pair):
            continue
        kinds, classes = crosses.what_crosses(pair.writer, pair.reader)
        known = next(
            (known_pair for known_pair in report.known_pairs if (known_pair.writer, known_pair.reader) == tuple(pair)),
            None,
        )
        kinds |= frozenset(kind for artifact in (known.crosses if known else ()) for kind in artifact.kinds)
        between = list(_between(before, after, (pair.writer, pair.reader), (kinds, classes)))
        if between:
            orders.append(_order(pair.writer, pair.reader, between))
    return tuple(orders)


_Directions = tuple[str, tuple[int, str], tuple[int, str]]
"""A package, what speaks against the readers going first, and what against the writers."""


def _between(
    before: Mapping[str, Environment],
    after: Mapping[str, Environment],
    pair: tuple[str, str],
    crossing: tuple[frozenset[str], frozenset[str]],
) -> Iterator[_Directions]:
    (writer, reader), (kinds, classes) = pair, crossing
    for package, cell in before[writer].cells.items():
        other = before[reader].cells.get(package)
        if other is None:
            continue
        old, new = (
            (cell.version, other.version),
            (after[writer].cell(package).version, after[reader].cell(package).version),
        )
        if old == new or None in (*old, *new):
            continue
        # Readers first: what is there, and what the old writer still writes, meets the new reader.
        yield (
            package,
            _against(package, str(old[0]), str(new[1]), kinds, classes),
            _against(package, str(new[0]), str(old[1]), kinds, classes),
        )


def _against(package: str, written: str, read: str, kinds: frozenset[str], classes: frozenset[str]) -> tuple[int, str]:
    consequences = judge(package, written, read, kinds=kinds, classes=classes)
    worst = max(consequences, key=_risk, default=None)
    return (_risk(worst), worst.says.rstrip(".")) if worst is not None else (0, "")


def _risk(consequence: Consequence) -> int:
    """A change that only informs speaks no more against an order than what nobody promises."""
    return min(_RISK[consequence.effect], 1) if consequence.severity is Severity.INFO else _RISK[consequence.effect]


def _order(writer: str, reader: str, each_direction: Sequence[_Directions]) -> PairOrder:
    (old_new, new_old), packages = _worst(each_direction), ", ".join(row[0] for row in each_direction)
    readers = _sentence(f"the new {reader} with the old {writer}", old_new, packages)
    writers = _sentence(f"the old {reader} with the new {writer}", new_old, packages)
    if old_new[0] == new_old[0] == 2:
        order, because = Order.TOGETHER, (readers, writers)
    elif old_new[0] <= new_old[0]:
        order, because = Order.READERS_FIRST, (readers, *((writers,) if new_old[0] == 2 else ()))
    else:
        order, because = Order.WRITERS_FIRST, (writers, readers)
    return PairOrder(writer=writer, reader=reader, order=order, because=because)


def _worst(each_direction: Sequence[_Directions]) -> tuple[tuple[int, str], tuple[int, str]]:
    """What speaks most against each of the two orders."""
    return max((row[1] for row in each_direction), key=_weight), max((row[2] for row in each_direction), key=_weight)


def _weight(against: tuple[int, str]) -> int:
    return against[0]


def _sentence(who: str, against: tuple[int, str], packages: str) -> str:
    return f"{who}: {against[1]}" if against[1] else f"{who}: nothing is known to break ({packages})"


def roll_out_steps(moves: Sequence[PackageMove], orders: Sequence[PairOrder]) -> tuple[RollOutStep, ...]:
    """The environments that change, in groups that may change at one time; a circle of demands is one group."""
    packages: dict[str, list[str]] = {}
    for move in moves:
        for environment in move.environments:
            packages.setdefault(environment.environment, []).append(move.package)
    earlier = _earlier(packages, orders)
    together = _together(packages, orders)
    steps: list[RollOutStep] = []
    left = dict.fromkeys(packages)
    while left:
        ready = [name for name in left if not any(before in left for before in earlier[name] - together[name])]
        whole = [name for name in ready if together[name].issubset(ready)]
        group = whole or list(left)
        named = dict.fromkeys(package for name in group for package in packages[name])
        steps.append(RollOutStep(environments=tuple(group), packages=tuple(named)))
        for name in group:
            del left[name]
    return tuple(steps)


def _earlier(packages: Mapping[str, Sequence[str]], orders: Sequence[PairOrder]) -> dict[str, set[str]]:
    """For each environment, those that change before it."""
    earlier: dict[str, set[str]] = {name: set() for name in packages}
    for order in orders:
        first, second = (
            (order.reader, order.writer) if order.order is Order.READERS_FIRST else (order.writer, order.reader)
        )
        if order.order is not Order.TOGETHER and first in earlier and second in earlier:
            earlier[second].add(first)
    return earlier


def _together(packages: Mapping[str, Sequence[str]], orders: Sequence[PairOrder]) -> dict[str, set[str]]:
    """For each environment, those that change at the same time as it, itself among them."""
    groups = {name: {name} for name in packages}
    for order in orders:
        if order.order is Order.TOGETHER and order.writer in groups and order.reader in groups:
            joined = groups[order.writer] | groups[order.reader]
            for name in joined:
                groups[name] = joined
    return groups
