"""`mlaudit kinds`: lists the kinds of artifacts."""

from __future__ import annotations

from mlaudit.cli.delivery import terminal_width
from mlaudit.cli.failures import errors
from mlaudit.cli.output import put


def kinds() -> None:
    """List the kinds of artifacts that `artifact-kinds` may name."""
    from mlaudit.reporters._catalog import all_kinds

    with errors():
        put(all_kinds(terminal_width()))
