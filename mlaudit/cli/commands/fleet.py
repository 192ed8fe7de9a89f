"""`mlaudit fleet`: many repositories → one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mlaudit.cli.asked import today, with_progress
from mlaudit.cli.declarations import CommandArgument, CommandEnd, CommandOption
from mlaudit.cli.delivery import USAGE, wants_colour, width_of
from mlaudit.cli.failures import errors
from mlaudit.cli.output import OutputText, write_all
from mlaudit.cli.parameters import (
    ExitZero,
    FailOn,
    Ignore,
    NoColor,
    NoConfig,
    Output,
    Package,
    Quiet,
    Select,
    Verbose,
)
from mlaudit.cli.wanted_outputs import WantedOutput, wanted_outputs
from mlaudit.model.errors import UsageError

if TYPE_CHECKING:
    from mlaudit.model.fleet import FleetReport
    from mlaudit.reporters._registry import Style

FORMATS = ("table", "json", "csv", "html", "parquet")
MEBIBYTE = 1 << 20


def fleet(
    repositories: Annotated[
        list[str],
        CommandArgument(
            help="Lists of paths (.txt), checkouts, bare repositories, inventories, or folders of these.",
            metavar="REPOS...",
        ),
    ],
    executor: Annotated[str, CommandOption("--executor", help="processes or dask.", metavar="NAME")] = "processes",
    scheduler: Annotated[
        str | None, CommandOption("--scheduler", help="The Dask scheduler (tcp://HOST:PORT).", metavar="ADDRESS")
    ] = None,
    jobs: Annotated[
        int | None, CommandOption("--jobs", help="Repositories at once; default: as many as cores.", metavar="N")
    ] = None,
    state: Annotated[
        Path | None,
        CommandOption("--state", help="Store what is done here, and resume from it.", metavar="FILE"),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        CommandOption("--what-if", help="Which models a version puts at risk. Repeatable.", metavar="PKG==V"),
    ] = None,
    seconds: Annotated[
        float, CommandOption("--timeout", help="Seconds that one repository may take.", metavar="SECONDS")
    ] = 120,
    memory: Annotated[
        int, CommandOption("--memory", help="Mebibytes that one repository may need.", metavar="MIB")
    ] = 2048,
    format_: Annotated[
        list[str] | None,
        CommandOption(
            "--format",
            "-f",
            help="table, json, csv, html or parquet; NAME=FILE writes to a file. Repeatable.",
            metavar="NAME[=FILE]",
        ),
    ] = None,
    output: Output = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignore = None,
    package: Package = None,
    no_config: NoConfig = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
    exit_zero: ExitZero = False,
) -> None:
    """Audit many repositories, with one report on all of them.

    Each repository is audited in a process with bounds of time and memory; one that exceeds them is given up, with a
    note, and costs the others nothing. Pairs of writer and reader may span repositories: what their code writes to and
    reads from registries, hubs and buckets under the same name.
    """
    from mlaudit.fleet.entries import fleet_entries
    from mlaudit.fleet.executors import workers_of
    from mlaudit.fleet.question import question_of
    from mlaudit.fleet.run import fleet_report
    from mlaudit.model.lazy_dataclass import replace
    from mlaudit.request.options import Options
    from mlaudit.sources.bounded_process import Bounds

    with errors():
        outputs = wanted_outputs(format_, output, FORMATS, others=(state,))
        if seconds <= 0 or memory <= 0:
            raise UsageError("--timeout and --memory: expected a number above 0")
        question = question_of(
            today(),
            what_if=what_if or (),
            fail_on=fail_on,
            select=select or (),
            ignore=ignore or (),
            package=package or (),
            isolated=no_config,
        )
        entries = fleet_entries(repositories)
        with with_progress(Options(), quiet) as watched, workers_of(executor, scheduler, jobs) as workers:
            report = fleet_report(
                entries,
                question,
                workers,
                bounds=Bounds(seconds, memory * MEBIBYTE),
                state=state,
                progress=watched.progress,
            )
        if exit_zero and report.exit_code != USAGE:
            report = replace(report, exit_code=0)
        write_all(list(_outputs(report, outputs, verbose=verbose, no_color=no_color)))
    raise CommandEnd(report.exit_code)


def _outputs(report: FleetReport, wanted: Sequence[WantedOutput], *, verbose: bool, no_color: bool) -> list[OutputText]:
    """Every asked-for format."""
    from mlaudit.reporters._registry import Style

    texts = []
    for output in wanted:
        colour = output.target is None and wants_colour(no_color)
        style = Style(colour=colour, verbose=verbose, width=width_of(output.target))
        if output.format == "parquet":
            from mlaudit.reporters._fleet_tables import as_parquet

            texts.append(OutputText(text="", data=as_parquet(report), target=output.target))
        else:
            texts.append(OutputText(text=_render(output.format)(report, style), target=output.target))
    return texts


def _render(format_: str) -> Callable[[FleetReport, Style], str]:
    """The report of a fleet as a text."""
    if format_ == "json":
        from mlaudit.reporters._fleet_json import as_json

        return lambda report, _: as_json(report)
    if format_ == "csv":
        from mlaudit.reporters._fleet_tables import as_csv

        return lambda report, _: as_csv(report)
    if format_ == "html":
        from mlaudit.reporters._fleet_page import page_report
        from mlaudit.reporters._registry import render

        return lambda report, style: render("html")(page_report(report), style)
    from mlaudit.reporters._fleet_lines import as_table

    return lambda report, style: as_table(report, style)
