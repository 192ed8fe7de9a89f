"""YAML as text: nothing is resolved, aliases are bounded, and what is wrong has a place."""

from __future__ import annotations

import pytest

from mlaudit.document.budget import BudgetExceeded
from mlaudit.document.yaml import MAX_DEPTH, VALUES, YamlProblem, repeated_keys, yaml_load_all, yaml_loads

TEXTS = [
    ("python: 3.10", {"python": "3.10"}),
    ("cuda: 11.0", {"cuda": "11.0"}),
    ("a: 1_000", {"a": "1_000"}),
    ("a: 0x10", {"a": "0x10"}),
    ("a: 12:30:45", {"a": "12:30:45"}),
    ("a: yes", {"a": "yes"}),
    ("a: 2024-01-02", {"a": "2024-01-02"}),
    ("a: !!float 3.10", {"a": "3.10"}),
    ("a: !!str ~", {"a": "~"}),
    ("a: !Ref x", {"a": "x"}),
    ("a: null\nb: ~\nc:\nd: ''\ne: 'null'", {"a": None, "b": None, "c": None, "d": "", "e": "null"}),
    ("1: one\ntrue: yes\n~: none", {"1": "one", "true": "yes", "~": "none"}),
    ("- numpy=1.26\n- pip:\n  - torch", ["numpy=1.26", {"pip": ["torch"]}]),
    ("- {{ version }}", [{"{ version }": None}]),
    ("? [a, b]\n: c", {"[a, b]": "c"}),
    ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
    ("", None),
    ("# only a comment\n", None),
    ("a: 1\n---\na: 2\n", {"a": "1"}),
    ("%YAML 1.1\n---\na: é\n", {"a": "é"}),
]


@pytest.mark.parametrize(("text", "value"), TEXTS, ids=[text[:20] for text, _ in TEXTS])
def test_scalars_stay_text(text: str, value: object) -> None:
    assert yaml_loads(text) == value


def test_every_document_of_a_stream_is_given() -> None:
    assert yaml_load_all("a: 1\n---\nb: 2\n---\n") == [{"a": "1"}, {"b": "2"}, None]


def test_anchors_of_one_document_end_with_it() -> None:
    with pytest.raises(YamlProblem, match="has no anchor"):
        yaml_load_all("a: &x 1\n---\nb: *x\n")


MERGES = [
    ("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}", {"x": "1", "y": "3"}),
    ("base: &b {x: 1, y: 2}\nown: {y: 3, <<: *b}", {"x": "1", "y": "3"}),
    ("base: [&b {x: 1}, &c {x: 2, z: 4}]\nown: {<<: [*b, *c]}", {"x": "1", "z": "4"}),
    ("own: {<<: text}", {"<<": "text"}),
]


@pytest.mark.parametrize(("text", "own"), MERGES)
def test_merge_keys_give_way_to_own_keys_and_to_earlier_tables(text: str, own: dict[str, str]) -> None:
    value = yaml_loads(text)
    assert isinstance(value, dict)
    assert value["own"] == own


def test_a_repeated_key_keeps_its_last_value_and_is_told() -> None:
    value = yaml_loads("a: 1\nb: 2\na: 3\na: 4\n")
    assert value == {"a": "4", "b": "2"}
    assert repeated_keys(value) == ("a",)
    assert repeated_keys(yaml_loads("a: 1")) == ()
    assert repeated_keys(["a"]) == ()


def _bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def _merge_bomb() -> str:
    keys = ", ".join(f"k{n}: v" for n in range(200))
    lines = [f"a0: &a0 {{{keys}}}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 200)}]}}" for n in range(1, 5)]
    return "\n".join(lines)


HOSTILE = [
    (_bomb(9, 9), "values of YAML"),
    (_merge_bomb(), "values of YAML"),
    ("a: &a [*a]", "contains itself"),
    ("&a {x: *a}", "contains itself"),
    ("a: *b", "has no anchor"),
    ("[" * (MAX_DEPTH + 1), "nested more than"),
    ("[" * 999 + "x", "nested more than"),
    ("[" * 1_001, "nested more than"),
    ("[" * 200_000, "nested more than"),
    ("{a: " * 5_000, "nested more than"),
    ("a: [{" * 5_000, "nested more than"),
    ("a:\n- b\n- " + "{[" * 5_000, "nested more than"),
    ("- " * 5_000, "nested more than"),
    ("&a [x]: 1\n*a : 2", "is not a scalar"),
]


@pytest.mark.parametrize(("text", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_hostile_texts_are_refused(text: str, why: str) -> None:
    with pytest.raises((YamlProblem, BudgetExceeded), match=why):
        yaml_loads(text)


def test_aliases_below_the_bound_are_shared_not_copied() -> None:
    value = yaml_loads(_bomb(6, 9))
    assert isinstance(value, dict)
    assert value["a5"][0] is value["a5"][1]
    assert VALUES.most > 9**5


@pytest.mark.parametrize("text", ['a: "' + "[" * 500 + '"\nb: "x" {', "a: [" + "[], " * 500 + '"x" [', "a: 'b' ["])
def test_brackets_that_open_nothing_are_not_nesting(text: str) -> None:
    with pytest.raises(YamlProblem) as caught:
        yaml_loads(text)
    assert "nested more than" not in str(caught.value)


PROBLEMS = [("a: [1\nb: 2\n", 2), ("a:\n - x\n- y\n", 3), ("a: 'x\n", 2), ("a: b: c\n", 1), ("\tx: 1\n", 1)]


@pytest.mark.parametrize(("text", "line"), PROBLEMS)
def test_a_problem_has_its_line(text: str, line: int) -> None:
    with pytest.raises(YamlProblem) as caught:
        yaml_loads(text)
    assert caught.value.lineno is not None
    assert abs(caught.value.lineno - line) <= 1
    assert caught.value.colno is not None


@pytest.mark.parametrize("text", ["a: \x01", "a: \x00b"])
def test_characters_that_yaml_forbids_are_a_problem(text: str) -> None:
    with pytest.raises(YamlProblem):
        yaml_loads(text)
