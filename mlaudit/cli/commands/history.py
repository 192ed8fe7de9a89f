"""`mlaudit history`: arguments → a history in one of its formats."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.delivery import wants_colour, width_of
from mlaudit.cli.failures import errors
from mlaudit.cli.output import OutputText, write_all
from mlaudit.cli.parameters import (
    Config,
    Define,
    Extra,
    Group,
    NoColor,
    NoConfig,
    Output,
    Platform,
    Python,
    Verbose,
)
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import Options
    from mlaudit.revisions.history import HistoryRequest

FORMATS = ("table", "json", "html")


def history(
    packages: Annotated[
        list[str] | None, CommandArgument(help="Packages or globs; default: watched ones.", metavar="[PACKAGE]...")
    ] = None,
    since: Annotated[
        str | None, CommandOption("--since", help="Look at commits from this day on (2026-03-31).", metavar="DATE")
    ] = None,
    first_bad: Annotated[
        bool, CommandOption("--first-bad", help="Print only the commit that began each lasting difference.")
    ] = False,
    format_: Annotated[str, CommandOption("--format", "-f", help="table, json or html.", metavar="NAME")] = "table",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Say since when environments differ, and by which commit.

    Every commit of the main line of HEAD is read as git has it, with the configuration of that commit; nothing is
    checked out. A change that a merge brought is followed into the merged branch.
    """
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import packages_of, wanted_of
    from mlaudit.revisions.history import HistoryRequest, day_of

    with errors():
        demand_format(format_, first_bad=first_bad)
        wanted = wanted_of(python, platform, extra, group)
        ask = partial(asked_options, config=config, isolated=no_config, wanted=wanted, define=define)
        options = ask()
        request = HistoryRequest(root=options.root, ask=ask, packages=packages_of(packages), since=day_of(since))
        colour = output is None and wants_colour(no_color)
        style = Style(colour=colour, verbose=verbose, width=width_of(file_of(output)))
        with with_progress(options, False) as watched:
            text = history_text(request, watched, format_, style, first_bad=first_bad)
        write_all([OutputText(text=text, target=file_of(output))])


def history_text(
    request: HistoryRequest, options: Options, format_: str, style: Style, *, first_bad: bool = False
) -> str:
    """The history as text; as a page it is a section of the report of `check`."""
    from mlaudit.reporters._history_json import as_json
    from mlaudit.reporters._history_lines import as_first_bad, as_table
    from mlaudit.revisions.history import drift_history

    history = drift_history(request, options)
    if first_bad:
        return as_first_bad(history)
    if format_ == "json":
        return as_json(history)
    if format_ == "html":
        from mlaudit.api import check
        from mlaudit.reporters._registry import render

        return render("html")(replace(check((), options), history=history), style)
    return as_table(history, style)


def demand_format(format_: str, *, first_bad: bool) -> None:
    """Raises UsageError if there is no such format, or it has no room for what is asked."""
    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: history prints {', '.join(FORMATS)}")
    if first_bad and format_ != "table":
        raise UsageError("--first-bad prints lines; leave --format out")
