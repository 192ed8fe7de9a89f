"""`mlaudit formats`: lists the formats."""

from __future__ import annotations

from mlaudit.cli.delivery import terminal_width
from mlaudit.cli.failures import errors
from mlaudit.cli.output import put


def formats() -> None:
    """List the formats that are read."""
    from mlaudit.reporters._catalog import all_formats

    with errors():
        put(all_formats(terminal_width()))
