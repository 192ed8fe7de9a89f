"""The text at a located place is the value that the format's own parser finds at the same route."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import tomli
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.document.positions import Locator, Span, json_locator, toml_locator, yaml_locator
from mlaudit.document.tree_index import Route

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", ROOT.parent / "shared" / "corpus"))
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus: set MLAUDIT_CORPUS to its folder")


def routes(value: object, route: Route = ()) -> Iterator[tuple[Route, object]]:
    """Every value below the outermost one, containers included."""
    members: Iterator[tuple[str | int, object]]
    if isinstance(value, dict):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    else:
        return
    for step, member in members:
        yield (*route, step), member
        yield from routes(member, (*route, step))


@lru_cache(maxsize=1)
def line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def taken(text: str, span: Span | None) -> str:
    """The text at a span, whose line and column must agree with its offsets."""
    assert span is not None
    starts = line_starts(text)
    mark = 1 if text.startswith("\ufeff") and span.line == 1 else 0
    assert starts[span.line - 1] + span.column - 1 + mark == span.start < starts[span.line]
    return text[span.start : span.end]


def seen(locator: Locator, text: str, route: Route) -> str | None:
    span = locator.at(*route)
    return None if span is None else taken(text, span)


TOML = """\
# [not.a.table]
title = "a = [b]" # version = "9"
'quoted key' = 'lit"eral'
"esc\\u0041ped" . plain = 1979-05-27 07:32:00
\tdotted.inner.x = +1_000
flags = [ # ] first
  "x]", 'y#', # [
  [1, 2,
   ],
  { k = "v", n.m = [3] },
]
long = \"""
[package]
version = "0"
quoted \\\"\"\" and \"\"\"\"\"
raw = '''
[[package]]
version = "0"'''
empty = ""
none = {}

[table . "sub.table"]
here = 0x1F

[table]
late = inf

[[package]]
name = "one"
version = "1.0"
[package.metadata]
requires = [{ name = "a", marker = "x == 'y'" }]
[[package.extra]]
name = "e0"
[[package.extra]]
name = "e1"
[package.extra.deep]
x = true

[[ package ]]
name = "two"
version = "2.0"
[[package.extra]]
name = "e2"
"""

TOML_PLACES: list[tuple[Route, str | None, tuple[int, int] | None]] = [
    (("title",), '"a = [b]"', (2, 9)),
    (("quoted key",), "'lit\"eral'", (3, 16)),
    (("escAped", "plain"), "1979-05-27 07:32:00", (4, 26)),
    (("dotted", "inner", "x"), "+1_000", (5, 19)),
    (("dotted", "inner"), "inner", (5, 9)),
    (("flags", 0), '"x]"', (7, 3)),
    (("flags", 1), "'y#'", (7, 9)),
    (("flags", 2, 1), "2", (8, 7)),
    (("flags", 3, "k"), '"v"', (10, 9)),
    (("flags", 3, "n", "m", 0), "3", (10, 21)),
    (("flags", 4), None, None),
    (("flags", -1), None, None),
    (("long",), '"""\n[package]\nversion = "0"\nquoted \\""" and """""', (12, 8)),
    (("raw",), "'''\n[[package]]\nversion = \"0\"'''", (16, 7)),
    (("empty",), '""', (19, 9)),
    (("none",), "{}", (20, 8)),
    (("none", "x"), None, None),
    (("table", "sub.table", "here"), "0x1F", (23, 8)),
    (("table",), "[table]", (25, 1)),
    (("table", "late"), "inf", (26, 8)),
    (("package",), "[[package]]", (28, 1)),
    (("package", 0, "version"), '"1.0"', (30, 11)),
    (("package", 0, "metadata"), "[package.metadata]", (31, 1)),
    (("package", 0, "metadata", "requires", 0, "marker"), "\"x == 'y'\"", (32, 36)),
    (("package", 0, "extra", 1, "name"), '"e1"', (36, 8)),
    (("package", 0, "extra", 1, "deep", "x"), "true", (38, 5)),
    (("package", 1), "[[ package ]]", (40, 1)),
    (("package", 1, "version"), '"2.0"', (42, 11)),
    (("package", 1, "extra", 0, "name"), '"e2"', (44, 8)),
    (("package", 2), None, None),
    (("package", "name"), None, None),
    (("title", "x"), None, None),
    (("missing",), None, None),
]


