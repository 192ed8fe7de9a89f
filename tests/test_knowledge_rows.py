"""Rows of knowledge that are not as they should be are refused with their place and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.model_file import formats
from mlaudit.knowledge import artifact_calls, binaries, builds, kinds, minimum_readers, onnx, removed_names

SOURCED = {"source": "https://one.example/notes", "checked": "2026-11-27"}


@pytest.mark.parametrize(
    ("build", "value", "says"),
    [
        (onnx._level, ["1.17.0", "10", 22], "row: expected [release, IR version, opset] or these and the opset"),
        (binaries._window, ["1.0"], "row: expected [first, last] or an empty list"),
        (binaries._window, ["1.0", "no version"], "row: expected [first, last] or an empty list"),
        (
            builds._tagged,
            {"tag": "cu(?P<major>\\d+)", "packages": ["a"], "other": "torch"},
            "row.tag: expected the groups major and minor",
        ),
        (minimum_readers._row, {"number": "7", "versions": {}}, "row: it needs `versions` or `number`, not both"),
        (minimum_readers._row, {}, "row: it needs `versions` or `number`, not both"),
        (
            lambda node: removed_names._error(node, "a.b"),
            "gone",
            "row: expected one of ",
        ),
        (
            lambda node: artifact_calls._forms_by_word(node, frozenset(("sklearn.joblib",))),
            {"joblib": "sklearn.none", **SOURCED},
            "row.joblib: unknown form: sklearn.none",
        ),
        (
            lambda node: artifact_calls._argument("first", node),
            "first",
            "row: expected `position:keyword|keyword` or `receiver`, found 'first'",
        ),
        (
            lambda node: artifact_calls._row(node, "joblib", ("joblib",), ()),
            {"calls": ["joblib.dump"], "does": "keeps"},
            "row.does: expected one of ",
        ),
        (lambda node: formats._family(node, 0), ["a", "b"], "row: expected [module, package, kind]"),
    ],
    ids=["level", "window", "versions", "tag", "both", "neither", "kind", "form", "argument", "does", "family"],
)
def test_a_row_that_is_malformed_is_refused(build: Callable[[Node], object], value: object, says: str) -> None:
    with pytest.raises(Malformed, match=f"^{re.escape(says)}"):
        build(Node(value, ("row",)))


def test_rows_that_are_as_they_should_be_are_taken() -> None:
    level = onnx._level(Node(["1.17.0", 10, 22, 5], ("row",)))
    assert (level.release, level.ir, level.opset, level.ml) == ("1.17.0", 10, 22, 5)
    assert binaries._window(Node([], ("row",))) == ()


@pytest.mark.parametrize(
    ("others", "expected"),
    [(">=2", "<2"), ("<=2,>1", ">2"), ("<2", ">=2"), ("==2.0", "!=2.0")],
)
def test_the_releases_on_the_other_side_of_a_border(others: str, expected: str) -> None:
    assert removed_names.opposite(others) == expected


def test_what_is_not_known_of_a_release_is_no_consequence() -> None:
    assert onnx.onnx_crossing("0.0.1", "1.20.1") is None
    assert onnx.onnx_crossing("no version", "1.20.1") is None


def test_kinds_hold_kinds_that_are_there() -> None:
    table = kinds.artifact_kinds()
    assert [inner for kind in table.values() for inner in kind.holds if inner not in table] == []
