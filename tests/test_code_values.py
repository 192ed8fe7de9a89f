"""What expressions name, and what small programs do: `fixtures/code/values.toml` and `programs.toml`.

The answers beside them (`.out`) were written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes them anew.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import tomli

from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactName, ModuleReading, Sameness
from mlaudit.code.repository import read_program
from mlaudit.code.sameness import is_generic, same_artifact
from tests.parser_cases import FIXTURES
from tests.test_code_pieces import name_of

CODE = FIXTURES / "code"


@cache
def given(name: str) -> dict[str, Any]:
    return tomli.loads((CODE / f"{name}.toml").read_text(encoding="utf-8"))


def expected(name: str) -> dict[str, str]:
    path = CODE / f"{name}.out"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(re.findall(r"(?ms)^## ([^\n]*)\n(.*?)(?=^## |\Z)", text))


KNOWN = {name: expected(name) for name in ("values", "programs", "sameness")}


def compare(name: str, case: str, lines: Iterable[str], part: str = "") -> None:
    """Hold some lines against those of a case, or of the part of it whose first line begins so."""
    said = "".join(f"{line}\n" for line in lines)
    if os.environ.get("MLAUDIT_REGENERATE"):
        regenerate(name, case, said, part)
        return
    known = KNOWN[name][case].splitlines(keepends=True)
    assert said == "".join(line for line in known if line.strip() and line.startswith(f"{part}  ->  " if part else ""))


def regenerate(name: str, case: str, said: str, part: str) -> None:
    answers = expected(name)
    old = [line for line in answers.get(case, "").splitlines() if line]
    if part:
        order = given(name)[case]["each"]
        lines = {line.partition("  ->  ")[0]: line for line in [*old, said.rstrip("\n")]}
        said = "".join(f"{lines[one]}\n" for one in order if one in lines)
    answers[case] = said + "\n"
    text = "".join(f"## {one}\n{answers[one]}" for one in given(name) if one in answers)
    (CODE / f"{name}.out").write_text(text, encoding="utf-8")


def program(files: dict[str, str]) -> Program:
    contents = {path: text.encode() for path, text in files.items()}
    return read_program(contents, contents.get)


def shown(name: ArtifactName) -> str:
    kind = "" if name.kind.value == "path" else f"{name.kind.value}:{name.scope}:"
    variables = "".join(f"~{one}" for one in (name.variable, name.bucket_variable) if one)
    return f"{kind}{name.text}{variables}{'' if name.certain else '?'}{' in a run' if name.in_run else ''}"


@pytest.mark.parametrize(
    ("case", "expression"), [(case, one) for case, rows in given("values").items() for one in rows["each"]]
)
def test_what_an_expression_names(case: str, expression: str) -> None:
    rows = given("values")[case]
    text = f"import joblib\n{rows.get('before', '')}\njoblib.dump({{}}, {expression})\n"
    uses = [use for use in program({"a/b.py": text}).uses if use.call == "joblib.dump"]
    said = f"{expression}  ->  {' | '.join(', '.join(map(shown, use.names)) for use in uses)}"
    compare("values", case, [said], expression)


@pytest.mark.parametrize("case", given("programs"))
def test_what_a_program_does(case: str) -> None:
    files = given("programs")[case]
    compare("programs", case, done_by(files))


def done_by(files: dict[str, str]) -> Iterator[str]:
    """Every use of a program, and what its modules are."""
    read = program(files)
    for use in read.uses:
        path = use.at.path
        words = [f"{use.at}", use.direction.value, use.form, *(f"+{kind}" for kind in use.holds), use.call]
        words += [
            ", ".join(f"{shown(name)} [{placed(name, path)}]" for name in use.names),
            *map("=".join, use.settings),
        ]
        words += [f"in {use.function}"] * bool(use.function) + [f"from {at}" for at in use.callers]
        yield " ".join([*words, *(["perhaps"] * (not use.certain))])
    for path in sorted(files):
        module = read.module(path) if path.endswith((".py", ".ipynb")) else None
        if module is not None:
            imports = [f"{file}:{line}" for file, line in read.import_lines(path).items()]
            yield from [f"{path} imports {' '.join(imports)}"] * bool(imports)
            yield from said_of(read.described(module))


def placed(name: ArtifactName, path: str) -> str:
    """Where the text of a name is."""
    return f"{f'{name.at.path}:' if name.at.path != path else ''}{name.at.line}:{name.at.column}"


def said_of(module: ModuleReading) -> Iterator[str]:
    for point in module.entry_points:
        yield f"{module.path} starts as {point.kind} {point.role} {point.name} ({point.at})"
    for option in module.options:
        yield f"{module.path} takes {option.name}={option.default} ({option.at})"
    for unread in module.unread:
        yield f"{module.path} is not read: {unread.why} ({unread.at})"


@pytest.mark.parametrize("case", given("sameness"))
def test_which_names_are_one_artifact(case: str) -> None:
    """Each pair once, but for those that are different; of every name, whether many artifacts have it."""
    compare("sameness", case, pairs([name_of(text) for text in given("sameness")[case]]))


def pairs(names: Sequence[ArtifactName]) -> Iterator[str]:
    for at, name in enumerate(names):
        yield f"{brief(name)}{'  (generic)' if is_generic(posixpath.basename(name.text)) else ''}"
        for other in names[at:]:
            same = same_artifact(name, other)
            assert same is same_artifact(other, name)
            yield from [f"    {brief(other)}  {same.name.lower()}"] * (same is not Sameness.DIFFERENT)


def brief(name: ArtifactName) -> str:
    return f"{name.kind.value} {name.scope or '-'} {name.text}"