@pytest.mark.parametrize(("route", "expected", "place"), TOML_PLACES, ids=str)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_toml_places(
    route: Route, expected: str | None, place: tuple[int, int] | None, newline: str, mark: str
) -> None:
    text = mark + TOML.replace("\n", newline)
    span = toml_locator(text).at(*route)
    if expected is None:
        assert span is None
    else:
        assert taken(text, span) == expected.replace("\n", newline)
        assert span is not None
        assert (span.line, span.column) == place


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (("title",), "title"),
        (("quoted key",), "'quoted key'"),
        (("dotted", "inner", "x"), "x"),
        (("dotted",), "dotted"),
        (("table", "sub.table"), '"sub.table"'),
        (("package", 1), "package"),
        (("package", 0, "metadata"), "metadata"),
        (("flags", 3, "k"), "k"),
    ],
    ids=str,
)
def test_toml_keys(route: Route, expected: str) -> None:
    assert taken(TOML, toml_locator(TOML).key(*route)) == expected


def test_elements_have_no_key() -> None:
    assert toml_locator(TOML).key("flags", 0) is None
    assert json_locator("[1]").key(0) is None
    assert yaml_locator("- 1\n").key(0) is None
    assert toml_locator(TOML).key() is None


def test_every_value_of_the_example_is_found() -> None:
    check_toml(TOML)


@pytest.mark.parametrize(
    "text",
    [
        "a = [[\n1]\n]\nb = 2\n",
        "a = [\n1]\nb = [\n2\n]\n",
        "a = [\n[\n1\n],\n]\nb = 2\n",
        'a = [\n"]", # ]\n]\nb = 2\n',
        "a = [\n'''\n]''', 1\n]\nb = 2\n",
    ],
)
def test_toml_arrays_end_where_they_end(text: str) -> None:
    check_toml(text)


def test_the_empty_route_is_the_whole_text() -> None:
    assert toml_locator("a = 1\n").at() == Span(1, 1, 0, 6)
    assert json_locator("").at() == Span(1, 1, 0, 0)


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "\x00\xff", "a = ", "a = [1", "[a", "[[a]", 'a = "', "a = {b = ", "= 1", '"""', "#"]
)
def test_broken_toml_has_no_places(text: str) -> None:
    locator = toml_locator(text)
    assert locator.at("a", "b") is None
    assert locator.at("a", 0, 0) is None


def test_toml_before_the_broken_place_is_found() -> None:
    text = 'a = "x"\nb = [\nc = 1\n'
    assert seen(toml_locator(text), text, ("a",)) == '"x"'
    assert toml_locator(text).at("c") is None


def check_toml(text: str) -> None:
    locator = toml_locator(text)
    for route, value in routes(tomli.loads(text)):
        found = seen(locator, text, route)
        assert found is not None, route
        if not has_tables(value):
            assert repr(tomli.loads(f"value = {found}")["value"]) == repr(value), route
        if isinstance(route[-1], str):
            key = taken(text, locator.key(*route))
            assert tomli.loads(f"{key} = 1") == {route[-1]: 1}, route


def has_tables(value: object) -> bool:
    """A table may stand under a header; its span is then no value."""
    return isinstance(value, dict) or (isinstance(value, list) and any(map(has_tables, value)))


PLAIN = st.characters(exclude_categories=["Cs", "Cc"])
TRICKY = st.sampled_from(["\n", "[a]", "[[a]]", "# c", "]", "}", "= 1", "x", " ", ",", "\n]", "é", "😀"])


