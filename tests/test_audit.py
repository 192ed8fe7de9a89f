"""The road from readings to a report: one verdict per crossing, layers, counts, exit codes, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Reading, Severity, State, Verdict
from mlaudit.model.report import Environment, Report
from mlaudit.parsers._read import read
from mlaudit.reporters._registry import Style, render
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from tests.reports import audited

TODAY = date(2026, 11, 22)
Source = tuple[str, str]
"""A format and a text."""

PYPROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["numpy>=1.20"]\n'
LOCK = (
    'version = 1\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n'
    'dependencies = [{ name = "numpy" }]\n'
    '[[package]]\nname = "numpy"\nversion = "1.26.4"\nsource = { registry = "https://pypi.example/simple" }\n'
)


def made(name: str, sources: Sequence[Source], *, follows: str | None = None, python: str | None = None) -> Environment:
    readings = [
        read(Document(f"{name}/{number}", text.encode()), as_format) for number, (as_format, text) in enumerate(sources)
    ]
    leaders = (follows,) if follows else ()
    return environment(EnvironmentRequest(name=name, role=name, follows=leaders), readings, Wanted(python=python))


def report(*texts: str, as_format: str = "requirements", python: str | None = None) -> Report:
    """The first text is training, the others follow it."""
    names = ["training", *(f"serving{number}" for number in range(1, len(texts)))]
    environments = [
        made(name, [(as_format, text)], follows=None if name == "training" else "training", python=python)
        for name, text in zip(names, texts, strict=True)
    ]
    return audited("compare", environments, Settings())


def table(found: Report, *, verbose: bool = False) -> str:
    return " ".join(render("table")(found, Style(verbose=verbose)).split())


# Rows and crossings

LINES = st.sampled_from(
    (
        "numpy==2.1.3",
        "numpy==1.26.4",
        "numpy>=1.20,<2",
        "numpy",
        "torch==2.5.1+cu124",
        "torch==2.5.1+cpu",
        "torch==2.4.0; python_version < '3.11'",
        "torch~=2.5.0; python_version >= '3.11'",
        "scipy===1.15.2",
        "scipy==1.15.*",
        "pandas=={{ version }}",
        "click==8.1.0",
        "requests @ https://example.com/requests-2.32.0-py3-none-any.whl",
    )
)
FILES = st.lists(LINES, max_size=6).map("\n".join)


@given(texts=st.lists(FILES, min_size=2, max_size=4), python=st.sampled_from((None, "3.10", "3.12")))
def test_every_crossing_has_exactly_one_verdict(texts: list[str], python: str | None) -> None:
    found = report(*texts, python=python)
    named = {package for one in found.environments for package in one.cells}
    assert {row.package for row in found.rows} == named
    for row in found.rows:
        assert [cell.environment for cell in row.cells] == [one.name for one in found.environments]
        cells = {cell.environment: cell for cell in row.cells}
        expected = [
            ("training", one.name) for one in found.environments[1:] if cells["training"].named or cells[one.name].named
        ]
        assert [crossing.environments for crossing in row.crossings] == expected
        assert row.verdict.rank == min((one.verdict.rank for one in row.crossings), default=Verdict.ALIGNED.rank)


@given(texts=st.lists(FILES, min_size=2, max_size=2), python=st.sampled_from((None, "3.10")))
def test_a_range_is_never_shown_as_a_version(texts: list[str], python: str | None) -> None:
    for row in report(*texts, python=python).rows:
        for cell in row.cells:
            for version in cell.versions if row.kind is not Kind.PYTHON else ():
                assert not set("<>=~*! ") & set(version)
                stated = {pin.version or (pin.specifier or "").lstrip("=") for pin in cell.pins}
                assert version in stated
            assert (cell.version is None) or cell.state is State.EXACT
            assert (cell.state is State.RANGE) <= (not cell.versions)


@given(texts=st.lists(FILES, min_size=2, max_size=3), python=st.sampled_from((None, "3.12")))
def test_the_counts_are_those_of_the_rows(texts: list[str], python: str | None) -> None:
    found = report(*texts, python=python)
    both = [
        one
        for row in found.rows
        if row.kind is not Kind.PYTHON
        for one in row.crossings
        if one.writer.stated and one.reader.stated
    ]
    assert found.summary.compared == len(both)
    assert found.summary.aligned == sum(one.verdict is Verdict.ALIGNED for one in both)
    assert found.summary.unread == sum(len(one.unread) for one in found.environments)
    for severity in Severity:
        counted = sum(one.severity is severity for one in found.findings)
        assert getattr(found.summary, severity.value) == counted


def test_ten_environments_follow_one() -> None:
    texts = [f"numpy==1.2{number % 4}.0\n" for number in range(10)]
    found = report(*texts)
    (row,) = found.rows
    assert [one.environments[1] for one in row.crossings] == [f"serving{number}" for number in range(1, 10)]
    aligned = [one.environments[1] for one in row.crossings if one.verdict is Verdict.ALIGNED]
    assert aligned == ["serving4", "serving8"]


def test_what_a_range_may_come_to_is_said_as_that() -> None:
    (finding,) = report("pandas\n", "pandas==2.2.0\n").findings
    assert finding.severity is Severity.WARNING
    assert "asks for pandas any version" in finding.message
    assert "which may resolve to" in finding.message
    (apart,) = report("numpy>=1.20,<2\n", "numpy==2.1.0\n").findings
    assert "no version satisfies both, and they may resolve to 1.26.4 and 2.1.0" in apart.message


def test_a_version_that_depends_on_the_python_is_told_with_it() -> None:
    forked = "torch==2.5.1; python_version >= '3.11'\ntorch==2.2.0; python_version < '3.11'\n"
    (finding,) = report(forked, "torch==2.2.0\n").findings
    assert "torch 2.5.1 (on Python 3.11 to 3.14)" in finding.message
    assert finding.expected == "2.2.0 | 2.5.1"


# Layers


@pytest.mark.parametrize(
    ("sources", "layer", "version", "complete"),
    [
        ([("pyproject", PYPROJECT)], Layer.DECLARED, None, False),
        ([("pyproject", PYPROJECT), ("uv-lock", LOCK)], Layer.LOCKED, "1.26.4", True),
        (
            [("uv-lock", LOCK), ("pyproject", PYPROJECT), ("pip-freeze", "numpy==2.0.1\n")],
            Layer.INSTALLED,
            "2.0.1",
            True,
        ),
        ([("pip-freeze", "numpy==2.0.1\n"), ("requirements", "numpy==1.19.5\n")], Layer.INSTALLED, "2.0.1", True),
    ],
)
def test_the_surest_layer_is_what_runs(
    sources: list[Source], layer: Layer, version: str | None, complete: bool
) -> None:
    one = made("serving", sources)
    cell = one.cell("numpy")
    assert (cell.layer, cell.version, one.complete) == (layer, version, complete)
    assert len(cell.pins) + len(cell.overruled) == len(sources)


def test_what_wrote_a_model_is_not_what_is_installed() -> None:
    at = Place(path="MLmodel", line=1, column=1)
    recorded = Pin(name="numpy", package="numpy", version="1.19.5", layer=Layer.RECORDED, at=at)
    described = Reading(path="MLmodel", format="mlmodel", complete=False, pins=(recorded,))
    alone = environment(EnvironmentRequest(name="serving", role="serving"), [described], Wanted())
    assert alone.cell("numpy").state is State.UNSTATED
    installed = read(Document("freeze.txt", b"numpy==2.0.1\n"), "pip-freeze")
    one = environment(EnvironmentRequest(name="serving", role="serving"), [described, installed], Wanted())
    assert (one.cell("numpy").version, one.cell("numpy").overruled) == ("2.0.1", ())


def test_equal_layers_that_disagree_are_several_and_judged_by_the_worst() -> None:
    serving = [("requirements", "numpy==1.26.4\n"), ("requirements", "numpy==2.1.3\n")]
    training = made("training", [("requirements", "numpy==2.1.3\n")])
    found = audited("compare", [training, made("serving", serving, follows="training")], Settings())
    (row,) = found.rows
    assert row.cells[1].state is State.SEVERAL
    assert (row.verdict, row.cells[1].shown) == (Verdict.DIFFERS, "1.26.4 | 2.1.3")
    assert [one.code for one in found.findings if one.environments == ("serving",)] == ["MLA008"]


def test_a_bound_narrows_and_installs_nothing() -> None:
    documents = {"bounds.txt": b"numpy==1.26.4\nscipy==1.13.0\n"}

    def ask(path: str) -> Document | None:
        return Document(path, documents[path]) if path in documents else None

    reading = read(Document("requirements.txt", b"-c bounds.txt\nnumpy\n", ask=ask), "requirements")
    one = environment(EnvironmentRequest(name="serving", role="serving"), [reading], Wanted())
    assert one.cell("numpy").version == "1.26.4"
    assert one.cell("scipy").state is State.UNSTATED


def test_what_was_not_read_is_neither_absent_nor_a_conflict() -> None:
    found = report("pandas==2.2.3\nnumpy==1.26.4\n", "pandas=={{ pandas }}\nnumpy==1.26.4\n")
    row = next(row for row in found.rows if row.package == "pandas")
    assert (row.verdict, row.cells[1].state) == (Verdict.UNREAD, State.UNREAD)
    assert [one.code for one in found.findings] == ["MLA904"]


def test_of_a_lost_source_nothing_is_known() -> None:
    training = made("training", [("requirements", "numpy==1.26.4\n")])
    lost = made("serving", [("uv-lock", "version = 99\n")], follows="training")
    found = audited("compare", [training, lost], Settings(), lost=lost.lost)
    assert [(row.package, row.verdict) for row in found.rows] == [("numpy", Verdict.UNREAD)]
    assert [one.code for one in found.findings] == ["MLA901", "MLA905"]
    assert found.exit_code == 2


@pytest.mark.parametrize(
    ("sources", "complete"),
    [
        ([("pip-freeze", "numpy==1.26.4\n")], True),
        ([("requirements", "numpy==1.26.4\n")], False),
        ([("pip-freeze", "numpy==1.26.4\n"), ("requirements", "scipy\n")], True),
        ([("pip-freeze", "numpy==1.26.4\n=oops=\n")], False),
        ([("pip-freeze", "numpy==1.26.4\n"), ("uv-lock", "version = 99\n")], False),
    ],
)
def test_a_list_is_complete_where_nothing_of_it_was_lost(sources: list[Source], complete: bool) -> None:
    one = made("serving", sources)
    assert one.complete is complete
    assert (one.cell("torch").state is State.ABSENT) is complete
    assert one.missing("cuda", Kind.CUDA).state is not State.ABSENT


def test_a_reading_that_broke_off_is_not_complete() -> None:
    reading = read(Document("uv.lock", LOCK.encode()[:-30]), "uv-lock")
    assert reading.unread[0].whole
    assert not reading.complete


# What crosses


def test_of_versions_that_can_meet_the_worst_is_told() -> None:
    forked = "numpy==1.26.4; python_version < '3.11'\nnumpy==2.1.3; python_version >= '3.11'\n"
    for text in (forked, "\n".join(reversed(forked.splitlines()))):
        (finding,) = report(text, "numpy==1.26.0\n").findings
        assert finding.code == "MLA101"
        assert "numpy 2.1.3 (on Python 3.11 to 3.14)" in finding.message


def test_equal_ranges_are_only_said() -> None:
    (finding,) = report("pandas>=1\n", "pandas>=1\n").findings
    assert finding.severity is Severity.INFO


def test_what_is_declared_to_cross_counts_before_what_could() -> None:
    texts = ("python==3.11\n", "python==3.10\n")
    conda = "dependencies:\n  - {}\n  - cloudpickle=3.1.0\n"

    def severity(kinds: tuple[str, ...]) -> Severity:
        sides = [
            environment(
                EnvironmentRequest(
                    name=name, role=name, follows=() if name == "training" else ("training",), artifact_kinds=kinds
                ),
                [read(Document(f"{name}.yml", conda.format(text.strip().replace("==", "=")).encode()), "conda-env")],
                Wanted(),
            )
            for name, text in zip(("training", "serving"), texts, strict=True)
        ]
        found = audited("compare", sides, Settings()).findings
        return next(one.severity for one in found if one.code == "MLA301")

    assert severity(()) is Severity.ERROR
    assert severity(("xgboost.json",)) is Severity.INFO


def test_a_tool_is_compared_where_the_configuration_names_it() -> None:
    sides = [made("training", [("requirements", "pytest==8.0\n")])]
    sides.append(made("serving", [("requirements", "pytest==7.0\n")], follows="training"))
    assert audited("compare", sides, Settings()).rows == ()
    (row,) = audited("compare", sides, Settings(packages=("pytest",))).rows
    assert row.verdict is Verdict.DIFFERS


MODEL = Document("model.json", b'{"learner": {"learner_model_param": {}}, "version": [3, 2, 0]}')


def test_an_environment_of_artifacts_alone_makes_no_news_of_what_it_does_not_name() -> None:
    model = environment(EnvironmentRequest(name="model", role="model"), [read(MODEL)], Wanted())
    serving = made("serving", [("requirements", "xgboost==3.0.5\npandas==2.2.3\n")], follows="model")
    found = audited("compare", [model, serving], Settings())
    assert [(one.code, one.package) for one in found.findings] == [("MLA401", "xgboost")]
    assert all(not row.crossings for row in found.rows)
    assert (found.summary.aligned, found.summary.compared) == (0, 1)


def test_what_an_environment_reads_is_held_against_it() -> None:
    text = b"xgboost==3.0.5\n"
    broken = read(Document("broken.json", b'{"learner": {"learner_model_param": {}}, "version": "'), "xgboost-model")
    serving = environment(
        EnvironmentRequest(name="serving", role="serving"),
        [read(Document("requirements.txt", text))],
        Wanted(),
        reads=[read(MODEL), broken],
    )
    found = audited("check", [serving], Settings())
    assert {(one.code, one.at.path) for one in found.findings} >= {("MLA401", "requirements.txt")}
    assert broken.unread
    assert {one.at.path for one in serving.unread} == {"broken.json"}


# What is said when it is not the versions


def test_what_is_equal_and_what_nobody_stated_is_said() -> None:
    found = report("numpy==1.26.4\n", "numpy==1.26.4\n", python="3.11")
    assert found.summary.equal == ("Python 3.11",)
    assert found.summary.unseen == ("CUDA", "system libraries", "model artifacts")
    assert "1 shared package is aligned across training and serving1 (Python 3.11). training and" in table(found)
    assert "Not stated on both sides, so not judged: CUDA, system libraries, model artifacts." in table(found)


def test_cuda_and_python_are_equal_as_far_as_both_tell() -> None:
    conda = "dependencies:\n  - python=3.11{patch}\n  - pytorch=2.5.1=*cuda12.4*\n"
    texts = [conda.format(patch=patch) for patch in (".7", "")]
    found = report(*texts, as_format="conda-env")
    assert found.summary.equal == ("Python 3.11", "CUDA 12.4")
    assert (found.summary.aligned, found.summary.compared) == (1, 1)
    assert "aligned across training and serving1 (Python 3.11, CUDA 12.4)." in table(found)
    differing = report(texts[0], texts[1].replace("2.5.1", "2.1.0"), as_format="conda-env")
    assert "0 of 1 shared packages are aligned, and so are Python 3.11, CUDA 12.4;" in table(differing)


def test_a_python_that_differs_somewhere_is_not_called_equal() -> None:
    conda = "dependencies:\n  - python={}\n  - numpy=1.26.4\n"
    found = report(*(conda.format(python) for python in ("3.11", "3.11", "3.10")), as_format="conda-env")
    assert found.summary.equal == ()
    assert "Python" not in found.summary.unseen


def test_one_environment_has_nothing_to_be_equal_with() -> None:
    found = report("numpy==1.26.4\n", python="3.11")
    assert (found.summary.equal, found.summary.unseen) == ((), ())


def test_to_run_one_python_is_not_yet_to_share_anything() -> None:
    found = report("numpy==2.1.3\n", "torch==2.5.1\n", python="3.11")
    assert found.exit_code == 3
    assert "MLA905" in {one.code for one in found.findings}
    assert "No package is stated by both sides of a pair;" in table(found)


def test_two_complete_lists_that_share_nothing_were_compared() -> None:
    assert report("numpy==2.1.3\n", "torch==2.5.1\n", as_format="pip-freeze").exit_code == 0


def test_what_fails_counts_before_nothing_compared_and_a_lost_source_before_both() -> None:
    environments = [made("training", [("requirements", "scipy==1.12.0\nnumpy==2.1.3\n")])]
    environments.append(made("serving", [("requirements", "torch==2.5.1\n")], follows="training"))
    assert audited("compare", environments, Settings()).exit_code == 1
    assert audited("compare", environments, Settings(fail_on=None)).exit_code == 3
    assert audited("compare", environments, Settings(), lost=True).exit_code == 2


# The table


def test_what_is_the_same_of_several_readers_is_told_once() -> None:
    shown = table(report("numpy==2.1.3\n", "numpy==1.26.0\n", "numpy==1.26.0\n", "numpy==1.26.4\n"))
    assert shown.count("error[MLA101]") == 2
    assert "also 1 more pair, into serving2" in shown


def test_many_environments_stay_within_80_columns() -> None:
    texts = [f"numpy==1.2{number % 4}.0\nscikit-learn==1.{number}.0\n" for number in range(1, 12)]
    text = render("table")(report(*texts), Style(verbose=True, width=80))
    # An address is not broken: who copies it wants it whole.
    wide = [line.split() for line in text.splitlines() if len(line) > 80]
    assert all(words[0] == "source" and len(words) == 2 for words in wide)
    heads = [line.split() for line in text.splitlines() if line.startswith("  package")]
    assert all(head[1] == "training" for head in heads)
    assert [name for head in heads for name in head[2:]] == [f"serving{number}" for number in range(1, 11)]


def test_equal_ranges_of_python_are_no_news() -> None:
    lock = f'requires-python = ">=3.10"\n{LOCK}'
    found = report(lock, lock.replace("1.26.4", "1.26.0"), as_format="uv-lock")
    python = next(row for row in found.rows if row.package == "python")
    assert python.verdict is Verdict.LOOSE
    assert "python >=3.10" not in table(found)
    assert "python >=3.10" in table(found, verbose=True)
