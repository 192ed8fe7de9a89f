"""`mlaudit check`: audits what is declared or discovered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mlaudit.cli.asked import asked_options, asked_resolution, with_progress
from mlaudit.cli.declarations import CommandOption
from mlaudit.cli.delivery import asked_outputs, deliver
from mlaudit.cli.failures import errors
from mlaudit.cli.output import OutputText
from mlaudit.cli.parameters import (
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
    Paths,
    Platform,
    Python,
    Quiet,
    Resolve,
    Select,
    Statistics,
    Verbose,
    WriteBaseline,
)
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.model.report import Report
    from mlaudit.request.options import Options


def check(
    paths: Paths = None,
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
    resolve: Resolve = None,
    as_of: AsOf = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
    against: Annotated[
        str | None,
        CommandOption("--against", help="Fail only on what is new since REV, or in REV1..REV2.", metavar="REV"),
    ] = None,
    statistics: Statistics = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
    exit_zero: ExitZero = False,
) -> None:
    """Audit what is declared, or discovered below PATH.

    The declaration is mlaudit.toml or [tool.mlaudit] of pyproject.toml. With it, PATH selects the environments that
    have a source there; without it, what is found below PATH is audited, and the report lists it.
    """
    from mlaudit.request.options import wanted_of

    with errors():
        outputs = asked_outputs(format_, output, statistics=statistics, others=(write_baseline,))
        ask = partial(
            asked_options,
            start=Path(paths[0]) if paths else Path(),
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
        )
        options = ask(baseline=baseline)
        with with_progress(options, quiet) as watched:
            if against is not None:
                report = _against(against, paths or (), ask, watched)
            else:
                report = _audited(
                    paths or (), watched, with_map=any(wanted_output.format == "html" for wanted_output in outputs)
                )
        known = _new_baseline(report, write_baseline)
        deliver(report, outputs, options, quiet, verbose, no_color, exit_zero=exit_zero, baseline=known)


def _audited(paths: Sequence[str], options: Options, *, with_map: bool) -> Report:
    """The report on some paths; a page has the map of what depends on what as well."""
    if not with_map:
        from mlaudit.api import check as audit

        return audit(paths, options)
    from mlaudit.mapping.entry import MapQuestion, project_map
    from mlaudit.mapping.narrowing import without_packages

    project = project_map(paths, options, MapQuestion())
    return replace(project.report, map=without_packages(project.map))


def _new_baseline(report: Report, target: Path | None) -> OutputText | None:
    """The text of `--write-baseline`, where that is requested."""
    if target is None:
        return None
    from mlaudit.policy.baseline import dumps

    return OutputText(text=dumps(report), target=file_of(target))


def _against(revision: str, paths: Sequence[str], ask: Callable[[], Options], options: Options) -> Report:
    from mlaudit.revisions.against import Question, check_against

    return check_against(revision, Question(paths=paths, ask=ask), options)