@st.composite
def toml_strings(draw: st.DrawFn) -> str:
    style = draw(st.sampled_from(["basic", "literal", "long", "raw"]))
    if style == "basic":
        return json.dumps(draw(st.text(PLAIN, max_size=8)), ensure_ascii=False)
    if style == "literal":
        return "'" + draw(st.text(PLAIN, max_size=8)).replace("'", '"') + "'"
    quote = '"' if style == "long" else "'"
    pieces = [TRICKY, st.just(quote + "x")] + ([st.sampled_from(['\\"', "\\\n", "\\\\"])] if style == "long" else [])
    body = "".join(draw(st.lists(st.one_of(pieces), max_size=6)))
    return quote * 3 + body + quote * draw(st.integers(3, 5))


def toml_gaps() -> st.SearchStrategy[str]:
    return st.sampled_from(["", " ", "\n", " \t\n  ", " # ]}[{ \"'\n", "\n# a\n# b = [\n"])


def toml_values() -> st.SearchStrategy[str]:
    scalars = ["1", "-1_0", "0xF", "1.5e3", "nan", "true", "1979-05-27", "1979-05-27 07:32:00Z", "07:32:00"]
    return st.recursive(
        st.sampled_from(scalars) | toml_strings(),
        lambda inner: toml_arrays(inner) | toml_inline_tables(inner),
        max_leaves=8,
    )


@st.composite
def toml_arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [draw(toml_gaps()) + draw(values) + draw(toml_gaps()) for _ in range(draw(st.integers(0, 4)))]
    return "[" + ",".join(items) + draw(toml_gaps()) + "]"


@st.composite
def toml_inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(toml_keys(), max_size=3, unique=True))
    return "{" + ", ".join(f"{name} = {draw(values)}" for name in names) + " }"


@st.composite
def toml_keys(draw: st.DrawFn) -> str:
    part = st.one_of(st.sampled_from(["a", "b", "c", "'d.e'", '"f"', '"\\u0061x\\t"', "1", "''"]), toml_strings())
    parts = [name for name in draw(st.lists(part, min_size=1, max_size=3)) if not name.startswith(('"""', "'''"))]
    return draw(st.sampled_from([".", " . "])).join(parts or ["a"])


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    text = ""
    for _ in range(draw(st.integers(1, 10))):
        key = draw(toml_keys())
        statement = draw(st.sampled_from([f"[{key}]", f"[[{key}]]", f"[[ {key} ]] # x", None, None]))
        longer = text + (statement or f"\t{key} = {draw(toml_values())} # \"'[") + "\n"
        if is_toml(longer):
            text = longer
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def is_toml(text: str) -> bool:
    try:
        tomli.loads(text)
    except ValueError:
        return False
    return True


