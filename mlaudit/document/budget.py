"""Limits on the work that one document may cause, counted in steps and sizes, never in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limit:
    """How much of one kind of work a document may cause, its includes counted with it.

    Attributes:
        name: the unit in plural, as users read it: `characters of expanded shell variables`.
        most: how many are worked on.
    """

    name: str
    most: int


class BudgetExceeded(Unreadable):
    """A document asks for more work than a limit allows; what was read until then is kept."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"it needs more than {limit.most:,} {limit.name}; the rest is not read")
        self.limit = limit


class Budget:
    """What one document has used of each limit."""

    def __init__(self) -> None:
        self.used: Counter[Limit] = Counter()

    def spend(self, limit: Limit, amount: int = 1) -> None:
        """Count work before it is done. Raises BudgetExceeded."""
        self.used[limit] += amount
        if self.used[limit] > limit.most:
            raise BudgetExceeded(limit)

    def affords(self, amounts: Iterable[tuple[Limit, int]]) -> bool:
        """Whether work of these amounts stays within all limits."""
        return all(self.used[limit] + amount <= limit.most for limit, amount in amounts)

    def spent_since(self, before: Mapping[Limit, int]) -> tuple[tuple[Limit, int], ...]:
        """What was used of each limit since it was last counted."""
        spent = ((limit, used - before.get(limit, 0)) for limit, used in self.used.items())
        return tuple((limit, amount) for limit, amount in spent if amount)

    @property
    def is_exceeded(self) -> bool:
        """Whether more was requested than a limit allows."""
        return any(used > limit.most for limit, used in self.used.items())


_CURRENT: ContextVar[Budget | None] = ContextVar("mlaudit_budget", default=None)


def spend(limit: Limit, amount: int = 1) -> None:
    """Count work against the document that is being read; outside of one, against the limit alone.

    Raises BudgetExceeded.
    """
    current_budget().spend(limit, amount)


def current_budget() -> Budget:
    """The budget of the document that is being read; outside of one, a new one."""
    return _CURRENT.get() or Budget()


@contextmanager
def document_budget() -> Iterator[Budget]:
    """The budget of one document, in force until it is read; must not be held open across a `yield`."""
    budget = Budget()
    token = _CURRENT.set(budget)
    try:
        yield budget
    finally:
        _CURRENT.reset(token)
