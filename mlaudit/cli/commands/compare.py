"""`mlaudit compare`: audits named sources."""

from __future__ import annotations

from typing import Annotated

from mlaudit.cli.asked import asked_options, asked_resolution, with_progress
from mlaudit.cli.declarations import CommandArgument
from mlaudit.cli.delivery import asked_outputs, deliver
from mlaudit.cli.failures import errors
from mlaudit.cli.parameters import (
    As,
    AsOf,
    Baseline,
    Config,
    Define,
    ExitZero,
    Extra,
    FailOn,
    Format,
    Group,
    Ignore,
    NoCache,
    NoColor,
    NoConfig,
    Output,
    Package,
    Platform,
    Python,
    Quiet,
    Resolve,
    Select,
    Statistics,
    Verbose,
)


def compare(
    sources: Annotated[
        list[str], CommandArgument(help="The reference (training), then the others.", metavar="SOURCE...")
    ],
    format_: Format = None,
    output: Output = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignore = None,
    package: Package = None,
    config: Config = None,
    no_config: NoConfig = False,
    no_cache: NoCache = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
    resolve: Resolve = None,
    as_of: AsOf = None,
    baseline: Baseline = None,
    statistics: Statistics = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
    exit_zero: ExitZero = False,
) -> None:
    """Compare sources: the first writes, the others read.

    A SOURCE is a file, a folder, a virtual environment, an image archive, REV:PATH of git, or - with --as FORMAT.
    name=SOURCE gives it a name, SOURCE#package=api,extra=gpu chooses a part.
    """
    from mlaudit.api import compare as run
    from mlaudit.request.options import wanted_of

    with errors():
        outputs = asked_outputs(format_, output, statistics=statistics)
        options = asked_options(
            config=config,
            isolated=no_config,
            caches=not no_cache,
            fail_on=fail_on,
            select=select,
            ignore=ignore,
            package=package,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
            resolution=asked_resolution(resolve, as_of),
            as_format=as_,
            baseline=baseline,
        )
        with with_progress(options, quiet) as watched:
            report = run(sources, watched)
        deliver(report, outputs, options, quiet, verbose, no_color, exit_zero=exit_zero)
