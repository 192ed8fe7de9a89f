"""What a command states about its parameters, in words of its own: two readers of a command line go by them.

`plain_call` reads the calls that need no framework, `typer_line` makes a command line of typer for all others.
"""

from __future__ import annotations

from collections.abc import Callable

Complete = Callable[[str], "list[tuple[str, str]]"]
"""The values that begin like a text, each with a word on it; a shell asks."""


class CommandOption:
    """An option, under each of its names.

    Attributes:
        least: the smallest number that it takes.
    """

    __slots__ = ("complete", "help", "least", "metavar", "names")

    def __init__(
        self,
        *names: str,
        help: str,
        metavar: str | None = None,
        complete: Complete | None = None,
        least: int | None = None,
    ) -> None:
        self.names, self.help, self.metavar, self.complete, self.least = names, help, metavar, complete, least


class CommandArgument:
    """A parameter without a name on the command line."""

    __slots__ = ("complete", "help", "metavar")

    def __init__(self, *, help: str, metavar: str, complete: Complete | None = None) -> None:
        self.help, self.metavar, self.complete = help, metavar, complete


class CommandEnd(Exception):
    """A command ends here, with an exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
