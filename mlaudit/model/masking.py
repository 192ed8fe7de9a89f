"""Readings and reports with every credential in their texts masked: the border that text crosses before printing."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from mlaudit.model.lazy_dataclass import field_names, replace
from mlaudit.model.nouns import Pin, Place, Statement
from mlaudit.model.report import Environment, Report
from mlaudit.model.secrets import masked, may_hold_secret

if TYPE_CHECKING:
    from mlaudit.model.dependency_map import DependencyMap

T = TypeVar("T")


Said = TypeVar("Said", bound=Statement)


def mask_statement(statement: Said) -> Said:
    """A statement as it may be kept: what a parser read, its credentials masked."""
    if (
        isinstance(statement, Pin)
        and not may_hold_secret(statement.at.path)
        and not may_hold_secret(_texts_of(statement))
    ):
        return statement
    return _mask(statement)


def _texts_of(pin: Pin) -> str:
    """The texts of a pin in which a credential may be, but for its path, in one: equal pins are looked at once."""
    if pin.is_plain:
        return f"{pin.name}\n{pin.version}\n{pin.specifier}"
    if not (pin.requires or pin.parts or pin.groups or pin.extras or pin.artifact or pin.recorded):
        return f"{pin.name}\n{pin.version}\n{pin.specifier}\n{pin.origin}\n{pin.detail}\n{pin.marker}"
    texts = (pin.name, pin.version, pin.specifier, pin.origin, pin.detail, pin.marker, *pin.parts)
    classes = pin.artifact.classes if pin.artifact else ()
    numbers = (number for pair in pin.recorded.numbers for number in pair) if pin.recorded else ()
    asked = (text for edge in pin.requires for text in (edge.specifier, edge.origin))
    return "\n".join(text for text in (*texts, *pin.groups, *pin.extras, *classes, *numbers, *asked) if text)


def mask_environment(environment: Environment) -> Environment:
    """An environment whose own texts are masked; its readings were masked when they were read."""
    return replace(
        environment,
        sources=_mask(environment.sources),
        notes=_mask(environment.notes),
        evidence=_mask(environment.evidence),
        exchanges=_mask(environment.exchanges),
        problems=_mask(environment.problems),
        unresolvable=_mask(environment.unresolvable),
        proofs=_mask(environment.proofs),
    )


def mask_map(dependency_map: DependencyMap) -> DependencyMap:
    """A map as it may leave the program: names and evidence come from code that nothing masked before."""
    return _mask(dependency_map)


def mask_report(report: Report) -> Report:
    """A report as it may leave the program; rows and cells hold nothing but masked statements."""
    return replace(
        report,
        environments=tuple(map(mask_environment, report.environments)),
        findings=_mask(report.findings),
        suppressed=_mask(report.suppressed),
        found=_mask(report.found),
        notes=_mask(report.notes),
        known_pairs=_mask(report.known_pairs),
    )


def _mask(value: T) -> T:
    """The value with every text in it masked; the very same object if nothing had to be."""
    masked_value: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        masked_value = masked(value)
    elif isinstance(value, tuple):
        masked_value = _mask_members(value)
    elif isinstance(value, Place):
        path = masked(value.path)
        masked_value = value if path == value.path else replace(value, path=path)
    elif names := field_names(type(value)):
        changed = {}
        for name in names:
            old = getattr(value, name)
            if old is not None and (new := _mask(old)) is not old and new != old:
                changed[name] = new
        masked_value = replace(masked_value, **changed) if changed else value
    return masked_value  # type: ignore[no-any-return]


def _mask_members(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """A tuple with its members masked; a named one stays one."""
    members = [_mask(member) for member in value]
    if all(new is old for new, old in zip(members, value, strict=True)):
        return value
    return getattr(type(value), "_make", tuple)(members)
