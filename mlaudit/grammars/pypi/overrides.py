"""Overrides and exclusions of a manifest: an override replaces what is declared, an exclusion removes it.

https://docs.astral.sh/uv/concepts/resolution/#dependency-overrides and
https://pdm-project.org/latest/usage/dependency/#dependency-overrides; constraints only narrow, and stay bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Layer, Pin, Statement


def applied(statements: Iterable[Statement]) -> Iterator[Statement]:
    """The statements of a manifest with its overrides applied to them; those that meet nothing stay bounds."""
    listed = list(statements)
    overriding: dict[str, list[Pin]] = {}
    for statement in listed:
        if isinstance(statement, Pin) and statement.overrides:
            overriding.setdefault(statement.package, []).append(statement)
    if not overriding:
        yield from listed
        return
    met = {statement.package for statement in listed if isinstance(statement, Pin) and _is_declared(statement)}
    for statement in listed:
        if isinstance(statement, Pin) and statement.package in overriding:
            yield from _replaced(statement, overriding[statement.package], met)
        else:
            yield statement


def without_excluded(pins: Iterable[Pin]) -> list[Pin]:
    """The pins of a recipe; what the same install excludes is listed, and not installed by it."""
    listed = list(pins)
    left_out = {_installed_at(pin) for pin in listed if _excludes(pin)}
    if not left_out:
        return listed
    kept = (pin for pin in listed if not _excludes(pin))
    return [_without(pin) if _is_declared(pin) and _installed_at(pin) in left_out else pin for pin in kept]


def _installed_at(pin: Pin) -> tuple[str, int, tuple[str, ...]]:
    """A package, and the install of a recipe that it belongs to."""
    return pin.package, pin.step, pin.parts


def _excludes(pin: Pin) -> bool:
    return pin.kind is Kind.BOUND and pin.overrides and pin.optional and pin.step > 0


def _without(pin: Pin) -> Pin:
    return replace(pin, optional=True, under_extras=(), groups=(), detail="excluded")


def _is_declared(pin: Pin) -> bool:
    is_package = pin.kind in (Kind.PACKAGE, Kind.LOCAL) and pin.ecosystem == "pypi"
    return is_package and pin.layer is Layer.DECLARED and not pin.overrides


def _replaced(pin: Pin, overriding: Iterable[Pin], met: set[str]) -> Iterator[Pin]:
    if pin.overrides:
        if pin.package not in met:
            yield pin
    elif not _is_declared(pin) or "build-system" in pin.groups:
        # Neither what a build needs nor another constraint is replaced.
        yield pin
    else:
        yield from (_under(pin, override) for override in overriding)


def _under(pin: Pin, override: Pin) -> Pin:
    """What is left of a declared requirement: what the override says, under the extra or group where it is."""
    if override.optional:
        return replace(_without(pin), replaced=pin)
    return replace(
        override,
        kind=Kind.PACKAGE,
        overrides=False,
        groups=pin.groups,
        under_extras=pin.under_extras,
        optional=pin.optional,
        platforms=pin.platforms,
        parts=pin.parts,
        step=pin.step,
        replaced=pin,
    )
