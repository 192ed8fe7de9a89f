"""Statements that cannot be replaced, and one constraints file for environments that do not agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mlaudit.grammars import rewriting
from mlaudit.grammars.rewriting import Proposal
from mlaudit.mapping.lock_paths import Requirer, _require
from mlaudit.model.errors import UsageError
from mlaudit.model.fixes import Change
from mlaudit.model.nouns import Edge, Pin, Place
from mlaudit.repair.moves import family_of
from mlaudit.repair.nouns import Move, RepairPlan
from mlaudit.repair.shared_constraints import constraints_text
from tests.reports import made_of

REWRITERS = (
    rewriting.requirement,
    rewriting.literals,
    rewriting.conda_spec,
    rewriting.compact_python,
    rewriting.variables,
    rewriting.in_recipe,
)


@pytest.mark.parametrize("rewriter", REWRITERS, ids=lambda rewriter: rewriter.__name__)
def test_a_statement_of_unknown_place_is_not_replaced(rewriter: Callable[[str, Pin, str], Iterator[Proposal]]) -> None:
    pin = Pin(name="numpy", package="numpy", version="1.26.4", at=Place(path="a.txt", line=1))
    assert list(rewriter("numpy==1.26.4", pin, "2.1.3")) == []


HEAD = """\
# One file that every environment can install with: pip install -c all.txt
# Made by `mlaudit fix --constraints all.txt` of: training, serving.
"""


@pytest.mark.parametrize(
    ("training", "serving", "expected"),
    [
        ("numpy==2.1.3", "numpy>=1.26", "numpy==2.1.3"),
        ("numpy==2.1.3", "numpy<2", "# numpy: left out, no version suits all (training 2.1.3; serving <2)"),
        ("numpy>=2", "numpy<1.20", "# numpy: left out, no version suits all (training >=2; serving <1.20)"),
        ("numpy>=1.26", "numpy<2.2", "numpy>=1.26,<2.2"),
        ("numpy", "numpy", "# numpy: any version suits all"),
        (
            "numpy @ https://one.example/numpy-2.1.3-py3-none-any.whl",
            "numpy==2.1.3",
            "# numpy: left out, one environment states no single range (training 2.1.3; serving 2.1.3)",
        ),
        ("pandas==2.2.2", "numpy==2.1.3", "numpy==2.1.3\npandas==2.2.2"),
    ],
)
def test_constraints_are_what_every_environment_can_install(training: str, serving: str, expected: str) -> None:
    report = made_of({"training": training, "serving": serving})
    assert constraints_text(report, RepairPlan(moves=()), "all.txt") == f"{HEAD}{expected}\n"


def test_constraints_are_those_after_the_moves() -> None:
    report = made_of({"training": "numpy==2.1.3", "serving": "numpy==1.26.4"})
    move = Move(change=Change("serving", "numpy", "2.1.3"), was="1.26.4")
    assert constraints_text(report, RepairPlan(moves=(move,)), "all.txt") == f"{HEAD}numpy==2.1.3\n"


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("Uvicorn", {"click", "uvicorn"}),
        ("click", {"click", "uvicorn"}),
        ("thinc", {"numpy", "spacy", "thinc"}),
    ],
)
def test_a_family_is_named_by_itself_or_a_member(name: str, members: set[str]) -> None:
    assert family_of(name) == members


def test_a_family_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match=r"^--group uvicor: no family of packages; did you mean uvicorn"):
        family_of("uvicor")


def test_requirements_of_one_package_under_several_markers_are_one() -> None:
    known: dict[Requirer, Edge] = {}
    by = (0, "")
    markers = []
    for marker in (
        "python_version < '3'",
        "sys_platform == 'linux'",
        "sys_platform == 'linux'",
        None,
        "os_name == 'nt'",
    ):
        _require(known, by, Edge(name="numpy", marker=marker))
        markers.append(known[by].marker)
    assert markers == [
        "python_version < '3'",
        "python_version < '3' or sys_platform == 'linux'",
        "python_version < '3' or sys_platform == 'linux'",
        None,
        None,
    ]
