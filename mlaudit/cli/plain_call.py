"""Reads the calls that need no framework: known options with their values, and arguments.

To load typer takes longer than a short audit. What is not plain (help, completion, a misspelled option, a value that
begins with a dash, a number) is left to it, so that there is one voice for errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, cast, get_type_hints

from mlaudit.cli.declarations import CommandArgument, CommandOption

_STRINGS = list[str]
"""The type of a parameter that takes several values."""
_READ: dict[object, Callable[[str], object]] = {str: str, _STRINGS: str, Path: Path}


class _Parameter:
    """A parameter of a command: what it takes, and under which names."""

    def __init__(self, name: str, hint: Any, is_required: bool) -> None:
        if not hasattr(hint, "__metadata__"):
            # Python 3.10 makes `Optional[Annotated[...]]` of a parameter whose default is None.
            (hint,) = (alternative for alternative in hint.__args__ if alternative is not NoneType)
        declared: CommandOption | CommandArgument = hint.__metadata__[0]
        stated: Any = hint.__origin__
        alternatives = [alternative for alternative in getattr(stated, "__args__", ()) if alternative is not NoneType]
        self.name, self.is_required = name, is_required
        self.names = declared.names if isinstance(declared, CommandOption) else ()
        self.of_type = alternatives[0] if NoneType in getattr(stated, "__args__", ()) else stated


def plain_values(command: Callable[..., None], words: Sequence[str]) -> dict[str, object] | None:
    """The values that a command is called with; None if the call is not plain, or not right."""
    parameters = _parameters(command)
    if any(parameter.of_type is not bool and parameter.of_type not in _READ for parameter in parameters):
        return None
    named = {name: parameter for parameter in parameters for name in parameter.names}
    values: dict[str, object] = {}
    arguments: list[str] = []
    for word, value in _paired(words, named):
        if word is None:
            arguments.append(value)
        elif not _is_put(values, named.get(word), value):
            return None
    unnamed = [parameter for parameter in parameters if not parameter.names]
    if not _are_put(values, unnamed, arguments) or any(
        parameter.is_required and parameter.name not in values for parameter in parameters
    ):
        return None
    return values


def _parameters(command: Callable[..., None]) -> list[_Parameter]:
    hints: Mapping[str, Any] = get_type_hints(command, include_extras=True)
    code = command.__code__
    defaults = len(command.__defaults__ or ())
    required = code.co_varnames[: code.co_argcount - defaults]
    return [_Parameter(name, hints[name], name in required) for name in code.co_varnames[: code.co_argcount]]


def _paired(words: Sequence[str], named: Mapping[str, _Parameter]) -> Iterator[tuple[str | None, str]]:
    """Options with their values (a dash if there is none that is plain), and arguments under no name."""
    rest = iter(words)
    for word in rest:
        if word[:1] != "-" or word == "-":
            yield None, word
            continue
        name, has_value, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = named.get(name)
        if has_value:
            # A flag takes no value.
            yield name, value if option is not None and option.of_type is not bool else "-"
        elif option is None or option.of_type is bool:
            yield name, ""
        else:
            following = next(rest, "-")
            yield name, "-" if following.startswith("-") else following


def _is_put(values: dict[str, object], option: _Parameter | None, value: str) -> bool:
    """Put the value of an option beside the others; False if it is not known, or its value is not plain."""
    if option is None or value == "-":
        return False
    if option.of_type is bool:
        values[option.name] = True
    elif option.of_type == _STRINGS:
        values[option.name] = [*cast("list[str]", values.get(option.name, [])), value]
    else:
        values[option.name] = _READ[option.of_type](value)
    return True


def _are_put(values: dict[str, object], unnamed: Sequence[_Parameter], arguments: list[str]) -> bool:
    """Put arguments beside the options: one for each parameter, all of them for one that takes several."""
    if not arguments:
        return True
    if len(unnamed) == 1 and unnamed[0].of_type == _STRINGS:
        values[unnamed[0].name] = arguments
        return True
    if len(arguments) != len(unnamed) or any(parameter.of_type == _STRINGS for parameter in unnamed):
        return False
    values.update(
        (parameter.name, _READ[parameter.of_type](text)) for parameter, text in zip(unnamed, arguments, strict=True)
    )
    return True