@settings(deadline=None)
@given(toml_texts())
def test_every_toml_value_is_found(text: str) -> None:
    check_toml(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def check_json(text: str) -> None:
    locator = json_locator(text)
    for route, value in routes(json.loads(text.removeprefix("\ufeff"))):
        found = seen(locator, text, route)
        assert found is not None, route
        assert json.loads(found) == value, route
        if isinstance(route[-1], str):
            assert json.loads(taken(text, locator.key(*route))) == route[-1]


@settings(deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.sampled_from(["", "\ufeff", " \r\n"]))
def test_every_json_value_is_found(value: object, indent: int | str | None, ascii_only: bool, lead: str) -> None:
    check_json(lead + json.dumps(value, indent=indent, ensure_ascii=ascii_only))


def test_of_a_repeated_json_key_the_last_is_found() -> None:
    text = '{"version": 1, "version": {"\\u0061": "]"}}'
    assert json.loads(text) == {"version": {"a": "]"}}
    assert seen(json_locator(text), text, ("version", "a")) == '"]"'


@pytest.mark.parametrize("text", ["", "[", "[1", '["', "]", '{"a"', '{"a":', "nul", "[" * 100_000, "{" * 9, '{"a": [}'])
def test_broken_json_has_no_places(text: str) -> None:
    assert json_locator(text).at("a", 0) is None
    assert json_locator(text).at(0) is None


def test_deep_json_is_located_without_recursion() -> None:
    text = "[" * 50_000 + "]" * 50_000
    assert seen(json_locator(text), text, (0,) * 40_000) == "[" * 10_000 + "]" * 10_000


YAML_VALUES = st.recursive(
    st.text(PLAIN, max_size=12) | st.sampled_from(["1", "a: b", "- x", "# c", "l1\nl2\n", "é😀", "*a", "&b c"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(PLAIN, max_size=6), inner, max_size=4),
)


def yaml_documents(text: str) -> list[object]:
    """All documents with scalars as strings; aliases shared, merge keys left alone."""
    return list(yaml.load_all(text, Loader=yaml.CBaseLoader))


def check_yaml(text: str, document: object, lead: Route = (), *, scalars_only: bool = False) -> None:
    locator = yaml_locator(text, multi=bool(lead))
    for route, value in routes(document):
        span = locator.at(*lead, *route)
        found = taken(text, span)
        assert span is not None
        if not found.startswith("*") and not (scalars_only and isinstance(value, (dict, list))):
            assert yaml_documents(" " * (span.column - 1) + found) == ([value] if found or value else []), route
        if isinstance(route[-1], str):
            key = taken(text, locator.key(*lead, *route))
            assert key.startswith("*") or yaml_documents(key) == [route[-1]], route


@settings(deadline=None)
@given(YAML_VALUES, st.sampled_from([None, True, False]), st.sampled_from([20, 80]), st.sampled_from([None, '"', "'"]))
def test_every_yaml_value_is_found(value: object, flow: bool | None, width: int, style: str | None) -> None:
    text = yaml.safe_dump([value, value], default_flow_style=flow, width=width, default_style=style, allow_unicode=True)
    check_yaml(text, yaml_documents(text)[0])


YAML = """\
# head
base: &base !!map
  image: python:3.10   # comment
  env: [A, "b c", {k: 'v'}]
job:
  <<: *base
  steps:
  - run: |
      pip install x
    with: &w !!str 1.10
  -
  - *w
empty:
1: one
---
second: [*w]
"""

YAML_PLACES: list[tuple[Route, str | None, tuple[int, int] | None]] = [
    (("base", "image"), "python:3.10", (3, 10)),
    (("base", "env", 1), '"b c"', (4, 12)),
    (("base", "env", 2, "k"), "'v'", (4, 23)),
    (("base", "env"), "[A, \"b c\", {k: 'v'}]", (4, 8)),
    (("job", "image"), "python:3.10", (3, 10)),
    (("job", "<<"), "*base", (6, 7)),
    (("job", "steps", 0, "run"), "|\n      pip install x\n", (8, 10)),
    (("job", "steps", 0, "with"), "1.10", (10, 20)),
    (("job", "steps", 1), "", (11, 4)),
    (("job", "steps", 2), "*w", (12, 5)),
    (("job", "steps", 3), None, None),
    (("empty",), "", (13, 7)),
    ((1,), "one", (14, 4)),
    (("second",), None, None),
    (("base", "image", "x"), None, None),
    (("job", "missing"), None, None),
]


@pytest.mark.parametrize(("route", "expected", "place"), YAML_PLACES, ids=str)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_yaml_places(route: Route, expected: str | None, place: tuple[int, int] | None, mark: str) -> None:
    text = mark + YAML
    span = yaml_locator(text).at(*route)
    if expected is None:
        assert span is None
    else:
        assert taken(text, span) == expected
        assert span is not None
        assert (span.line, span.column) == place


def test_a_route_into_many_documents_begins_with_the_document() -> None:
    text = "a: 1\n---\n- b: 2\n---\nc\n"
    locator = yaml_locator(text, multi=True)
    assert [seen(locator, text, route) for route in [(0, "a"), (1, 0, "b"), (2,)]] == ["1", "2", "c"]
    assert locator.at(3) is None
    assert locator.at("a") is None


def test_yaml_aliases_are_followed_and_never_expanded() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert seen(yaml_locator(bomb), bomb, ("a29", *[8] * 29, 0)) == "x"
    circle = "a: &a [*a]\n"
    assert seen(yaml_locator(circle), circle, ("a", *[0] * 50)) == "*a"


def test_yaml_merges_end() -> None:
    text = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30)
    )
    assert seen(yaml_locator(text), text, ("a29", "x")) == "1"
    assert yaml_locator(text).at("a29", "y") is None
    assert yaml_locator("a: &a {<<: *a}\n").at("a", "x") is None


