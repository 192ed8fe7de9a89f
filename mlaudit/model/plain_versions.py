"""Versions and ranges spelled in the plainest way, read without `packaging`: to load it takes a tenth of a short run.

A plain version is release numbers, perhaps with `.postN`. What is spelled otherwise is None here, and then
`mlaudit.model.versions` asks `packaging`; a test holds both against each other. Order and clauses are those of PEP 440
(https://packaging.python.org/en/latest/specifications/version-specifiers/).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import eq, ge, le, lt, ne
from typing import TYPE_CHECKING, Final

from mlaudit.model.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re

Order = tuple[tuple[int, ...], int]
"""What sorts a plain version: release numbers without zeros at the end, and the number behind `.post`, -1 for none."""
Clause = tuple[Callable[[Order, Order], bool], Order]
"""A comparison, and what a version is compared with."""

_PLAIN = lazy_pattern(r"(0|[1-9][0-9]{0,15})((?:\.(?:0|[1-9][0-9]{0,15})){0,9})(?:\.post(0|[1-9][0-9]{0,15}))?")
_CLAUSE = lazy_pattern(
    r"(==|!=|>=|<=|~=|>|<) {0,3}([0-9]{1,15}(?:\.[0-9]{1,15}){0,9})"
    r"(?:(?P<series>\.\*)|\.post(?P<post>[0-9]{1,15})|(?P<early>\.?(?:dev|rc|a|b)\.?[0-9]{0,15}))?"
)
_NO_POST: Final = -1
_EARLY: Final = -2
"""What comes before a release: of those that a range names, no order is kept, since a plain version is none of them."""
MAX_CLAUSES = 64
"""A range of more is not understood (20,000 clauses cost seconds)."""


@lru_cache(maxsize=65536)
def order(version: str) -> Order | None:
    """What sorts a plain version, None for any other text."""
    plain = _PLAIN.fullmatch(version)
    if plain is None:
        return None
    return stripped(tuple(map(int, version.partition(".post")[0].split(".")))), int(plain[3] or _NO_POST)


@lru_cache(maxsize=65536)
def clauses(text: str) -> tuple[Clause, ...] | None:
    """The comparisons of a range of plain versions, None for any other text."""
    if text.count(",") >= MAX_CLAUSES:
        return None
    made: list[Clause] = []
    for clause in text.split(",") if text else ():
        parts = _CLAUSE.fullmatch(clause.strip(" "))
        comparisons = _comparisons(parts) if parts is not None else None
        if comparisons is None:
            return None
        made += comparisons
    return tuple(made)


def admits(text: str, version: str) -> bool | None:
    """Whether a range admits a version, None where one of them is not plain."""
    known, comparisons = order(version), clauses(text)
    if known is None or comparisons is None:
        return None
    return all(holds(known, other) for holds, other in comparisons)


def names_its_own(text: str) -> bool:
    """Whether a range of plain versions admits one that it names, so that it is not empty; False decides nothing."""
    comparisons = clauses(text) or ()
    named = ((stripped(numbers), max(suffix, _NO_POST)) for _, (numbers, suffix) in comparisons)
    return any(all(holds(version, other) for holds, other in comparisons) for version in named)


def _comparisons(clause: re.Match[str]) -> tuple[Clause, ...] | None:
    operator, numbers = clause[1], tuple(map(int, clause[2].split(".")))
    is_release = clause["post"] is None and clause["early"] is None
    if clause["series"] is not None:
        series = _series(numbers)
        return {"==": (series,), "!=": (_opposite(series),)}.get(operator)
    if operator == "~=":
        known = stripped(numbers), _NO_POST
        return ((ge, known), _series(numbers[:-1])) if len(numbers) > 1 and is_release else None
    if operator == ">" and not is_release:
        return None
    suffix = _EARLY if clause["early"] is not None else int(clause["post"] or _NO_POST)
    return ((_BY_OPERATOR[operator], (stripped(numbers), suffix)),)


def _series(numbers: tuple[int, ...]) -> Clause:
    """Whether a version begins with numbers, where it has as many, zeros at its end included."""
    length = len(numbers)

    def is_in(version: Order, other: Order) -> bool:
        return (version[0] + (0,) * length)[:length] == other[0]

    return is_in, (numbers, _NO_POST)


def _opposite(clause: Clause) -> Clause:
    holds, other = clause
    return lambda version, other: not holds(version, other), other


def _is_later(version: Order, other: Order) -> bool:
    """`>`: what was published after a release as its `.postN` is not later."""
    return version[0] > other[0]


_BY_OPERATOR: dict[str, Callable[[Order, Order], bool]] = {
    "==": eq,
    "!=": ne,
    ">=": ge,
    "<=": le,
    ">": _is_later,
    "<": lt,
}


def stripped(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Release numbers without zeros at their end: `2.0` and `2.0.0` are one release."""
    while numbers and not numbers[-1]:
        numbers = numbers[:-1]
    return numbers
