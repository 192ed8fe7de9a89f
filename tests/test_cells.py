"""What several statements of one environment make of a package: a version, a range, several, or a conflict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mlaudit.environments.cells import Stated, cells, crowded
from mlaudit.model.nouns import Kind, Layer, Pin, Place, State, Target
from mlaudit.model.report import Cell

FLOORS = [f">=1.{minor}" for minor in range(70)]


def stated(version: str | None = None, specifier: str | None = None, **more: Any) -> Stated:
    """A statement; `reading`, `pythons` and `sure` are its own, the rest is of its pin."""
    own = {name: more.pop(name) for name in ("pythons", "sure") if name in more}
    reading = more.pop("reading", 0)
    at = Place(path="a", line=more.pop("line", 1))
    fields = {"name": "x", "package": "x", "at": at, "version": version, "specifier": specifier, **more}
    return Stated(Pin(**fields), reading, **own)


def cell(statements: Sequence[Stated], package: str = "x", **target: Any) -> Cell | None:
    return cells("serving", statements, (), Target(**target)).get(package)


def bound(version: str | None = None, specifier: str | None = None, **more: Any) -> Stated:
    return stated(version, specifier, kind=Kind.BOUND, **more)


EXACT, RANGE, SEVERAL = State.EXACT, State.RANGE, State.SEVERAL


@pytest.mark.parametrize(
    ("statements", "state", "versions", "specifier", "conflicts"),
    [
        ([stated("1.0")], EXACT, ("1.0",), None, 0),
        ([stated("1.0", "<2")], EXACT, ("1.0",), None, 0),
        ([stated("1.0", "<0.9")], SEVERAL, ("1.0",), "<0.9", 1),
        ([stated()], RANGE, (), None, 0),
        ([stated(specifier=">=1")], RANGE, (), ">=1", 0),
        ([stated(specifier=">=2,<1")], RANGE, (), ">=2,<1", 1),
        ([stated(specifier=">=2"), stated(specifier="x"), stated(specifier="<1")], RANGE, (), ">=2,x,<1", 3),
        ([stated(specifier=">=2"), stated(specifier="<1", sure=False)], RANGE, (), ">=2,<1", 0),
        ([stated(specifier=">=1"), stated(specifier="==1.5")], EXACT, ("1.5",), None, 0),
        ([stated("1.0"), stated("1.0.0")], EXACT, ("1.0",), None, 0),
        ([stated("1.0"), stated("1.1"), stated("1.0+cpu")], SEVERAL, ("1.0+cpu", "1.1"), None, 3),
        ([stated("1.0+cpu"), stated("1.1"), stated("1.0")], SEVERAL, ("1.0+cpu", "1.1"), None, 3),
        ([stated("1.0+cpu"), stated("1.0+cu124")], SEVERAL, ("1.0+cpu", "1.0+cu124"), None, 2),
        ([stated("Nightly"), stated("nightly ")], EXACT, ("Nightly",), None, 0),
        ([stated("nightly"), stated("weekly")], SEVERAL, ("nightly", "weekly"), None, 2),
        ([stated("1.1"), stated("1.1.2")], SEVERAL, ("1.1", "1.1.2"), None, 2),
        ([stated("1.1", kind=Kind.CUDA), stated("1.1.2", kind=Kind.CUDA)], EXACT, ("1.1.2",), None, 0),
        ([stated("1.1.2", kind=Kind.CUDNN), stated("1.1", kind=Kind.CUDNN)], EXACT, ("1.1.2",), None, 0),
        ([stated("1.1", kind=Kind.CUDA), stated("1.12", kind=Kind.CUDA)], SEVERAL, ("1.1", "1.12"), None, 2),
        ([stated("1.0"), bound()], EXACT, ("1.0",), None, 0),
        ([stated(specifier=">=1"), bound()], RANGE, (), ">=1", 0),
        ([stated(), bound(specifier="<2")], RANGE, (), "<2", 0),
        ([stated(), bound("1.5")], EXACT, ("1.5",), None, 0),
        ([stated("1.0"), bound("1.5")], SEVERAL, ("1.0",), "==1.5", 1),
        ([stated("1.0"), bound("1.5", overrides=True)], EXACT, ("1.5",), None, 0),
        ([stated("1.0"), bound(specifier="<0.9", overrides=True)], RANGE, (), "<0.9", 0),
        ([stated("1.0"), bound("1.5", overrides=True, optional=True)], EXACT, ("1.0",), None, 0),
        ([stated("1.0", layer=Layer.LOCKED), bound("1.5", overrides=True)], EXACT, ("1.0",), None, 0),
        ([stated("1.0", layer=Layer.LOCKED), bound("1.5")], SEVERAL, ("1.0",), "==1.5", 1),
        ([stated(specifier=",".join(FLOORS[:64]))], RANGE, (), ",".join(FLOORS[:64]), 0),
        ([stated(specifier=",".join(FLOORS[:65]))], RANGE, (), ">=1.64", 0),
    ],
)
def test_statements_of_one_place(
    statements: list[Stated], state: State, versions: tuple[str, ...], specifier: str | None, conflicts: int
) -> None:
    found = cell(statements)
    assert found is not None
    assert (found.state, found.versions, found.specifier) == (state, versions, specifier)
    assert len(found.conflict) == conflicts
    assert [pin for pin in found.pins if pin.kind is Kind.BOUND] == []


@pytest.mark.parametrize(
    "statements",
    [
        [bound("1.0")],
        [stated("1.0", kind=Kind.PROJECT)],
        [stated("1.0", kind=Kind.ARTIFACT)],
        [stated("1.0", layer=Layer.RECORDED)],
        [stated("1.0", package="y")],
    ],
)
def test_what_installs_nothing_has_no_cell(statements: list[Stated]) -> None:
    assert cell(statements) is None


@pytest.mark.parametrize(
    ("statements", "pins", "overruled"),
    [
        ([stated("1.0"), stated("2.0", layer=Layer.LOCKED)], ["2.0"], ["1.0"]),
        ([stated("1.0", layer=Layer.INSTALLED), stated("2.0", layer=Layer.LOCKED)], ["1.0"], ["2.0"]),
        ([stated("1.0", step=1), stated("2.0", step=2)], ["2.0"], ["1.0"]),
        ([stated("1.0", step=2), stated("2.0", step=1)], ["1.0", "2.0"], []),
        ([stated("1.0", step=1), stated("2.0", step=2, reading=1)], ["1.0", "2.0"], []),
        ([stated("1.0", step=1), stated("2.0", step=1), stated("3.0", step=2)], ["3.0"], ["1.0", "2.0"]),
        ([stated("1.0", step=1), stated(specifier=">=1", step=2)], ["1.0"], [None]),
        ([stated("1.0", step=1), stated(step=2)], ["1.0"], [None]),
        ([stated("1.0", step=1), stated(specifier=">=1", step=1)], ["1.0", None], []),
        ([stated("1.0", step=1), stated(specifier=">=2", step=2)], [None], ["1.0"]),
        ([stated(specifier="<2", step=1), stated(specifier=">=1", step=2)], [None], [None]),
        ([stated("1.0", step=1), stated("1.0", step=2)], ["1.0"], ["1.0"]),
        ([stated("1.0", step=2), stated("2.0", step=1), stated("1.0.0", step=2)], ["1.0", "1.0.0"], ["2.0"]),
    ],
)
def test_the_last_install_and_the_surest_layer_count(
    statements: list[Stated], pins: list[str | None], overruled: list[str | None]
) -> None:
    found = cell(statements)
    assert found is not None
    assert [pin.version for pin in found.pins] == pins
    assert [pin.version for pin in found.overruled] == overruled


@pytest.mark.parametrize(
    ("variants", "expected"),
    [(["cpu"], "cpu"), (["cpu", "cpu"], "cpu"), (["cpu", None], "cpu"), (["cpu", "cu124"], None), ([None, None], None)],
)
def test_statements_that_agree_tell_the_build(variants: list[str | None], expected: str | None) -> None:
    found = cell([stated("1.0", variant=variant) for variant in variants])
    assert found is not None
    assert found.variant == expected


# Statements for some of several Pythons

OLD: dict[str, Any] = {"pythons": ("3.10",)}
NEW: dict[str, Any] = {"pythons": ("3.11", "3.12")}


@pytest.mark.parametrize(
    ("statements", "versions", "specifier", "by_python"),
    [
        ([stated("1.0", **OLD), stated("1.0", **NEW)], ("1.0",), None, {}),
        ([stated("1.0", **OLD)], ("1.0",), None, {}),
        (
            [stated("1.0", **OLD), stated("2.0", **NEW)],
            ("1.0", "2.0"),
            None,
            {"3.10": "==1.0", "3.11": "==2.0", "3.12": "==2.0"},
        ),
        (
            [stated(specifier="<2", **OLD), stated(specifier=">=2", **NEW)],
            (),
            "<2 | >=2",
            {"3.10": "<2", "3.11": ">=2", "3.12": ">=2"},
        ),
        (
            [stated("1.0", **OLD), stated(specifier=">=2", **NEW)],
            ("1.0",),
            ">=2",
            {"3.10": "==1.0", "3.11": ">=2", "3.12": ">=2"},
        ),
        (
            [stated("1.0"), bound("2.0", **OLD), stated("1.0", **NEW)],
            ("1.0",),
            None,
            {"3.10": "==1.0", "3.11": "==1.0", "3.12": "==1.0"},
        ),
    ],
)
def test_each_python_has_what_is_for_it(
    statements: list[Stated], versions: tuple[str, ...], specifier: str | None, by_python: dict[str, str]
) -> None:
    found = cell(statements)
    assert found is not None
    assert (found.versions, found.specifier, dict(found.by_python)) == (versions, specifier, by_python)
    assert found.state is (SEVERAL if by_python else EXACT)


def test_several_have_the_layer_kind_and_place_of_the_first() -> None:
    one = stated("1.0", kind=Kind.LOCAL, layer=Layer.LOCKED, line=7, **OLD)
    other = stated("2.0", layer=Layer.LOCKED, line=8, **NEW)
    lower = stated("3.0", line=9)
    found = cell([lower, one, other])
    assert found is not None
    assert (found.kind, found.layer, found.at) == (Kind.LOCAL, Layer.LOCKED, one.pin.at)
    assert (found.pins, found.overruled, found.conflict) == ((one.pin, other.pin), (lower.pin,), ())


def test_a_conflict_under_one_python_is_one() -> None:
    found = cell([stated("1.0", **OLD), stated("1.1", **OLD), stated("2.0", **NEW)])
    assert found is not None
    assert [pin.version for pin in found.conflict] == ["1.0", "1.1"]


# Python itself


def test_the_python_of_the_target_keeps_the_place_of_its_statement() -> None:
    said = stated(specifier=">=3.11", package="python", kind=Kind.PYTHON, layer=Layer.LOCKED)
    found = cell([said], "python", pythons=("3.11.7",))
    assert found is not None
    assert (found.package, found.environment, found.state, found.versions) == ("python", "serving", EXACT, ("3.11.7",))
    assert (found.pins, found.at, found.layer, found.kind) == ((said.pin,), said.pin.at, Layer.LOCKED, Kind.PYTHON)


def test_several_pythons_are_what_is_stated_and_one_needs_no_statement() -> None:
    said = stated(specifier=">=3.11", package="python", kind=Kind.PYTHON)
    open_target = cell([said], "python", pythons=("3.11", "3.12"))
    assert open_target is not None
    assert (open_target.state, open_target.specifier) == (RANGE, ">=3.11")
    assert cell([], "python") is None
    wanted = cell([], "python", pythons=("3.11",))
    assert wanted is not None
    assert (wanted.layer, wanted.pins, wanted.at) == (Layer.DECLARED, (), None)


@pytest.mark.parametrize(("clauses", "is_said"), [(1, False), (63, False), (64, True)])
def test_more_bounds_than_are_compared_are_said(clauses: int, is_said: bool) -> None:
    made = cells("x", [stated(specifier=",".join(FLOORS[:clauses])), stated("1", package="y")], (), Target())
    said = "of x 64 bounds or more are stated; the tightest 64 are compared"
    assert list(crowded(made)) == ([said] if is_said else [])