def test_of_merged_mappings_the_first_wins_and_chains_may_be_long() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b]}\n"
    assert [seen(yaml_locator(text), text, ("c", key)) for key in "xy"] == ["1", "3"]
    chain = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 5_000))
    assert seen(yaml_locator(chain), chain, ("a4999", "x")) == "1"


@pytest.mark.parametrize(
    "text", ["", "[" * 10_000, "{a: " * 10_000, "a: [", "\x00", "a: *b", "a: 'x", "%", "- " * 5_000]
)
def test_broken_or_too_deep_yaml_gives_no_error(text: str) -> None:
    assert yaml_locator(text).at("x", 0) is None


def test_yaml_without_libyaml_has_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [yaml_locator("\ufeff" + YAML).at(*route) for route, _, _ in YAML_PLACES]
    monkeypatch.setattr("mlaudit.document.yaml_positions._Loader", yaml.SafeLoader)
    assert [yaml_locator("\ufeff" + YAML).at(*route) for route, _, _ in YAML_PLACES] == expected


def corpus_texts(*patterns: str) -> list[Path]:
    return sorted({path for pattern in patterns for path in CORPUS.rglob(pattern) if path.is_file()})


@pytest.mark.slow
@pytest.mark.nightly
@needs_corpus
def test_every_toml_value_of_the_corpus_is_found() -> None:
    checked = 0
    for path in corpus_texts("*.toml", "Pipfile", "uv.lock", "poetry.lock", "pdm.lock"):
        text = path.read_bytes().decode("utf-8")
        if is_toml(text):
            check_toml(text)
            checked += 1
    assert checked > 100


@pytest.mark.slow
@needs_corpus
def test_every_locked_name_and_version_of_the_corpus_is_found() -> None:
    found = 0
    for path in corpus_texts("uv.lock", "poetry.lock", "pdm.lock", "pylock*.toml"):
        text = path.read_bytes().decode("utf-8")
        document = tomli.loads(text)
        table = "packages" if "packages" in document else "package"
        locator = toml_locator(text)
        for index, package in enumerate(document.get(table, [])):
            for key in {"name", "version"} & package.keys():
                assert seen(locator, text, (table, index, key)) == f'"{package[key]}"', path
                assert taken(text, locator.key(table, index, key)) == key
                found += 1
    assert found > 5_000


@pytest.mark.slow
@needs_corpus
def test_every_yaml_scalar_of_the_corpus_is_found() -> None:
    checked = 0
    for path in corpus_texts("*.yaml", "*.yml", "MLmodel"):
        text = path.read_bytes().decode("utf-8")
        try:
            documents = yaml_documents(text)
        except yaml.YAMLError:
            continue
        for index, document in enumerate(documents):
            check_yaml(text, document, (index,), scalars_only=True)
        checked += 1
    assert checked > 400


@needs_corpus
def test_every_json_value_of_the_artifact_samples_is_found() -> None:
    paths = sorted((CORPUS.parent / "artifact-samples").rglob("*.json"))
    if not paths:
        pytest.skip("no artifact samples beside the corpus")
    for path in paths:
        check_json(path.read_bytes().decode("utf-8"))
