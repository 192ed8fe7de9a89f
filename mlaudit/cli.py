"""Arguments → options; print, write, exit. Decides nothing."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mlaudit import __version__
from mlaudit.sources import paths

if TYPE_CHECKING:
    from mlaudit.options import Options
    from mlaudit.registry import Style
    from mlaudit.report import Report
    from mlaudit.target import Wanted

app = typer.Typer(
    name="mlaudit",
    help="Says before the deploy what drifted apart between training and serving, and what it will break.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

USAGE = 2


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mlaudit {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Says before the deploy what drifted apart between training and serving, and what it will break."""


Format = Annotated[
    list[str] | None,
    typer.Option("--format", help="table, json, ...; NAME=FILE writes to a file. Repeatable.", metavar="NAME[=FILE]"),
]
Output = Annotated[Path | None, typer.Option("--output", help="Write the report to a file.")]
FailOn = Annotated[
    str | None, typer.Option("--fail-on", help="error, warning, info or never: what fails the run.", metavar="LEVEL")
]
Select = Annotated[
    list[str] | None, typer.Option("--select", help="Report only these codes (MLA1, MLA001, a name).", metavar="CODES")
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="Leave these codes out.", metavar="CODES")]
Package = Annotated[
    list[str] | None,
    typer.Option("--package", help="Only packages that match; these are always watched.", metavar="GLOB"),
]
Config = Annotated[Path | None, typer.Option("--config", help="The configuration file.", metavar="FILE")]
Python = Annotated[
    str | None, typer.Option("--python", help="The Python of environments that do not say theirs.", metavar="VERSION")
]
Platform = Annotated[
    str | None, typer.Option("--platform", help="The platform, such as linux-x86_64.", metavar="PLATFORM")
]
Extra = Annotated[list[str] | None, typer.Option("--extra", help="An extra to install.", metavar="NAME")]
Group = Annotated[list[str] | None, typer.Option("--group", help="A dependency group to install.", metavar="NAME")]
Define = Annotated[
    list[str] | None, typer.Option("--define", help="The value of a variable in a source.", metavar="NAME=VALUE")
]
As = Annotated[str | None, typer.Option("--as", help="The format of the sources.", metavar="FORMAT")]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", help="Only what is not in this file counts.", metavar="FILE")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Findings and the summary only.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="List aligned and unwatched packages too.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files; default: here.", metavar="[PATH]...")
    ] = None,
    format_: Format = None,
    output: Output = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignore = None,
    package: Package = None,
    config: Config = None,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    baseline: Baseline = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write what is found to a baseline file.", metavar="FILE")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Audit what is declared, or discovered below PATH.

    The declaration is mlaudit.toml or [tool.mlaudit] of pyproject.toml. With it, PATH selects the environments that
    have a source there; without it, what is found below PATH is audited, and what was taken for what is said.
    """
    from mlaudit.commands import check as run
    from mlaudit.options import wanted_of

    with _errors():
        options = _options(
            start=paths[0] if paths else Path(),
            config=config,
            fail_on=fail_on,
            select=select,
            ignore=ignore,
            package=package,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
            baseline=baseline,
        )
        with _progress(options, quiet) as watched:
            report = run([str(path) for path in paths or ()], watched)
        if write_baseline is not None:
            from mlaudit.baseline import dumps

            _write(write_baseline, dumps(report))
        _deliver(report, format_, output, quiet, verbose, no_color)


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
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
    baseline: Baseline = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Compare sources: the first writes, the others read.

    A SOURCE is a file, a folder, a virtual environment, an image archive, REV:PATH of git, or - with --as FORMAT.
    name=SOURCE gives it a name, SOURCE#package=api,extra=gpu chooses a part.
    """
    from mlaudit.commands import compare as run
    from mlaudit.options import wanted_of

    with _errors():
        options = _options(
            config=config,
            fail_on=fail_on,
            select=select,
            ignore=ignore,
            package=package,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
            as_format=as_,
            baseline=baseline,
        )
        with _progress(options, quiet) as watched:
            report = run(sources, watched)
        _deliver(report, format_, output, quiet, verbose, no_color)


