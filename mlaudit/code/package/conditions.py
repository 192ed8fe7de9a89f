"""An attribute that code reads of an object, with where, and under which condition."""

from __future__ import annotations

import ast

from mlaudit.code.package.modules import PackageModule
from mlaudit.model.lazy_dataclass import dataclass

MAX_CONDITION = 120
"""Characters of a condition as it is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What must be so for a statement to run; it is put into words only where it is shown.

    `is_rare` where the code warns of it, or refuses it.
    """

    before: str
    test: ast.expr | None = None
    is_rare: bool = False

    def __str__(self) -> str:
        """The condition as the source has it."""
        if self.test is None:
            return self.before
        try:
            text = self.before + ast.unparse(self.test)
        except RecursionError:
            return self.before + "a condition"
        return text if len(text) <= MAX_CONDITION else f"{text[:MAX_CONDITION]}..."


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """An attribute that is read.

    Attributes:
        where: the first condition under which it is; None if it is read in any case.
        route: the methods that lead there.
        module, line: where it is read.
        unless: what the data was taken not to be on the way, in a word.
    """

    where: Condition | None
    route: tuple[str, ...]
    module: PackageModule
    line: int
    unless: str = ""

    @property
    def rank(self) -> int:
        """The smaller, the more often it is read."""
        return 0 if self.where is None else 1 + self.where.is_rare
