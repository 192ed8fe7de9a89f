"""The command line of typer, made from the parameters of the commands: help, completion and every error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args, get_origin

import typer

from mlaudit import __version__
from mlaudit.cli.declarations import CommandArgument, CommandEnd, CommandOption
from mlaudit.cli.output import put

ABOUT = "Reports before the deploy how training and serving differ, and what the difference will break."


def command_line(modules: Mapping[str, str], names: Sequence[str]) -> typer.Typer:
    """The command line with these commands and no other; `modules` has the module of each command there is."""
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
    for name in names:
        module = modules[name]
        line.command(name=name)(_with_typer_words(getattr(import_module(module), module.rpartition(".")[2])))
    return line


def _version(asked: bool) -> None:
    if asked:
        put(f"mlaudit {__version__}\n")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback if mlaudit itself fails; works with every command.")
    ] = False,
) -> None:
    """What every command takes."""


def _with_typer_words(command: Callable[..., None]) -> Callable[..., None]:
    """A function that calls a command and whose signature is the command's, in the words of typer."""

    def called(**values: object) -> None:
        try:
            command(**values)
        except CommandEnd as end:
            raise typer.Exit(end.code) from None

    stated = signature(command, eval_str=True)
    parameters = [_with_typer_word(parameter) for parameter in stated.parameters.values()]
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return called


def _with_typer_word(parameter: Parameter) -> Parameter:
    if get_origin(parameter.annotation) is not Annotated:
        raise TypeError(f"{parameter.name} declares neither CommandOption nor CommandArgument")
    of_type, declared = get_args(parameter.annotation)
    return parameter.replace(annotation=Annotated[of_type, _typer_word(declared)], kind=Parameter.KEYWORD_ONLY)


def _typer_word(declared: CommandOption | CommandArgument) -> Any:
    if isinstance(declared, CommandArgument):
        return typer.Argument(help=declared.help, metavar=declared.metavar, autocompletion=declared.complete)
    return typer.Option(
        *declared.names,
        help=declared.help,
        metavar=declared.metavar,
        autocompletion=declared.complete,
        min=declared.least,
    )