@app.command(name="list")
def list_(
    sources: Annotated[list[str], typer.Argument(help="What to read.", metavar="SOURCE...")],
    format_: Annotated[str, typer.Option("--format", help="table or json.", metavar="NAME")] = "table",
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
    from mlaudit.commands import listing
    from mlaudit.listing import as_json, as_table
    from mlaudit.options import wanted_of

    with _errors():
        if format_ not in ("table", "json"):
            _fail(f"--format {format_}: list prints table or json")
        options = _options(wanted=wanted_of(python, platform, extra, group), define=define, as_format=as_)
        with _progress(options, False) as watched:
            environments = listing(sources, watched)
        text = as_json(environments) if format_ == "json" else as_table(environments, colour=_colour(no_color))
        _put(text, output)
    raise typer.Exit(USAGE if any(one.lost for one in environments) else 0)


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
    subject: Annotated[str, typer.Argument(help="A code, a rule's name, or a package.", metavar="CODE|PACKAGE")],
) -> None:
    """Explain a rule, or what is known of a package."""
    from mlaudit.explain import explained

    with _errors():
        typer.echo(explained(subject))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The folder to look at.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing mlaudit.toml.")] = False,
) -> None:
    """Write mlaudit.toml from what is discovered."""
    from mlaudit.commands import initial

    with _errors():
        target = path / "mlaudit.toml"
        if paths.lexists(target) and not force:
            _fail(f"{target} exists; --force replaces it")
        _write(target, initial(path))
        typer.echo(f"wrote {target}; edit it, then: mlaudit check {path if path != Path() else ''}".rstrip())


def _options(
    *,
    wanted: Wanted,
    start: Path = Path(),
    config: Path | None = None,
    fail_on: str | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    package: Sequence[str] | None = None,
    define: Sequence[str] | None = None,
    as_format: str | None = None,
    baseline: Path | None = None,
) -> Options:
    from mlaudit.options import Options, baseline_of, codes_of, defines_of, settings_for

    root = _root(start)
    settings = settings_for(
        start,
        root,
        config,
        fail_on=fail_on,
        select=codes_of(select),
        ignore=codes_of(ignore),
        packages=tuple(package or ()),
        defines=defines_of(define),
    )
    return Options(
        root=root,
        as_format=as_format,
        wanted=wanted,
        settings=settings,
        only=tuple(package or ()),
        today=_today(),
        baseline=baseline_of(baseline),
    )


@contextmanager
def _progress(options: Options, quiet: bool) -> Iterator[Options]:
    """The options with a progress bar, where somebody sits before one."""
    if quiet or not sys.stderr.isatty():
        yield options
        return
    from dataclasses import replace

    from mlaudit.progress import Bar

    bar = Bar()
    try:
        yield replace(options, progress=bar)
    finally:
        bar.close()


def _root(start: Path) -> Path:
    """The folder that holds `.git`, from the current folder upwards; the current folder where there is none."""
    here = paths.current_folder()
    inside = paths.resolved(start) if paths.lies_inside(start, here) else here
    found = next((folder for folder in (inside, *inside.parents) if paths.lexists(folder / ".git")), here)
    return Path(paths.relative(found, here))


def _today() -> date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), timezone.utc).date() if epoch.isdigit() else date.today()


def _colour(no_color: bool) -> bool:
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _deliver(
    report: Report, formats: Sequence[str] | None, output: Path | None, quiet: bool, verbose: bool, no_color: bool
) -> NoReturn:
    """Every asked-for format to its file or to standard output, then the exit code."""
    from mlaudit.registry import Style

    for spelled in formats or ("table",):
        name, _, file = spelled.partition("=")
        target = Path(file) if file else output
        style = Style(colour=target is None and _colour(no_color), verbose=verbose, quiet=quiet)
        _put(_rendered(report, name, style), target)
    raise typer.Exit(report.exit_code)


def _rendered(report: Report, name: str, style: Style) -> str:
    from mlaudit.registry import formats, render

    if name not in formats():
        _fail(f"--format {name}: expected one of {', '.join(formats())}")
    return render(name)(report, style)


def _put(text: str, target: Path | None) -> None:
    if target is not None:
        _write(target, text)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        _fail(f"{path} cannot be written: {error.strerror or error}")


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(USAGE)


@contextmanager
def _errors() -> Iterator[None]:
    """What the user did wrong, as one line on stderr and exit code 2."""
    from mlaudit.config import ConfigError
    from mlaudit.errors import Unreadable, UsageError

    try:
        yield
    except (UsageError, ConfigError) as error:
        _fail(str(error))
    except Unreadable as error:
        _fail(error.why)


def main() -> None:
    """The console script."""
    # One audit makes many values that live to its end: looking for garbage among them costs a third of a large run.
    gc.disable()
    try:
        app()
    except BrokenPipeError:
        # The reader (`| head`) has gone; what is left to flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
