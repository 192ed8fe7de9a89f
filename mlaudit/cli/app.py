"""Arguments → options; print, write, exit. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from io import StringIO

from mlaudit import __version__
from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.delivery import USAGE
from mlaudit.cli.output import OutputClosed, error_line, plain_line, put, write_error
from mlaudit.model.errors import UsageError
from mlaudit.plugins import module_names

RESOLVE = "--resolve"
"""An option whose value may be left out."""
INTERRUPTED = 130
"""The exit code of a run that the user ended, as shells have it."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code, 2 for whatever goes wrong in the program itself."""
    debug, rest = _debugged(arguments)
    if RESOLVE in rest:
        from mlaudit.cli.optional_values import with_resolve_value

        rest = with_resolve_value(rest)
    try:
        code = _carried_out(rest)
    except SystemExit as ended:
        # The framework's own word for a reader that has gone; 1 means findings.
        return USAGE if ended.code == 1 else int(ended.code or 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OutputClosed, BrokenPipeError):
        # Nobody reads the output; 1 means findings.
        return USAGE
    except UsageError as error:
        write_error(error_line(str(error)))
        return USAGE
    except Exception as error:
        if not debug and hasattr(error, "format_message"):
            return _usage_error(error)
        return _defect(error, debug=debug)
    return code if isinstance(code, int) else 0


def command_modules() -> dict[str, str]:
    """The module of each command: one of `mlaudit.cli.commands` holds one, a function of the module's name."""
    return {name.rpartition(".")[2].rstrip("_"): name for name in module_names("cli.commands")}


def _carried_out(words: Sequence[str]) -> object:
    """Carry out a call: a plain one at once, any other by typer."""
    if list(words) == ["--version"]:
        put(f"mlaudit {__version__}\n")
        return 0
    modules = command_modules()
    module = modules.get(words[0]) if words else None
    if module is not None:
        from mlaudit.cli.plain_call import plain_values

        command: Callable[..., None] = getattr(import_module(module), module.rpartition(".")[2])
        values = plain_values(command, words[1:])
        if values is not None:
            return _exit_code(command, values)
    from mlaudit.cli.typer_line import command_line

    # The called command alone, since to describe them all takes as long as a short run. All of them where the first
    # word is no command: then help, completion or an error need them.
    return command_line(modules, [words[0]] if module else [*modules])(
        list(words), prog_name="mlaudit", standalone_mode=False
    )


def _exit_code(command: Callable[..., None], values: Mapping[str, object]) -> int:
    try:
        command(**values)
    except CommandEnd as end:
        return end.code
    return 0


def _debugged(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether `--debug` is among the options, and the arguments without it: it goes with every command."""
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
    """What nobody foresaw: one line, the traceback where it was requested."""
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
