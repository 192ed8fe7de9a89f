"""What expressions of a method are worth for a state, and what its statements do: `fixtures/names/pieces.toml`.

The answers (`pieces.out`) were written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes them anew.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence

import pytest
import tomli

from mlaudit.code.package.object_values import DATA, UNKNOWN, StateMapping, Values, is_scalar
from mlaudit.code.package.step_reader import steps_of
from mlaudit.code.package.steps import (
    Arguments,
    Attempt,
    Conditional,
    Handed,
    OwnCall,
    Perhaps,
    Read,
    SetKey,
    SetLocal,
    Step,
    Write,
    always_ends,
)
from tests.parser_cases import FIXTURES

PIECES = tomli.loads((FIXTURES / "names" / "pieces.toml").read_text(encoding="utf-8"))
OUT = FIXTURES / "names" / "pieces.out"
STATE: dict[str, object] = {"a": 1, "none": None, "text": "x", "empty": [], "number": 2.5, "yes": True}


class View:
    """An object with `STATE`, of which it is not known whether it has `maybe`; `inner` is another one."""

    def has(self, name: str, written: set[str]) -> bool | None:
        return None if name == "maybe" else name in STATE or name in written

    def value(self, name: str) -> object:
        return "INNER" if name == "inner" else STATE.get(name, UNKNOWN)

    def attribute_of(self, value: object, name: str) -> object:
        return f"{value}.{name}"

    def has_of(self, value: object, name: str) -> bool | None:
        return {"there": True, "gone": False}.get(name)

    def returned(self, method: str, route: tuple[str, ...], written: set[str], depth: int) -> object:
        return f"{method}() {' '.join(route)} after {' '.join(sorted(written))} at {depth}"


def expected() -> dict[str, str]:
    text = OUT.read_text(encoding="utf-8") if OUT.exists() else ""
    return dict(re.findall(r"(?ms)^## ([^\n]*)\n(.*?)(?=^## |\Z)", text))


KNOWN = expected()


def compare(name: str, lines: Sequence[str]) -> None:
    said = "".join(f"{line}\n" for line in lines) + "\n"
    if os.environ.get("MLAUDIT_REGENERATE"):
        answers = {**expected(), name: said}
        names = [*PIECES["values"], *PIECES["steps"]]
        OUT.write_text("".join(f"## {one}\n{answers[one]}" for one in names if one in answers), encoding="utf-8")
    else:
        assert said == KNOWN[name]


@pytest.mark.parametrize("name", PIECES["values"])
def test_what_an_expression_is_worth(name: str) -> None:
    def worth(text: str) -> str:
        unless: list[str] = []
        given = {"state": StateMapping({"a": 1, "b": "x"}), "X": DATA, "local": "value", "numbers": [1, 2]}
        values = Values(View(), "self", {**given, "nothing": None}, unless)
        node = ast.parse(text, mode="eval").body
        value, truth = values.value(node, {"set"}), values.truth(node, {"set"})
        shown = "{...}" if isinstance(value, StateMapping) else repr(value)
        known = "" if is_scalar(value) or isinstance(value, list) else f" (truth {truth})"
        return f"{text}  ->  {shown}{known}{' unless ' + unless[0] if unless else ''}"

    compare(name, list(map(worth, PIECES["values"][name])))


@pytest.mark.parametrize("name", PIECES["steps"])
def test_what_a_function_does(name: str) -> None:
    (function,) = ast.parse(PIECES["steps"][name]).body
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    steps = steps_of(function, "self")
    ends = ["always ends"] * always_ends(steps)
    compare(name, [*shown(steps, ""), *ends])


def shown(steps: Sequence[Step], before: str) -> Iterator[str]:
    for step in steps:
        yield f"{before}{described(step)}"
        for title, inner in inside(step):
            if inner:
                yield f"{before}  {title}:"
                yield from shown(inner, f"{before}    ")


def described(step: Step) -> str:
    if isinstance(step, Read):
        return f"read {'.'.join((step.attribute, *step.rest))} ({step.line})"
    if isinstance(step, Write):
        return f"write {step.attribute}"
    if isinstance(step, SetLocal):
        value = ast.unparse(step.value) if step.value is not None else "?"
        return f"set {step.name} = {value}{' converted' * step.is_converted}{' of its own' * step.takes_own_value}"
    if isinstance(step, SetKey):
        return f"set key {step.key!r} of {step.name}"
    if isinstance(step, OwnCall):
        return f"call {'super.' * step.is_super}{step.attribute}({arguments(step.arguments)}) ({step.line})"
    if isinstance(step, Handed):
        return f"hand on as {step.slot!r} to {'.'.join(step.function)}({arguments(step.arguments)}) ({step.line})"
    return of_block(step)


def of_block(step: Step) -> str:
    returns = " may return" * bool(getattr(step, "may_return", False))
    if isinstance(step, Conditional):
        rare = " rare then" * step.is_then_rare + " rare other" * step.is_other_rare
        return f"if {ast.unparse(step.test)}{returns}{rare}"
    if isinstance(step, Perhaps):
        return f"perhaps {step.what}{returns}"
    return f"try{' catching' * step.catches}{returns}" if isinstance(step, Attempt) else "end"


def inside(step: Step) -> Iterator[tuple[str, Sequence[Step]]]:
    if isinstance(step, Conditional):
        yield from (("then", step.then), ("other", step.other))
    elif isinstance(step, Perhaps):
        yield "inside", step.steps
    elif isinstance(step, Attempt):
        yield "body", step.body
        yield from (("handler", handler) for handler in step.handlers)
        yield from (("else", step.otherwise), ("finally", step.finally_))


def arguments(given: Arguments) -> str:
    keywords = [f"{one.arg}={ast.unparse(one.value)}" for one in given.keywords]
    return ", ".join([*map(ast.unparse, given.positional), *keywords])
