"""Which extras and groups of a project are on, with those that one of them requires of the project itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import InstallSelection, Kind, Pin, Root, Statement

ALWAYS = frozenset({"", "main", "default"})
"""Dependency groups that are no choice: poetry's and pdm's words for a project's own dependencies."""
_FOLDED = frozenset((Kind.PACKAGE, Kind.LOCAL, Kind.PROJECT))


def reached_extras(pins: Iterable[Pin], extras: frozenset[str], groups: frozenset[str]) -> frozenset[str]:
    """The extras that are on, with those that `name[extra]` requires of the project itself (`all = ["name[a,b]"]`)."""
    asking = [pin for pin in pins if pin.kind is Kind.PROJECT and pin.extras]
    on = set(extras)
    while asking:
        active = [pin for pin in asking if _is_on(pin.under_extras, on) and _is_on(pin.groups, groups | ALWAYS)]
        if not active:
            break
        on.update(normalized(extra) for pin in active for extra in pin.extras)
        asking = [pin for pin in asking if pin not in active]
    return frozenset(on)


def _is_on(names: Iterable[str], on: Iterable[str]) -> bool:
    listed = [normalized(name) for name in names]
    return not listed or not set(on).isdisjoint(listed)


def of_itself(statement: Statement, name: str | None) -> Statement:
    """The statement; a requirement of the project on itself, which only asks for extras, as one on the project."""
    is_own = isinstance(statement, Pin) and name is not None and statement.name == normalized(name)
    if is_own and isinstance(statement, Pin) and statement.kind is Kind.PACKAGE:
        return replace(statement, kind=Kind.PROJECT)
    return statement


def offered(roots: Iterable[Root], pins: Iterable[Pin]) -> tuple[frozenset[str], frozenset[str]]:
    """The extras and groups that a project offers; what its build needs is none of them."""
    extras, groups = set[str](), set[str]()
    for root in roots:
        extras.update(map(normalized, root.extras))
        groups.update(map(normalized, root.groups))
    for pin in pins:
        extras.update(map(normalized, pin.under_extras))
        groups.update(normalized(group) for group in pin.groups)
    return frozenset(extras), frozenset(groups - {"build-system"})


def asked(
    selection: InstallSelection, roots: Iterable[Root], pins: Iterable[Pin]
) -> tuple[frozenset[str], frozenset[str]]:
    """The extras and groups that a selection switches on in a project."""
    listed = tuple(roots)
    all_extras, all_groups = offered(listed, pins)
    extras = all_extras if selection.all_extras else frozenset(map(normalized, selection.extras))
    groups = all_groups if selection.all_groups else frozenset(map(normalized, selection.groups))
    if selection.default_groups:
        groups |= {normalized(group) for root in listed for group in root.default_groups}
    without = frozenset(map(normalized, selection.without))
    return extras - without, groups - without


def chosen(statements: Iterable[Statement], selection: InstallSelection) -> Iterator[Statement]:
    """The statements of a manifest as those of what installs a part of it: what is on is no longer under a condition.

    What is off keeps the extra or group that it is under, so that it is listed and not selected.
    """
    listed = list(statements)
    pins = [statement for statement in listed if isinstance(statement, Pin)]
    extras, groups = asked(selection, (root for root in listed if isinstance(root, Root)), pins)
    if selection.own or extras:
        extras = reached_extras(pins, extras, groups)
    for statement in listed:
        if isinstance(statement, Pin) and statement.kind in _FOLDED:
            if selection.own or statement.under_extras or _named_groups(statement):
                yield _folded(statement, selection, extras, groups)
        elif not isinstance(statement, Root):
            yield statement


def _folded(pin: Pin, selection: InstallSelection, extras: frozenset[str], groups: frozenset[str]) -> Pin:
    under = () if _is_on(pin.under_extras, extras) else pin.under_extras
    within = () if _is_on(pin.groups, groups | (ALWAYS if selection.own else frozenset())) else pin.groups
    # What no extra can ask for (excluded, or optional in Poetry's table alone) stays away.
    optional = pin.optional and (bool(under) or not pin.under_extras)
    return replace(pin, under_extras=under, groups=within, optional=optional)


def _named_groups(pin: Pin) -> bool:
    return any(normalized(group) not in ALWAYS for group in pin.groups)
