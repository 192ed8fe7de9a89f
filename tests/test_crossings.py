"""Cells and crossings: exactly one verdict each, and the same whichever side is asked first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.comparison.verdict import judge
from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Distance, State, Verdict
from mlaudit.model.report import Cell, Environment
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.wanted import Wanted


def made(text: str, name: str = "one", python: str | None = None, as_format: str = "requirements") -> Environment:
    document = Document(f"{name}.txt", text.encode())
    return environment(EnvironmentRequest(name=name, role=name), [read(document, as_format)], Wanted(python=python))


def cell(text: str, package: str = "torch", python: str | None = None, as_format: str = "requirements") -> Cell:
    return made(text, python=python, as_format=as_format).cell(package)


@pytest.mark.parametrize(
    ("text", "state", "versions", "specifier"),
    [
        ("torch==2.5.1", State.EXACT, ("2.5.1",), None),
        ("torch==2.5.1+cu124", State.EXACT, ("2.5.1+cu124",), None),
        ("torch>=2,<3", State.RANGE, (), "<3,>=2"),
        ("torch", State.RANGE, (), None),
        ("torch==2.*", State.RANGE, (), "==2.*"),
        ("torch>=2\ntorch<3", State.RANGE, (), ">=2,<3"),
        ("torch>=2\ntorch==2.5.1", State.EXACT, ("2.5.1",), None),
        ("torch==2.5.1\ntorch==2.4.0", State.SEVERAL, ("2.5.1", "2.4.0"), None),
        ("torch==2.5.1\ntorch<2", State.SEVERAL, ("2.5.1",), "<2"),
        ("numpy==1.0", State.UNSTATED, (), None),
        ("torch==2.5.1; sys_platform == 'win32'", State.UNSTATED, (), None),
    ],
)
def test_states(text: str, state: State, versions: tuple[str, ...], specifier: str | None) -> None:
    found = cell(text)
    assert (found.state, found.versions, found.specifier) == (state, versions, specifier)


def test_a_complete_list_makes_the_unnamed_absent() -> None:
    assert cell("numpy==1.0", as_format="pip-freeze").state is State.ABSENT


def test_what_could_not_be_read_is_not_absent() -> None:
    found = made("numpy==1.26.4\ntorch=={{ torch }}\n")
    assert found.cell("numpy").version == "1.26.4"
    assert len(found.unread) == 1


def test_markers_are_told_apart_by_python() -> None:
    text = "torch==2.5.1; python_version >= '3.11'\ntorch==2.2.0; python_version < '3.11'"
    assert cell(text, python="3.10").versions == ("2.2.0",)
    assert cell(text, python="3.12").versions == ("2.5.1",)
    open_target = cell(text)
    assert open_target.state is State.SEVERAL
    assert open_target.conflict == ()
    assert open_target.by_python["3.10"] == "==2.2.0"


def test_what_a_patch_release_decides_is_no_conflict() -> None:
    text = "torch==2.5.1; python_full_version > '3.11.4'\ntorch==2.2.0; python_full_version <= '3.11.4'"
    found = cell(text, python="3.11")
    assert found.state is State.SEVERAL
    assert set(found.versions) == {"2.5.1", "2.2.0"}
    assert found.conflict == ()


@pytest.mark.parametrize(
    ("commands", "state", "shown"),
    [
        ("RUN pip install torch==2.4.0\nRUN pip install torch==2.5.1", State.EXACT, "2.5.1"),
        ("RUN pip install torch==2.4.0\nRUN pip install torch", State.EXACT, "2.4.0"),
        ("RUN pip install torch==2.4.0\nRUN pip install 'torch>=2'", State.EXACT, "2.4.0"),
        ("RUN pip install torch==2.4.0\nRUN pip install 'torch>=2.5'", State.RANGE, ">=2.5"),
        ("RUN pip install 'torch>=2'\nRUN pip install torch==2.4.0", State.EXACT, "2.4.0"),
    ],
)
def test_the_last_install_of_a_recipe_wins_where_it_changes_anything(commands: str, state: State, shown: str) -> None:
    found = cell(f"FROM python:3.11\n{commands}\n", as_format="dockerfile")
    assert (found.state, found.shown) == (state, shown)


@pytest.mark.parametrize(
    ("commands", "version"),
    [
        ("RUN pip install torch==2.4.0\nRUN pip install -r own.txt", "2.5.1"),
        ("RUN pip install -r own.txt\nRUN pip install torch==2.4.0", "2.4.0"),
    ],
)
def test_an_included_file_is_installed_at_the_step_that_includes_it(commands: str, version: str) -> None:
    def ask(path: str) -> Document | None:
        return Document(path, b"torch==2.5.1\n") if path.endswith("own.txt") else None

    recipe = f"FROM python:3.11\nCOPY own.txt .\n{commands}\n"
    reading = read(Document("Dockerfile", recipe.encode(), ask=ask), "dockerfile")
    assert environment(EnvironmentRequest(name="one", role="one"), [reading], Wanted()).cell("torch").version == version


def test_steps_of_one_recipe_say_nothing_of_another_source() -> None:
    recipe = read(Document("Dockerfile", b"FROM python:3.11\nRUN true\nRUN pip install torch==2.4.0\n"), "dockerfile")
    other = read(Document("requirements.txt", b"torch==2.5.1\n"), "requirements")
    found = environment(EnvironmentRequest(name="one", role="one"), [other, recipe], Wanted()).cell("torch")
    assert (found.state, set(found.versions)) == (State.SEVERAL, {"2.5.1", "2.4.0"})


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("torch==2.5.1+cu124\ntorch==2.5.1", ("2.5.1+cu124",)),
        ("torch==2.5.1\ntorch==2.5.1+cu124", ("2.5.1+cu124",)),
        ("torch==2.5.1+cu124\ntorch==2.5.1+cpu", ("2.5.1+cu124", "2.5.1+cpu")),
    ],
)
def test_a_build_speaks_for_its_version_and_for_no_other_build(text: str, versions: tuple[str, ...]) -> None:
    assert cell(text).versions == versions


@pytest.mark.parametrize(
    ("left", "right", "verdict", "distance"),
    [
        ("3.11", "3.11.7", Verdict.ALIGNED, None),
        ("3.11.7", "3.11.4", Verdict.DIFFERS, Distance.PATCH),
        ("3.11", "3.10.4", Verdict.DIFFERS, Distance.MINOR),
    ],
)
def test_pythons_are_compared_as_far_as_both_tell(
    left: str, right: str, verdict: Verdict, distance: Distance | None
) -> None:
    assert judge(cell("", "python", python=left), cell("", "python", python=right)) == (verdict, distance)


def test_forks_by_python_meet_on_the_same_python() -> None:
    forked = "torch==2.5.1; python_version >= '3.11'\ntorch==2.2.0; python_version < '3.11'"
    assert judge(cell(forked), cell(forked)) == (Verdict.ALIGNED, None)
    turned = "torch==2.2.0; python_version < '3.11'\ntorch==2.4.0; python_version >= '3.11'"
    assert judge(cell(forked), cell(turned)) == (Verdict.DIFFERS, Distance.MINOR)


@pytest.mark.parametrize(
    ("writer", "reader", "verdict", "distance"),
    [
        ("torch==2.5.1", "torch==2.5.1", Verdict.ALIGNED, None),
        ("torch==2.5.1", "torch==1.13.0", Verdict.DIFFERS, Distance.MAJOR),
        ("torch==2.5.1+cu124", "torch==2.5.1+cpu", Verdict.DIFFERS, Distance.VARIANT),
        ("torch==2.5.1+cu124", "torch==2.5.1", Verdict.ALIGNED, None),
        ("torch==2.5.1", "torch>=2", Verdict.LOOSE, None),
        ("torch==2.5.1", "torch>=3", Verdict.DISJOINT, None),
        ("torch>=2", "torch<3", Verdict.LOOSE, None),
        ("torch>=3", "torch<2", Verdict.DISJOINT, None),
        ("torch==2.5.1", "numpy", Verdict.LOOSE, None),
        ("torch==2.5.1+cu124", "torch<2.5.1", Verdict.DISJOINT, None),
        ("torch==2.5.1\ntorch==1.0", "torch==2.5.1", Verdict.DIFFERS, Distance.MAJOR),
        ("torch==2.5.1\ntorch==1.0\ntorch==2.4.0", "torch==2.5.0", Verdict.DIFFERS, Distance.MAJOR),
        ("torch==2.5.1\ntorch==1.0", "torch>=2,<3", Verdict.DISJOINT, None),
    ],
)
def test_verdicts(writer: str, reader: str, verdict: Verdict, distance: Distance | None) -> None:
    assert judge(cell(writer), cell(reader)) == (verdict, distance)
    assert judge(cell(reader), cell(writer)) == (verdict, distance)


def test_one_sided_needs_a_complete_list() -> None:
    absent = cell("numpy==1.0", as_format="pip-freeze")
    assert judge(cell("torch==2.5.1"), absent) == (Verdict.ONE_SIDED, None)


statements = st.sampled_from(
    [
        "torch==2.5.1",
        "torch==2.5.1+cu124",
        "torch==2.5.1+cpu",
        "torch==2.4.0",
        "torch>=2",
        "torch<2",
        "torch~=2.4.0",
        "torch",
        "numpy==1.0",
        "torch==2.5.1; python_version >= '3.11'\ntorch==2.2.0; python_version < '3.11'",
        "torch==1.0\ntorch==2.0",
    ]
)


@given(writer=statements, reader=statements)
def test_every_pair_of_cells_has_one_verdict_whichever_side_is_asked(writer: str, reader: str) -> None:
    there, back = judge(cell(writer), cell(reader)), judge(cell(reader), cell(writer))
    assert there == back
    assert isinstance(there[0], Verdict)


@given(text=statements, python=st.sampled_from([None, "3.10", "3.12"]))
def test_an_environment_is_aligned_with_itself_where_it_is_exact(text: str, python: str | None) -> None:
    found = cell(text, python=python)
    if found.state is State.EXACT:
        assert judge(found, found) == (Verdict.ALIGNED, None)
