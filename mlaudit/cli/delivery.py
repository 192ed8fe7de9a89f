"""From a report to its outputs and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.output import OutputText, write_all
from mlaudit.cli.wanted_outputs import WantedOutput, file_of, wanted_outputs
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.model.report import Report
    from mlaudit.request.options import Options

WITH_EDITS = frozenset(("json", "sarif", "github-review", "gitlab"))
"""The formats that carry the edits of fixes, for which files are read once more."""
USAGE = 2
"""The exit code of a call that cannot be carried out."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits before a stream."""
    return stream is not None and not stream.closed and stream.isatty()


UNSEEN = 80
"""Columns of standard error where it is no terminal."""
NARROWEST, WIDEST, PIPED = 60, 120, 100
"""Columns: the least and the most that a terminal's width gives a report, and those of a report that goes elsewhere."""


def width_of(target: Path | None) -> int:
    """Columns of a report: the terminal's, within bounds; a fixed number for files and pipes."""
    if target is not None or not is_terminal(sys.stdout):
        return PIPED
    from shutil import get_terminal_size

    return min(WIDEST, max(NARROWEST, get_terminal_size((PIPED, 24)).columns))


def terminal_width() -> int | None:
    """Columns of standard output; None if it goes elsewhere, so that scripts read a row a line."""
    return width_of(None) if is_terminal(sys.stdout) else None


def error_width() -> int:
    """Columns of remarks on standard error: the terminal's, within bounds, at most 80 elsewhere."""
    if not is_terminal(sys.stderr):
        return UNSEEN
    from shutil import get_terminal_size

    return min(WIDEST, max(NARROWEST, get_terminal_size((UNSEEN, 24)).columns))


def wants_colour(no_color: bool) -> bool:
    """Whether standard output shows colours, or must (FORCE_COLOR), and nobody asked for none."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"


def asked_outputs(
    given: Sequence[str] | None, output: Path | None, *, statistics: bool = False, others: Sequence[Path | None] = ()
) -> tuple[WantedOutput, ...]:
    """Where reports go; `statistics` asks for that format beside what is given. Raises UsageError."""
    from mlaudit.reporters._registry import formats

    return wanted_outputs(
        [*(given or ()), *(["statistics"] if statistics else [])], output, formats(), others=tuple(map(file_of, others))
    )


def deliver(
    report: Report,
    wanted: Sequence[WantedOutput],
    options: Options,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    *,
    exit_zero: bool,
    baseline: OutputText | None = None,
) -> NoReturn:
    """Every asked-for format to its file or to standard output, then the exit code."""
    from mlaudit.cli.standpoint import seen_from
    from mlaudit.reporters._registry import Style, render
    from mlaudit.sources.paths import current_folder

    if exit_zero and report.exit_code != USAGE:
        report = replace(report, exit_code=0)
    outputs = [] if baseline is None else [baseline]
    is_on_disk = report.against is None or report.against.head is None
    if is_on_disk and any(output.format in WITH_EDITS for output in wanted):
        from mlaudit.door import with_edits

        report = with_edits(report, options)
    for output in wanted:
        style = Style(
            colour=output.target is None and wants_colour(no_color),
            verbose=verbose,
            quiet=quiet,
            width=width_of(output.target),
        )
        shown = seen_from(report, options.root, current_folder()) if output.format == "table" else report
        outputs.append(OutputText(text=render(output.format)(shown, style), target=output.target))
    write_all(outputs)
    raise CommandEnd(report.exit_code)
