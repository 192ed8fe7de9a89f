"""Two cells against one another: each kind of statement with each other."""

from __future__ import annotations

from typing import Any

import pytest

from mlaudit.comparison.verdict import MAX_ALTERNATIVES, agree, judge, meetings, statements, worst
from mlaudit.model.nouns import Distance, Kind, State, Verdict
from mlaudit.model.report import Cell

EXACT, RANGE, SEVERAL = State.EXACT, State.RANGE, State.SEVERAL
ALIGNED, DIFFERS, LOOSE, DISJOINT = Verdict.ALIGNED, Verdict.DIFFERS, Verdict.LOOSE, Verdict.DISJOINT


def cell(*versions: str, specifier: str | None = None, **more: Any) -> Cell:
    state = EXACT if len(versions) == 1 and specifier is None else SEVERAL if versions else RANGE
    return Cell(
        **{"environment": "x", "package": "x", "versions": versions, "specifier": specifier, "state": state, **more}
    )


def other(state: State) -> Cell:
    return Cell(environment="x", package="x", state=state)


BY_PYTHON = cell("1.0", "2.0", by_python={"3.10": "==1.0", "3.11": "==2.0"})


@pytest.mark.parametrize(
    ("one", "two", "verdict", "far"),
    [
        (cell("1.0"), cell("1.0.0"), ALIGNED, None),
        (cell("1.0"), cell("1.1"), DIFFERS, Distance.MINOR),
        (cell("1.0+cpu"), cell("1.0+cu124"), ALIGNED, None),
        (cell("1.0", variant="cpu"), cell("1.0", variant="cu124"), DIFFERS, Distance.VARIANT),
        (cell("1.0", variant="cpu"), cell("1.0"), ALIGNED, None),
        (cell("1.0"), cell(), LOOSE, None),
        (cell("1.0"), cell(specifier=">=1"), LOOSE, None),
        (cell("1.0"), cell(specifier=">=2"), DISJOINT, None),
        (cell("1.0"), cell(specifier="==1.0"), ALIGNED, None),
        (cell("1.0"), cell(specifier="===1.0"), ALIGNED, None),
        (cell("1.0"), cell(specifier="== 1.1"), DIFFERS, Distance.MINOR),
        (cell("1.0"), cell(specifier="==1.*"), LOOSE, None),
        (cell("2.0"), cell(specifier="==1.*"), DISJOINT, None),
        (cell("1.0"), cell(specifier="==1.0,<2"), ALIGNED, None),
        (cell("1.0"), cell(specifier="<2,==1.0"), ALIGNED, None),
        (cell("2.0"), cell(specifier="<2,==1.0"), DIFFERS, Distance.MAJOR),
        (cell(specifier=">=2"), cell(specifier="<1"), DISJOINT, None),
        (cell(specifier=">=1"), cell(specifier="<2"), LOOSE, None),
        (cell(specifier=">=1"), cell(), LOOSE, None),
        (cell(), cell(), LOOSE, None),
        (cell("1.0", "1.1"), cell("1.0"), DIFFERS, Distance.MINOR),
        (cell("1.0", "1.1"), cell("2.0"), DIFFERS, Distance.MAJOR),
        (cell("1.0", "1.1"), cell(specifier=">=2"), DISJOINT, None),
        (cell("1.0", "1.1"), cell(), LOOSE, None),
        (cell("1.0", specifier="<0.9"), cell("1.0"), DISJOINT, None),
        (cell("1.0+cpu", "1.0+cu124"), cell("1.0", variant="cpu"), DIFFERS, Distance.VARIANT),
        (cell("1.0", "1.0.0", variant="cu124"), cell("1.0", variant="cpu"), DIFFERS, Distance.VARIANT),
        (cell(specifier="<1 | >=2", state=SEVERAL), cell("1.5"), LOOSE, None),
        (BY_PYTHON, BY_PYTHON, ALIGNED, None),
        (BY_PYTHON, cell("1.0"), DIFFERS, Distance.MAJOR),
        (cell("3.11", kind=Kind.PYTHON), cell("3.11.7", kind=Kind.PYTHON), ALIGNED, None),
        (cell("3.11.4", kind=Kind.PYTHON), cell("3.11.7", kind=Kind.PYTHON), DIFFERS, Distance.PATCH),
        (cell("3.1", kind=Kind.PYTHON), cell("3.11", kind=Kind.PYTHON), DIFFERS, Distance.MINOR),
        (cell("12", kind=Kind.CUDA), cell("12.4.1", kind=Kind.CUDA), ALIGNED, None),
        (cell("9.1.0.70", kind=Kind.CUDNN), cell("9.1", kind=Kind.CUDNN), ALIGNED, None),
        (cell("3.11"), cell("3.11.7"), DIFFERS, Distance.PATCH),
        (cell("3.11", kind=Kind.PYTHON), cell(specifier=">=3.11", kind=Kind.PYTHON), LOOSE, None),
        (cell("1.0", kind=Kind.MODEL), cell("1.0.0", kind=Kind.MODEL), DIFFERS, None),
        (cell("abc", kind=Kind.DATA), cell("abc", kind=Kind.DATA), ALIGNED, None),
        (cell("abc", kind=Kind.FILE), cell("abd", kind=Kind.FILE), DIFFERS, None),
        (cell("1.0"), other(State.UNREAD), Verdict.UNREAD, None),
        (other(State.ABSENT), other(State.UNREAD), Verdict.UNREAD, None),
        (cell("1.0"), other(State.ABSENT), Verdict.ONE_SIDED, None),
        (cell("1.0"), other(State.UNSTATED), LOOSE, None),
        (other(State.ABSENT), other(State.UNSTATED), ALIGNED, None),
    ],
)
def test_verdicts(one: Cell, two: Cell, verdict: Verdict, far: Distance | None) -> None:
    assert judge(one, two) == (verdict, far)
    assert judge(two, one) == (verdict, far)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (cell("1.0"), ("==1.0",)),
        (cell(), ("",)),
        (cell(specifier=">=1"), (">=1",)),
        (cell("1.0", "2.0"), ("==1.0", "==2.0")),
        (cell("1.0", specifier="<1"), ("==1.0", "<1")),
        (cell("1.0", "1.0"), ("==1.0",)),
        (BY_PYTHON, ("==1.0", "==2.0")),
        (cell(*map(str, range(40))), tuple(f"=={number}" for number in range(24))),
    ],
)
def test_what_a_cell_may_mean(found: Cell, expected: tuple[str, ...]) -> None:
    assert MAX_ALTERNATIVES == 24
    assert statements(found) == expected


