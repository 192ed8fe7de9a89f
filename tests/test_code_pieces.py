"""Pieces of the reading of code, by `fixtures/code/pieces.toml`."""

from __future__ import annotations

import re
from typing import Any

import pytest
import tomli

from mlaudit.code.copies import _are_alike, parted_definitions
from mlaudit.code.data_values import value_of_data
from mlaudit.code.naming import addressed, in_store
from mlaudit.code.nouns import ArtifactName, NameKind
from mlaudit.code.repository import read_source
from mlaudit.code.sameness import is_generic, same_artifact
from mlaudit.code.scan import scan
from mlaudit.code.values import TableValue, TextValue, Value
from mlaudit.model.nouns import Place
from tests.parser_cases import FIXTURES

ROWS = tomli.loads((FIXTURES / "code" / "pieces.toml").read_text(encoding="utf-8"))


def rows(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ROWS[table], ids=lambda row: str(next(iter(row.values())))[:80])


def name_of(text: str) -> ArtifactName:
    kind, scope, words = text.split(" ", 2)
    pieces = tuple(None if part == "*" else part for part in re.split(r"(\*)", words) if part)
    return ArtifactName(kind=NameKind(kind), scope=scope.strip("-"), pieces=pieces, at=Place(path="a.py"))


def shown(name: ArtifactName) -> str:
    return f"{name.kind.value} {name.scope or '-'} {name.text}{' in a run' if name.in_run else ''}"


@rows("address")
def test_what_the_beginning_of_a_name_says(row: dict[str, Any]) -> None:
    assert shown(addressed(name_of(row["name"]))) == row["is"]


@rows("stored")
def test_a_path_below_the_file_system_of_a_store(row: dict[str, Any]) -> None:
    assert shown(in_store(name_of(row["name"]))) == row["is"]


@rows("same")
def test_whether_two_names_are_one_artifact(row: dict[str, Any]) -> None:
    first, second = map(name_of, row["names"])
    assert {same_artifact(first, second).name, same_artifact(second, first).name} == {row["sure"]}


@rows("generic")
def test_names_that_many_artifacts_have(row: dict[str, Any]) -> None:
    assert [name for name in row["names"] if is_generic(name) is not row["is"]] == []


@rows("scan")
def test_whether_a_file_may_hold_a_call(row: dict[str, Any]) -> None:
    assert scan(row["text"].encode(), frozenset(word.encode() for word in row["more"])) is row["is"]


@rows("depth")
def test_data_is_known_as_deep_as_the_limit(row: dict[str, Any]) -> None:
    data: object = "kept.joblib"
    for _ in range(row["depth"]):
        data = {"inner": data}
    value: Value = value_of_data(data, "params.yaml")
    for _ in range(row["depth"]):
        assert isinstance(value, TableValue)
        (value,) = value.items["inner"].values
    assert isinstance(value, TextValue) is row["is"]


@rows("copies")
def test_whether_functions_are_copies(row: dict[str, Any]) -> None:
    size, other_size, common = row["words"]
    words = [*map(str, range(common)), *("ours" for _ in range(size - common))]
    other = [*map(str, range(common)), *("theirs" for _ in range(other_size - common))]
    assert _are_alike(words, other) is row["is"]


@rows("notebook")
def test_what_is_read_of_a_notebook(row: dict[str, Any]) -> None:
    reading = read_source("a.ipynb", row["text"].encode())
    assert [f"{use.names[0].text} {use.at.line}" for use in reading.uses] == row.get("uses", [])
    said = [f"{one.at.line} {one.why.removeprefix('a cell was left out: ')}" for one in reading.unread]
    assert len(said) == len(row.get("unread", ()))
    assert all(map(str.startswith, said, row.get("unread", ())))


FUNCTION = """
def {name}(frame):
    out = dict()
    for name in frame:
        value = frame[name]
        out[name] = value / 2 + {number}
    return out
"""


@pytest.mark.parametrize(
    ("ours", "theirs", "parted"),
    [
        (["scale 1"], ["scale 1"], []),
        (["scale 1"], ["scale 2"], ["scale 2 2"]),
        (["scale 1", "A.fit 1"], ["A.fit 2", "scale 1"], ["A.fit 9 2"]),
        (["scale 1"], ["other 2"], []),
    ],
)
def test_functions_that_were_copies(ours: list[str], theirs: list[str], parted: list[str]) -> None:
    first, second = (read_source(path, source_of(names).encode()) for path, names in (("a.py", ours), ("b.py", theirs)))
    found = list(parted_definitions(first, second))
    assert [f"{one.name} {one.written.line} {one.read.line}" for one in found] == parted
    assert all((one.written.path, one.read.path) == ("a.py", "b.py") for one in found)


def source_of(names: list[str]) -> str:
    """Functions and methods of some names, each with a number that makes it another."""
    text = ""
    for name in names:
        qualified, number = name.split()
        klass, _, method = qualified.rpartition(".")
        function = FUNCTION.format(name=method, number=number)
        text += f"class {klass}:{function.replace(chr(10), chr(10) + '    ')}\n" if klass else function
    return text
