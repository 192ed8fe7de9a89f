"""Runs the tool that owns a lock, where the user asked for that: no shell, a bounded time, its last words kept."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mlaudit.model.errors import UsageError

SECONDS = 900
"""A tool that resolves over a network takes minutes; what takes longer hangs."""
_SHOWN = 600


def run_tool(words: Sequence[str], folder: Path) -> None:
    """Run a command. Raises UsageError if there is no such tool, or it fails."""
    executable = shutil.which(words[0])
    if executable is None:
        raise UsageError(f"{words[0]} is not installed, or not on the PATH")
    try:
        done = subprocess.run(  # noqa: S603
            [executable, *words[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{words[0]} did not end well: {error}") from None
    if done.returncode:
        last = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-_SHOWN:]
        raise UsageError(f"{' '.join(words)} ended with {done.returncode}: {' '.join(last.split())}")