def test_statements_of_one_python_meet() -> None:
    assert meetings(BY_PYTHON, BY_PYTHON) == (("==1.0", "==1.0"), ("==2.0", "==2.0"))
    assert meetings(BY_PYTHON, cell("1.0")) == (("==1.0", "==1.0"), ("==2.0", "==1.0"))
    apart = cell("3.0", by_python={"3.12": "==3.0"})
    assert meetings(BY_PYTHON, apart) == (("==1.0", "==3.0"), ("==2.0", "==3.0"))
    numbered = cell("1.0", by_python={"0": "==1.0"})
    assert meetings(numbered, cell("1.0", "2.0")) == (("==1.0", "==1.0"), ("==1.0", "==2.0"))


@pytest.mark.parametrize(
    ("one", "two", "kind", "same"),
    [
        ("12.9", "12.9.1", Kind.CUDA, True),
        ("12.9", "12.8.1", Kind.CUDA, False),
        ("12.9", "12.9.1", Kind.PACKAGE, False),
        ("12.9", "12.9.0", Kind.PACKAGE, True),
    ],
)
def test_versions_agree_as_far_as_both_say(one: str, two: str, kind: Kind, same: bool) -> None:
    assert agree(one, two, kind) is same


def test_the_worst_of_several() -> None:
    judged = [(DIFFERS, Distance.PATCH), (DIFFERS, None), (DIFFERS, Distance.MAJOR), (ALIGNED, None)]
    assert worst(iter(judged)) == (DIFFERS, Distance.MAJOR)
    assert worst(iter(judged[:2])) == (DIFFERS, Distance.PATCH)
    assert worst(iter(())) == (ALIGNED, None)
