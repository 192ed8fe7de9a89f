"""`mlaudit rules`: lists the rules."""

from __future__ import annotations

from mlaudit.cli.delivery import terminal_width
from mlaudit.cli.failures import errors
from mlaudit.cli.output import put


def rules() -> None:
    """List the rules."""
    from mlaudit.reporters._catalog import all_rules

    with errors():
        put(all_rules(terminal_width()))
