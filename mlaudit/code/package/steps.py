"""What a function does with one of its parameters, in order: attributes read and written, and what decides that."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A load of `self.attribute`, with the attributes that are read of it in turn."""

    attribute: str
    rest: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """A store of `self.attribute`."""

    attribute: str


@dataclass(frozen=True, slots=True, eq=False)
class SetLocal:
    """A local name takes a value; None if it is not known.

    `is_converted` where a call is given the name's own value and gives another: `X, y = checked(X, y)`.
    """

    name: str
    value: ast.expr | None
    is_converted: bool = False

    @property
    def takes_own_value(self) -> bool:
        """Whether the name takes what a call makes of its own value: `X = check_array(X)`."""
        given = self.value.args[:1] if isinstance(self.value, ast.Call) else []
        return any(isinstance(expression, ast.Name) and expression.id == self.name for expression in given)


@dataclass(frozen=True, slots=True, eq=False)
class SetKey:
    """A dictionary of a local name takes a key."""

    name: str
    key: object


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """The arguments of a call."""

    positional: Sequence[ast.expr]
    keywords: Sequence[ast.keyword]


@dataclass(frozen=True, slots=True, eq=False)
class OwnCall:
    """A call of `self.attribute(...)` or `super().attribute(...)`."""

    attribute: str
    arguments: Arguments
    is_super: bool
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Handed:
    """A call of a function that is given `self`, by position or by keyword."""

    function: tuple[str, ...]
    slot: int | str
    arguments: Arguments
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """A condition and what either side does; a side is rare where the code warns of it, or refuses it."""

    test: ast.expr
    then: tuple[Step, ...]
    other: tuple[Step, ...]
    may_return: bool
    is_then_rare: bool = False
    is_other_rare: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Perhaps:
    """What runs any number of times: a loop, a function inside."""

    what: str
    steps: tuple[Step, ...]
    may_return: bool


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """A `try` statement; `catches` tells whether a handler takes AttributeError."""

    body: tuple[Step, ...]
    handlers: tuple[tuple[Step, ...], ...]
    otherwise: tuple[Step, ...]
    finally_: tuple[Step, ...]
    catches: bool
    may_return: bool


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """The function returns or raises."""


Step = Read | Write | SetLocal | SetKey | OwnCall | Handed | Conditional | Perhaps | Attempt | End


def always_ends(steps: Sequence[Step]) -> bool:
    """Whether steps surely leave their function."""
    return any(isinstance(step, End) for step in steps)
