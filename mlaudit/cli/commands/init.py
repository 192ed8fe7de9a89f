"""`mlaudit init`: writes a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.failures import errors, fail
from mlaudit.cli.output import put
from mlaudit.sources import paths


def init(
    path: Annotated[Path, CommandArgument(help="The folder to look at.", metavar="[PATH]")] = Path(),
    force: Annotated[bool, CommandOption("--force", help="Replace an existing mlaudit.toml.")] = False,
) -> None:
    """Write mlaudit.toml from what is discovered."""
    from mlaudit.api import initial

    with errors():
        target = path / "mlaudit.toml"
        if paths.lexists(target) and not force:
            fail(f"{target} exists; --force replaces it")
        put(initial(path), target)
        put(f"wrote {target}; edit it, then: mlaudit check {path if path != Path() else ''}".rstrip() + "\n")
