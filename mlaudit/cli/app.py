"""Arguments → options; print, write, exit. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from io import StringIO
from pkgutil import iter_modules
from typing import Annotated

import typer

from mlaudit import __version__
from mlaudit.cli import commands
from mlaudit.cli.delivery import USAGE
from mlaudit.cli.output import OutputClosed, error_line, plain_line, put, write_error
from mlaudit.model.errors import UsageError

ABOUT = "Reports before the deploy how training and serving differ, and what the difference will break."
RESOLVE = "--resolve"
"""An option whose value may be left out."""
INTERRUPTED = 130
"""The exit code of a run that the user ended, as shells have it."""


def _version(asked: bool) -> None:
    if asked:
        put(f"mlaudit {__version__}\n")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback where mlaudit itself fails; goes with every command.")
    ] = False,
) -> None:
    """What every command takes."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code, 2 for whatever goes wrong in the program itself."""
    debug, rest = _debugged(arguments)
    if RESOLVE in rest:
        from mlaudit.cli.optional_values import with_resolve_value

        rest = with_resolve_value(rest)
    try:
        code = command_line(_called(rest))(rest, prog_name="mlaudit", standalone_mode=False)
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


def command_names() -> list[str]:
    """The commands: a module of `mlaudit.cli.commands` holds one, a function of the module's name."""
    return [module.name.rstrip("_") for module in iter_modules(commands.__path__)]


def command_line(names: Sequence[str]) -> typer.Typer:
    """The command line with these commands and no other."""
    line = typer.Typer(
        name="mlaudit",
        help=ABOUT,
        no_args_is_help=True,
        add_completion=len(names) > 1,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    line.callback()(_common)
    for module in iter_modules(commands.__path__):
        name = module.name.rstrip("_")
        if name in names:
            function = getattr(import_module(f"{commands.__name__}.{module.name}"), module.name)
            line.command(name=name)(function)
    return line


def _called(arguments: Sequence[str]) -> list[str]:
    """The called command alone, since to describe them all takes as long as a short run.

    All of them where the first word is no command: then help, completion or an error need them.
    """
    names = command_names()
    return [name for name in names if [name] == list(arguments[:1])] or names


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
    from mlaudit.model.addresses import ISSUES

    detail = f": {error}" if str(error) else ""
    write_error(
        error_line(
            f"this is a defect of mlaudit ({type(error).__name__}{detail});{advice} please report it at {ISSUES}"
        )
    )
    return USAGE
