"""What is read without typer is what typer reads: the same values for every call that is plain, and no call is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.cli.app import command_modules
from mlaudit.cli.declarations import CommandOption
from mlaudit.cli.plain_call import plain_values
from mlaudit.cli.typer_line import command_line
from tests.command_line import ENVIRONMENT, PAIR, drifted

NUMBERED = {"fleet", "guard", "prove"}
"""The commands with options that take numbers: typer reads them."""
WORDS = ("a.txt", "-", "", "b=c", "numpy==2.0", "--", "-x", "--no-such", "--format", "table", "-1", "./-o")


def command(name: str) -> Callable[..., None]:
    module = command_modules()[name]
    found: Callable[..., None] = getattr(import_module(module), module.rpartition(".")[2])
    return found


def read_by_typer(name: str, words: list[str]) -> dict[str, object] | None:
    """The values that typer calls a command with, None where it does not call it."""
    called: list[dict[str, object]] = []
    module = import_module(command_modules()[name])
    shipped = getattr(module, attribute := command_modules()[name].rpartition(".")[2])

    def spy(**values: object) -> None:
        called.append(values)

    spy.__signature__ = signature(shipped, eval_str=True)  # type: ignore[attr-defined]
    setattr(module, attribute, spy)
    try:
        command_line(command_modules(), [name])([name, *words], prog_name="mlaudit", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
    finally:
        setattr(module, attribute, shipped)
    return called[0] if called else None


def with_defaults(name: str, values: dict[str, object]) -> dict[str, object]:
    stated = signature(command(name)).parameters.values()
    return {**{one.name: one.default for one in stated if one.default is not one.empty}, **values}


def options_of(name: str) -> list[str]:
    stated = signature(command(name), eval_str=True).parameters.values()
    declared = [one.annotation.__metadata__[0] for one in stated]
    return [text for one in declared if isinstance(one, CommandOption) for text in one.names]


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, list[str]]:
    name = draw(st.sampled_from(sorted(command_modules())))
    known = options_of(name) or ["--none"]
    option = st.sampled_from(known)
    word = st.one_of(
        option,
        st.sampled_from(WORDS),
        st.builds(lambda text, value: [text, value], option, st.sampled_from(WORDS)),
        st.builds(lambda text, value: f"{text}={value}", option, st.sampled_from(WORDS)),
        st.builds(lambda text, value: f"{text}{value}", option, st.sampled_from(("x", "q"))),
    )
    drawn: list[Any] = draw(st.lists(word, max_size=5))
    return name, [text for one in drawn for text in (one if isinstance(one, list) else [one])]


@given(calls())
def test_a_plain_call_has_the_values_that_typer_reads(call: tuple[str, list[str]]) -> None:
    name, words = call
    values = plain_values(command(name), words)
    if values is not None:
        assert with_defaults(name, values) == read_by_typer(name, words)


@pytest.mark.parametrize("name", sorted(set(command_modules()) - NUMBERED))
def test_the_usual_calls_are_plain(name: str) -> None:
    arguments = {"why": ["numpy", "a"], "compare": ["a", "b"], "explain": ["numpy"], "history": ["numpy"]}
    words = arguments.get(name, [])
    for one in signature(command(name), eval_str=True).parameters.values():
        declared, of_type = one.annotation.__metadata__[0], one.annotation.__origin__
        if isinstance(declared, CommandOption):
            words = [*words, declared.names[0], *([] if of_type is bool else ["x"])]
    values = plain_values(command(name), words)
    assert values is not None, words
    assert with_defaults(name, values) == read_by_typer(name, words)


@pytest.mark.parametrize(
    ("words", "is_loaded"),
    [
        (("compare", *PAIR), False),
        (("compare", *PAIR, "--format", "json", "-q", "--fail-on=never"), False),
        (("--version",), False),
        (("compare", "--help"), True),
        (("compare",), True),
        (("compare", *PAIR, "--no-such"), True),
    ],
)
def test_typer_is_loaded_for_what_is_not_plain(words: tuple[str, ...], is_loaded: bool, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mlaudit.cli.app import run\nrun(sys.argv[1:])\nprint('typer' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=drifted(tmp_path),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    assert done.stderr.split()[-1] == str(is_loaded)
