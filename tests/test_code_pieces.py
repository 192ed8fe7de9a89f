"""Pieces of the reading of code, by `fixtures/code/pieces.toml`."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
import tomli

from mlaudit.code.call_table import (
    canonical_name,
    entry_words,
    is_open_word,
    last_word,
    match_entry,
    match_rows,
    words_of_libraries,
)
from mlaudit.code.copies import _are_alike, parted_definitions
from mlaudit.code.data_values import value_of_data
from mlaudit.code.definitions import definition_words, definitions
from mlaudit.code.linking import is_test
from mlaudit.code.naming import addressed, in_store
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.code.repository import read_source
from mlaudit.code.sameness import fits, is_generic, joined, joining_names, same_artifact
from mlaudit.code.scan import scan
from mlaudit.code.source import last_name
from mlaudit.code.values import TableValue, TextValue, Value
from mlaudit.model.lazy_dataclass import replace
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
    name = addressed(name_of(row["name"]))
    assert shown(name) == row["is"]
    assert name.complete is ("*" not in row["is"])


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


@rows("test")
def test_paths_that_are_tests(row: dict[str, Any]) -> None:
    assert [path for path in row["paths"] if is_test(path) is not row["is"]] == []


def test_the_normalized_syntax_of_a_function() -> None:
    text = (
        "def f(a, *, b: int = u'x') -> int:\n    'Doc.'\n    return [a.b, lambda: 1]\nclass A:\n    'Doc.'\n    x = 1\n"
    )
    words = definition_words(read_source("a.py", text.encode()))
    plain = text.replace(": int", "").replace(" -> int", "").replace("u'x'", "'x'").replace("    'Doc.'\n", "")
    assert words == definition_words(read_source("a.py", plain.encode()))
    assert " ".join(words["f"]) == (
        "(FunctionDef 'f' (arguments [ ] [ (arg 'a' ) ] [ (arg 'b' ) ] [ (Constant 'x' ) ] [ ] ) [ (Return (List [ "
        "(Attribute (Name 'a' ) 'b' ) (Lambda (arguments [ ] [ ] [ ] [ ] [ ] ) (Constant 1 ) ) ] ) ) ] [ ] )"
    )


@pytest.mark.parametrize(
    "other",
    ["def f():\n    return g(a)(b)\n", "def f():\n    return g(a, c)\n", "def f():\n    pass\n    return g(a, b)\n"],
)
def test_definitions_that_differ(other: str) -> None:
    ours, theirs = (
        definitions(read_source("a.py", text.encode())) for text in ("def f():\n    return g(a, b)\n", other)
    )
    assert ours["f"].digest != theirs["f"].digest
    assert ours["f"].at == Place(path="a.py", line=1)


def test_functions_whose_words_repeat_are_compared_too() -> None:
    ours, theirs = ([*("x" for _ in range(300)), *(f"{side}{at}" for at in range(50))] for side in ("a", "b"))
    assert _are_alike(ours, theirs)


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


@rows("call")
def test_the_row_of_a_call(row: dict[str, Any]) -> None:
    does = tuple(row.get("does", ("writes", "reads", "downloads", "uploads")))
    matched = {name: match_rows(name, frozenset(row.get("imports", ())), does) for name in row["names"]}
    certain = {True: "certain", False: "perhaps"}
    actual = {name: certain[found.certain] if found is not None else "none" for name, found in matched.items()}
    assert actual == dict.fromkeys(row["names"], row["is"])


def test_the_row_of_a_call_is_the_most_exact() -> None:
    libraries = {}
    for name in ("?.save_model", "lightgbm.Booster().save_model", "keras.Model().save_model"):
        matched = match_rows(name, frozenset(("xgboost", "keras")), ("writes",))
        libraries[name.partition(".")[0]] = matched.row.distribution if matched is not None else ""
    assert libraries == {"?": "xgboost", "lightgbm": "lightgbm", "keras": "keras"}


@pytest.mark.parametrize(("length", "is_matched"), [(400, True), (401, False)])
def test_a_name_is_looked_up_as_long_as_the_limit(length: int, is_matched: bool) -> None:
    written = "x." + "a" * (length - len("x.().save_pretrained")) + "().save_pretrained"
    assert len(written) == length
    assert (match_rows(written, frozenset(), ("writes",)) is not None) is is_matched
    optimizer = "torch.optim." + "a" * (length - len("torch.optim."))
    assert (match_entry(optimizer, decorates=False) is not None) is is_matched


@rows("entry")
def test_what_makes_a_module_an_entry_point(row: dict[str, Any]) -> None:
    signs = [match_entry(row["name"], decorates=decorates) for decorates in (False, True)]
    assert [f"{sign.kind} {sign.role}" if sign is not None else "" for sign in signs] == row["is"]
    assert (last_word(row["name"]) in entry_words()) is row.get("is_word", any(row["is"]))


@rows("alias")
def test_names_of_libraries_that_have_several(row: dict[str, Any]) -> None:
    assert canonical_name(row["name"]) == row["is"]


@rows("word")
def test_words_of_calls(row: dict[str, Any]) -> None:
    assert (last_word(row["name"]), is_open_word(last_word(row["name"]))) == (row["last"], row["open"])


@rows("library")
def test_words_of_calls_that_may_count_beside_some_imports(row: dict[str, Any]) -> None:
    words = words_of_libraries(frozenset(row["imports"]), tuple(row["does"]))
    assert words >= set(row["has"])
    assert words.isdisjoint(row["lacks"])


@rows("expression")
def test_the_last_word_of_an_expression(row: dict[str, Any]) -> None:
    assert last_name(ast.parse(row["text"], mode="eval").body) == row["is"]


@rows("unread")
def test_what_of_a_source_cannot_be_read(row: dict[str, Any]) -> None:
    (unread,) = read_source("a.py", row["text"].encode()).unread
    assert f"{unread.why} ({unread.at})" == row["why"]


@rows("imports")
def test_the_imports_of_a_source(row: dict[str, Any]) -> None:
    imports = read_source("a.py", row["text"].encode()).imports
    assert [f"{one.module} {one.line} {one.level} {','.join(one.names)}" for one in imports] == row["is"]


@rows("joined")
def test_whether_a_call_reads_what_another_writes(row: dict[str, Any]) -> None:
    writer, reader = (use_of(*row[key]) for key in ("written", "read"))
    assert joined(writer, reader).name == row["sure"]
    names = joining_names(writer, reader)
    assert (" ".join(name.text for name in names) if names is not None else "") == row["back"]


def use_of(form: str, path: str, *names: str) -> ArtifactUse:
    at = Place(path=path, line=1)
    texts = [name.partition("~") for name in names]
    given = tuple(replace(name_of(text), variable=variable) for text, _, variable in texts)
    return ArtifactUse(at=at, direction=Direction.WRITES, form=form, call="", library="", names=given)


@rows("fits")
def test_forms_of_which_one_can_be_read_as_the_other(row: dict[str, Any]) -> None:
    assert [pair for pair in row["pairs"] if fits(*pair) is not row["is"]] == []


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
