"""A progress bar on standard error, for a terminal that waits longer than half a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlaudit.model.secrets import masked
from mlaudit.reporters._escape import for_terminal
from mlaudit.request.options import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PATIENCE = 0.5
"""Seconds before the bar shows."""


class Bar(Progress):
    """Shows itself once reading has lasted `PATIENCE`, and leaves nothing behind."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._total = 0
        self._done = 0
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None

    def expect(self, sources: int) -> None:
        """So many more sources will be read."""
        self._total += sources

    def reading(self, path: str) -> None:
        """Move on by one source; show the bar if it is time."""
        if self._rich is None and time.monotonic() - self._begin > PATIENCE:
            self._show()
        if self._rich is not None and self._task is not None:
            self._rich.update(
                self._task,
                completed=self._done,
                total=max(self._total, self._done + 1),
                description=for_terminal(masked(path))[-60:],
            )
        self._done += 1

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("reading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._rich = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._rich.start()
        self._task = self._rich.add_task("", total=self._total or None)

    def close(self) -> None:
        """Take the bar away."""
        if self._rich is not None:
            self._rich.stop()
