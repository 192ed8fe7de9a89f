"""Runs the user's own `micromamba`, `mamba` or `conda` for a dry run, where the user asked for it, in bounds."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.secrets import masked
from mlaudit.sources.uv_tool import SECONDS

TOOLS = ("micromamba", "mamba", "conda")
"""Those whose dry runs print the same JSON, the fastest first."""
_DROPPED = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a dry run answered; `out` is JSON where the tool got so far, `says` its standard error, masked."""

    code: int
    out: str
    says: str


def conda_tool() -> str | None:
    """The path of the first tool that is there, None where none is."""
    tool_path = next((path for name in TOOLS if (path := shutil.which(name))), None)
    return None if tool_path is None else os.path.abspath(tool_path)  # noqa: PTH100 - a link to it must keep its name


def dry_run(tool: str, words: Sequence[str], subdir: str) -> DryRun:
    """Have a tool say what it would install on a platform, in a new folder; nothing is installed."""
    environment = {name: text for name, text in os.environ.items() if name not in _DROPPED}
    environment["CONDA_SUBDIR"] = subdir
    try:
        with tempfile.TemporaryDirectory(prefix="mlaudit-conda-", ignore_cleanup_errors=True) as scratch:
            done = subprocess.run(  # noqa: S603 - own arguments
                [tool, "create", "--dry-run", "--json", "--yes", "--quiet", "-p", str(Path(scratch) / "env"), *words],
                cwd=scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return DryRun(code=2, out="", says=f"no answer within {SECONDS} s")
    except OSError as error:
        return DryRun(code=2, out="", says=f"it cannot be started: {error.strerror or error}")
    says = masked(done.stderr.decode("utf-8", "replace"))
    return DryRun(code=done.returncode, out=done.stdout.decode("utf-8", "replace"), says=says)
