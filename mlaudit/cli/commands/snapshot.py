"""`mlaudit snapshot`: prints an installed environment."""

from __future__ import annotations

from typing import Annotated

from mlaudit.cli.declarations import CommandOption
from mlaudit.cli.failures import errors
from mlaudit.cli.output import put
from mlaudit.cli.parameters import Output


def snapshot(
    python: Annotated[
        str | None, CommandOption("--python", help="Another interpreter; its packages are not imported.", metavar="EXE")
    ] = None,
    output: Output = None,
) -> None:
    """Print a Python environment as JSON."""
    from mlaudit.snapshot import dumps

    with errors():
        put(dumps(python), output)
