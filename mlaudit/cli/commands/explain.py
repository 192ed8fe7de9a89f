"""`mlaudit explain`: prints what is known of rules and packages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from mlaudit.cli.declarations import CommandEnd, CommandOption
from mlaudit.cli.delivery import terminal_width
from mlaudit.cli.failures import errors
from mlaudit.cli.output import put
from mlaudit.cli.parameters import Subjects
from mlaudit.model.errors import UsageError


def explain(
    subjects: Subjects = None,
    stale: Annotated[
        bool,
        CommandOption("--stale", help="List the facts checked more than a year ago; exits with 1 if any is."),
    ] = False,
) -> None:
    """Explain rules, or what is known about packages."""
    from mlaudit.reporters._explain import WIDTH, explained, stale_facts

    with errors():
        if stale == bool(subjects):
            raise UsageError("name a code or a package, or ask for --stale")
        if subjects:
            width = min(WIDTH, terminal_width() or WIDTH)
            put("\n".join(f"{explained(subject, width)}\n" for subject in subjects))
            return
        lines = stale_facts(date.today())
        put("".join(f"{line}\n" for line in lines) or "No fact was checked more than a year ago.\n")
    if lines:
        raise CommandEnd(1)
