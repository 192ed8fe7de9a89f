"""Arguments → options; print, write, exit. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlaudit import __version__
from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.delivery import USAGE, asked_outputs, deliver, wants_colour
from mlaudit.cli.failures import errors as _errors
from mlaudit.cli.failures import fail as _fail
from mlaudit.cli.fix import fix
from mlaudit.cli.history_command import history
from mlaudit.cli.map_command import map_
from mlaudit.cli.output import OutputClosed, OutputText, error_line, plain_line, write_all, write_error
from mlaudit.cli.parameters import (
    As,
    Baseline,
    Config,
    Define,
    ExitZero,
    Extra,
    FailOn,
    Format,
    Group,
    Ignore,
    NoColor,
    NoConfig,
    Output,
    Package,
    Paths,
    Platform,
    Python,
    Quiet,
    Select,
    Statistics,
    Subjects,
    Verbose,
    WriteBaseline,
)
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.cli.why_command import why
from mlaudit.model.errors import UsageError
from mlaudit.sources import paths

if TYPE_CHECKING:
    from mlaudit.model.report import Report
    from mlaudit.request.options import Options

app = typer.Typer(
    name="mlaudit",
    help="Says before the deploy what drifted apart between training and serving, and what it will break.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130
"""The exit code of a run that the user ended, as shells have it."""
ISSUES = "https://github.com/YOUR-ORG/mlaudit/issues"
"""Where a defect is reported."""


def _version(asked: bool) -> None:
    if asked:
        _put(f"mlaudit {__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback where mlaudit itself fails; goes with every command.")
    ] = False,
) -> None:
    """Says before the deploy what drifted apart between training and serving, and what it will break."""


@app.command()
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
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
    against: Annotated[
        str | None,
        typer.Option("--against", help="Fail only on what is new since REV, or in REV1..REV2.", metavar="REV"),
    ] = None,
    statistics: Statistics = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
    exit_zero: ExitZero = False,
) -> None:
    """Audit what is declared, or discovered below PATH.

    The declaration is mlaudit.toml or [tool.mlaudit] of pyproject.toml. With it, PATH selects the environments that
    have a source there; without it, what is found below PATH is audited, and what was taken for what is said.
    """
    from mlaudit.api import check as run
    from mlaudit.request.options import wanted_of

    with _errors():
        outputs = asked_outputs(format_, output, statistics=statistics, others=(write_baseline,))
        ask = partial(
            asked_options,
            start=Path(paths[0]) if paths else Path(),
            config=config,
            isolated=no_config,
            fail_on=fail_on,
            select=select,
            ignore=ignore,
            package=package,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
        )
        options = ask(baseline=baseline)
        with with_progress(options, quiet) as watched:
            report = run(paths or (), watched) if against is None else _against(against, paths or (), ask, watched)
        known = _new_baseline(report, write_baseline)
        deliver(report, outputs, options, quiet, verbose, no_color, exit_zero=exit_zero, baseline=known)


def _new_baseline(report: Report, target: Path | None) -> OutputText | None:
    """The text of `--write-baseline`, where that is asked for."""
    if target is None:
        return None
    from mlaudit.policy.baseline import dumps

    return OutputText(text=dumps(report), target=file_of(target))


def _against(revision: str, paths: Sequence[str], ask: Callable[[], Options], options: Options) -> Report:
    from mlaudit.revisions.against import Question, check_against

    return check_against(revision, Question(paths=paths, ask=ask), options)


@app.command()
def compare(
    sources: Annotated[
        list[str], typer.Argument(help="The reference (training), then the others.", metavar="SOURCE...")
    ],
    format_: Format = None,
    output: Output = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignore = None,
    package: Package = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
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

    with _errors():
        outputs = asked_outputs(format_, output, statistics=statistics)
        options = asked_options(
            config=config,
            isolated=no_config,
            fail_on=fail_on,
            select=select,
            ignore=ignore,
            package=package,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
            as_format=as_,
            baseline=baseline,
        )
        with with_progress(options, quiet) as watched:
            report = run(sources, watched)
        deliver(report, outputs, options, quiet, verbose, no_color, exit_zero=exit_zero)


app.command(name="fix")(fix)


@app.command(name="list")
def list_(
    sources: Annotated[
        list[str] | None, typer.Argument(help="What to read; default: what `check` reads.", metavar="[SOURCE]...")
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="table, json or cyclonedx.", metavar="NAME")] = "table",
    output: Output = None,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
    no_color: NoColor = False,
) -> None:
    """Show every pin that is read, with its place."""
    from mlaudit.api import listing
    from mlaudit.cli.standpoint import listed_from
    from mlaudit.reporters._inventory import as_json, as_table
    from mlaudit.request.options import wanted_of
    from mlaudit.sources.paths import current_folder

    with _errors():
        if format_ not in ("table", "json", "cyclonedx"):
            _fail(f"--format {format_}: list prints table, json or cyclonedx")
        options = asked_options(wanted=wanted_of(python, platform, extra, group), define=define, as_format=as_)
        with with_progress(options, False) as watched:
            environments = listing(sources or (), watched)
        if format_ == "json":
            text = as_json(environments)
        elif format_ == "cyclonedx":
            from mlaudit.mapping.locked_edges import locked_edges
            from mlaudit.reporters._cyclonedx import as_cyclonedx

            text = as_cyclonedx(environments, {one.name: list(locked_edges(one)) for one in environments})
        else:
            seen = listed_from(environments, options.root, current_folder())
            text = as_table(seen, colour=output is None and wants_colour(no_color))
        _put(text, file_of(output))
    raise typer.Exit(USAGE if any(one.lost for one in environments) else 0)


app.command()(history)
app.command(name="map")(map_)
app.command()(why)


@app.command()
def snapshot(
    python: Annotated[
        str | None, typer.Option("--python", help="Another interpreter; its packages are not imported.", metavar="EXE")
    ] = None,
    output: Output = None,
) -> None:
    """Print a Python environment as JSON."""
    from mlaudit.snapshot import dumps

    with _errors():
        _put(dumps(python), output)


@app.command()
def explain(
    subjects: Subjects = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="List the facts checked more than a year ago; ends with 1 where any is.")
    ] = False,
) -> None:
    """Explain rules, or what is known of packages."""
    from mlaudit.reporters._explain import explained, stale_facts

    with _errors():
        if stale == bool(subjects):
            raise UsageError("name a code or a package, or ask for --stale")
        if subjects:
            _put("\n".join(f"{explained(subject)}\n" for subject in subjects))
            return
        lines = stale_facts(date.today())
        _put("".join(f"{line}\n" for line in lines) or "No fact was checked more than a year ago.\n")
    if lines:
        raise typer.Exit(1)


@app.command(name="rules")
def rules_() -> None:
    """List the rules."""
    from mlaudit.reporters._catalog import all_rules

    with _errors():
        _put(all_rules())


@app.command(name="formats")
def formats_() -> None:
    """List the formats that are read."""
    from mlaudit.reporters._catalog import all_formats

    with _errors():
        _put(all_formats())


@app.command()
def kinds() -> None:
    """List the kinds of artifacts that `artifact-kinds` may name."""
    from mlaudit.reporters._catalog import all_kinds

    with _errors():
        _put(all_kinds())


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The folder to look at.", metavar="[PATH]")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing mlaudit.toml.")] = False,
) -> None:
    """Write mlaudit.toml from what is discovered."""
    from mlaudit.api import initial

    with _errors():
        target = path / "mlaudit.toml"
        if paths.lexists(target) and not force:
            _fail(f"{target} exists; --force replaces it")
        _put(initial(path), target)
        _put(f"wrote {target}; edit it, then: mlaudit check {path if path != Path() else ''}".rstrip() + "\n")


def _put(text: str, target: Path | None = None) -> None:
    write_all([OutputText(text=text, target=target)])


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code, 2 for whatever goes wrong in the program itself."""
    debug, rest = _debugged(arguments)
    try:
        code = _with_called_command(rest)(rest, prog_name="mlaudit", standalone_mode=False)
    except SystemExit as ended:
        # The framework's own word for a reader that has gone; 1 means findings.
        return USAGE if ended.code == 1 else int(ended.code or 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OutputClosed:
        return USAGE
    except UsageError as error:
        write_error(error_line(str(error)))
        return USAGE
    except Exception as error:
        if not debug and hasattr(error, "format_message"):
            return _usage_error(error)
        return _defect(error, debug=debug)
    return code if isinstance(code, int) else 0


def _with_called_command(arguments: Sequence[str]) -> typer.Typer:
    """The command line with no other command than the called one: to describe them all takes as long as a short run.

    It is whole where the first word is no command: then help, completion or an error need them.
    """
    called = [one for one in app.registered_commands if [one.name or _function_name(one.callback)] == arguments[:1]]
    if not called:
        return app
    narrow = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    narrow.info = app.info
    narrow.registered_callback, narrow.registered_commands = app.registered_callback, called
    return narrow


def _function_name(command: Callable[..., object] | None) -> str:
    return "" if command is None else command.__name__


def _debugged(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether `--debug` stands among the options, and the arguments without it: it goes with every command."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return len(options) < end, [*options, *arguments[end:]]


def _usage_error(error: Exception) -> int:
    """A call that the framework refuses, in its own words, each line escaped: they quote the arguments."""
    text = StringIO()
    error.show(file=text)  # type: ignore[attr-defined]
    for line in text.getvalue().rstrip("\n").split("\n"):
        write_error(plain_line(line))
    return int(getattr(error, "exit_code", USAGE))


def _defect(error: Exception, *, debug: bool) -> int:
    """What nobody foresaw: one line, the traceback where it was asked for."""
    if debug:
        from traceback import format_exception

        for line in "".join(format_exception(error)).rstrip("\n").split("\n"):
            write_error(plain_line(line))
    advice = "" if debug else " --debug prints where;"
    detail = f": {error}" if str(error) else ""
    write_error(
        error_line(
            f"this is a defect of mlaudit ({type(error).__name__}{detail});{advice} please report it at {ISSUES}"
        )
    )
    return USAGE
