"""What expressions name, and what small programs do: `fixtures/code/values.toml` and `programs.toml`.

The answers beside them (`.out`) were written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tomli

from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactName, ModuleReading
from mlaudit.code.repository import read_program
from tests.parser_cases import FIXTURES

CODE = FIXTURES / "code"


def given(name: str) -> dict[str, Any]:
    return tomli.loads((CODE / f"{name}.toml").read_text(encoding="utf-8"))


def expected(name: str) -> dict[str, str]:
    path = CODE / f"{name}.out"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(re.findall(r"(?ms)^## ([^\n]*)\n(.*?)(?=^## |\Z)", text))


def compare(name: str, case: str, actual: Callable[[], Iterator[str]]) -> None:
    said = "".join(f"{line}\n" for line in actual()) + "\n"
    if os.environ.get("MLAUDIT_REGENERATE"):
        answers = {**expected(name), case: said}
        text = "".join(f"## {one}\n{answers[one]}" for one in given(name) if one in answers)
        (CODE / f"{name}.out").write_text(text, encoding="utf-8")
    assert said == expected(name)[case]


def program(files: dict[str, str]) -> Program:
    contents = {path: text.encode() for path, text in files.items()}
    return read_program(contents, contents.get)


def shown(name: ArtifactName) -> str:
    kind = "" if name.kind.value == "path" else f"{name.kind.value}:{name.scope}:"
    variables = "".join(f"~{one}" for one in (name.variable, name.bucket_variable) if one)
    return f"{kind}{name.text}{variables}{'' if name.certain else '?'}{' in a run' if name.in_run else ''}"


@pytest.mark.parametrize("case", given("values"))
def test_what_an_expression_names(case: str) -> None:
    def answers() -> Iterator[str]:
        rows = given("values")[case]
        for expression in rows["each"]:
            text = f"import joblib\n{rows.get('before', '')}\njoblib.dump({{}}, {expression})\n"
            files = {"a/b.py": text, **rows.get("files", {})}
            uses = [use for use in program(files).uses if use.at.path == "a/b.py" and use.call == "joblib.dump"]
            yield f"{expression}  ->  {' | '.join(', '.join(map(shown, use.names)) for use in uses)}"

    compare("values", case, answers)


@pytest.mark.parametrize("case", given("programs"))
def test_what_a_program_does(case: str) -> None:
    files = given("programs")[case]
    compare("programs", case, lambda: done_by(files))


def done_by(files: dict[str, str]) -> Iterator[str]:
    """Every use of a program, and what its modules are."""
    read = program(files)
    for use in read.uses:
        words = [f"{use.at}", use.direction.value, use.form, *(f"+{kind}" for kind in use.holds), use.call]
        words += [", ".join(map(shown, use.names)), *map("=".join, use.settings)]
        words += [f"in {use.function}"] * bool(use.function) + [f"from {at}" for at in use.callers]
        yield " ".join([*words, *(["perhaps"] * (not use.certain))])
    for path in sorted(files):
        module = read.module(path) if path.endswith((".py", ".ipynb")) else None
        if module is not None:
            imports = [f"{file}:{line}" for file, line in read.import_lines(path).items()]
            yield from [f"{path} imports {' '.join(imports)}"] * bool(imports)
            yield from said_of(read.described(module))


def said_of(module: ModuleReading) -> Iterator[str]:
    for point in module.entry_points:
        yield f"{module.path} starts as {point.kind} {point.role} {point.name} ({point.at})"
    for option in module.options:
        yield f"{module.path} takes {option.name}={option.default} ({option.at})"
    for unread in module.unread:
        yield f"{module.path} is not read: {unread.why} ({unread.at})"
