"""What names of a setup.py stand for while it is followed, and what ends a function or the following."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mlaudit.lab.setup_values import CALLS, UNKNOWN, KnownFunction

OPENING = frozenset({"open", "io.open", "codecs.open"})
"""Functions that open a file."""


class UnfollowedSetup(Exception):
    """The file is too long or too deep to follow."""


class LeftFunction(Exception):
    """A function returns."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


@dataclass(slots=True, eq=False)
class OwnFunction:
    """A function that the file defines."""

    node: ast.FunctionDef | ast.Lambda
    module: dict[str, object]


@dataclass(slots=True)
class SetupNames:
    """The names of a module, and those of the function that runs in it."""

    module: dict[str, object]
    local: dict[str, object] | None = None

    @property
    def here(self) -> dict[str, object]:
        """Where statements bind names."""
        return self.module if self.local is None else self.local

    def get(self, name: str) -> object:
        """What a name stands for."""
        for names in (self.here, self.module):
            if name in names:
                return names[name]
        return KnownFunction(name) if name in CALLS or name in (*OPENING, "exec", "eval") else UNKNOWN
