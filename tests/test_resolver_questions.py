"""What uv is asked of an environment and how its answer is taken, with a stand-in for uv."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mlaudit.environments.environment import environment
from mlaudit.model.report import Environment
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.resolution import Resolution
from mlaudit.request.wanted import Wanted
from mlaudit.resolving import answers, resolve
from mlaudit.resolving.answers import ResolvedPackage, ResolverAnswer
from mlaudit.resolving.conda_answers import conda_answer, conda_question
from mlaudit.resolving.layer import with_answer
from mlaudit.resolving.questions import ResolverQuestion, is_locked, question
from mlaudit.resolving.written_locks import LockWriter
from mlaudit.sources.uv_tool import UvOutcome
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write

LISTS = "requirements", "constraints", "overrides", "left_out"
DAY = date(2026, 11, 22)


def made(folder: Path, name: str, files: dict[str, str], wanted: Wanted | None = None) -> Environment:
    """The environment of one file of a folder."""
    write(folder, files)
    reading = read(WorkingTree(folder).document(folder / name))
    request = EnvironmentRequest(name="serving", role="serving")
    return environment(request, [reading], wanted or Wanted(python="3.11"), sources=[name])


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        (
            "requirements.txt",
            {"requirements.txt": "NumPy>=1.26\nuvicorn[standard]==0.30.0\ntorch==2.5.1+cu124\nscipy\n"},
            {"requirements": ("numpy>=1.26", "scipy", "torch==2.5.1+cu124", "uvicorn[standard]==0.30.0")},
        ),
        (
            "requirements.txt",
            {
                "requirements.txt": "-c limits.txt\nnumpy\n",
                "limits.txt": "numpy<2\nScipy==1.14.1\ntorch\n",
            },
            {"requirements": ("numpy<2",), "constraints": ("numpy<2", "scipy==1.14.1")},
        ),
        (
            "requirements.txt",
            {
                "requirements.txt": "git+https://x.example/trainer@v1#egg=trainer\n-e ./own\nnumpy==a.b\nsix\n",
                "own/pyproject.toml": '[project]\nname = "own"\nversion = "1"\n',
            },
            {
                "requirements": ("six",),
                "left_out": (
                    "trainer (it comes from a git and not from an index, and reading it would run its build)",
                    "own (it is a folder of the user, whose build would run its code)",
                    "numpy (its statement was not understood)",
                ),
            },
        ),
        (
            "environment.yml",
            {"environment.yml": "dependencies:\n- scipy=1.14.1\n- pip:\n  - six\n"},
            {"requirements": ("six",), "left_out": ("scipy (it is a package of conda)",)},
        ),
        (
            "Dockerfile",
            {"Dockerfile": "FROM pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime\nRUN pip install pandas==2.2.2\n"},
            {"requirements": ("pandas==2.2.2",), "constraints": ("torch==2.1.0",)},
        ),
    ],
    ids=["versions", "constraints", "left-out", "conda", "image"],
)
def test_asks_what_the_cells_state(
    name: str, files: dict[str, str], expected: dict[str, object], tmp_path: Path
) -> None:
    asked = question(made(tmp_path, name, files))
    assert {part: getattr(asked, part) for part in LISTS if getattr(asked, part)} == expected


@pytest.mark.parametrize(
    ("first", "default", "indexes"),
    [
        ("--index-url https://user:secret@one.example:8443/simple?x=1", "https://one.example:8443/simple", ()),
        ("--extra-index-url http://[::1]:3141/root", None, ("http://[::1]:3141/root",)),
        ("--extra-index-url https://two.example/${NAME}/simple", None, ("https://two.example/${NAME}/simple",)),
        ("--extra-index-url https://${HOST}/simple", None, ()),
        ("--extra-index-url https://[bad/simple", None, ()),
        ("--extra-index-url https://two.example:port/simple", None, ()),
        ("--find-links ./wheels", None, ()),
    ],
)
def test_asks_the_indexes_without_credentials(
    first: str, default: str | None, indexes: tuple[str, ...], tmp_path: Path
) -> None:
    asked = question(made(tmp_path, "requirements.txt", {"requirements.txt": f"{first}\nnumpy\n"}))
    assert (asked.default_index, asked.indexes) == (default, indexes)


@pytest.mark.parametrize(
    ("text", "wanted", "python", "assumed"),
    [
        ('[project]\nname = "a"\ndependencies = ["numpy"]\n', Wanted(python="3.11"), "3.11", ""),
        (
            '[project]\nname = "a"\nrequires-python = ">=3.10,<3.13"\ndependencies = ["numpy"]\n',
            Wanted(),
            "3.10",
            "Python 3.10, the lowest that its sources admit",
        ),
    ],
)
def test_asks_for_the_python_of_the_sources(
    text: str, wanted: Wanted, python: str, assumed: str, tmp_path: Path
) -> None:
    asked = question(made(tmp_path, "pyproject.toml", {"pyproject.toml": text}, wanted))
    assert (asked.python, asked.pythons_assumed) == (python, assumed)


def test_a_version_that_depends_on_the_python_is_that_of_the_lowest(tmp_path: Path) -> None:
    text = (
        '[project]\nname = "a"\nrequires-python = ">=3.10,<3.13"\n'
        "dependencies = [\"numpy==1.26.4; python_version < '3.12'\", \"numpy==2.1.3; python_version >= '3.12'\"]\n"
    )
    asked = question(made(tmp_path, "pyproject.toml", {"pyproject.toml": text}, Wanted()))
    assert asked.requirements == ("numpy==1.26.4",)


UV_LINES = """\
numpy==1.26.4 \\
    --hash=sha256:0123456789abcdef \\
    --hash=sha256:fedcba9876543210
    # via -r requirements.in, scipy
# a comment
scipy==1.14.1
"""
ANSWER = ResolverAnswer(
    packages=(
        ResolvedPackage(
            name="numpy",
            version="1.26.4",
            via=("scipy",),
            hashes=("sha256:0123456789abcdef", "sha256:fedcba9876543210"),
        ),
        ResolvedPackage(name="scipy", version="1.14.1"),
    )
)
ASKED = ResolverQuestion(requirements=("scipy",), constraints=("numpy<2",), python="3.11", platform=None)


@pytest.mark.parametrize(
    ("outcome", "expected", "asks_again"),
    [
        (UvOutcome(code=0, out=UV_LINES, says=""), ANSWER, False),
        (
            UvOutcome(code=1, out="", says="  × No solution found when resolving dependencies:\n  ╰─▶ a needs b<2\n"),
            ResolverAnswer(conflict="a needs b<2"),
            False,
        ),
        (
            UvOutcome(code=1, out="", says="error: x was not found, because building from source is disabled\n"),
            ResolverAnswer(failure="x was not found, because building from source is disabled"),
            True,
        ),
        (UvOutcome(code=2, out="", says="error: " + "y" * 2001), ResolverAnswer(failure="y" * 2000 + " ..."), True),
    ],
    ids=["packages", "conflict", "no-build", "failure"],
)
def test_takes_what_uv_answers_and_keeps_what_is_certain(
    outcome: UvOutcome, expected: ResolverAnswer, asks_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[object] = []

    def stand_in(words: object, files: object) -> UvOutcome:
        runs.append((words, files))
        return outcome

    monkeypatch.setenv("MLAUDIT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(answers, "run_uv", stand_in)
    for _ in range(2):
        assert answers.answer(ASKED, as_of=DAY, today=DAY, with_hashes=True) == expected
    assert len(runs) == (2 if asks_again else 1)


def test_nobody_is_asked_about_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "run_uv", lambda words, files: pytest.fail("uv was run"))
    empty = ResolverQuestion(requirements=(), python="3.11", platform=None)
    assert answers.answer(empty, as_of=None, today=DAY, with_hashes=False) == ResolverAnswer()
    of_pip = made(tmp_path, "environment.yml", {"environment.yml": "dependencies:\n- pip:\n  - numpy\n"}, Wanted())
    asked = conda_question(of_pip)
    assert asked.left_out == ("what pip installs on top (1 package)",)
    assert conda_answer("conda", asked, today=DAY) == ResolverAnswer()
    assert with_answer(of_pip, empty, ResolverAnswer()) == of_pip


def test_a_conda_question_has_ranges_of_pythons_and_what_cannot_be_asked(tmp_path: Path) -> None:
    text = "dependencies:\n- python>=3.10\n- numpy>=1.26\n- scipy==1.14.1\n- scipy==1.13.0\n"
    asked = conda_question(made(tmp_path, "environment.yml", {"environment.yml": text}, Wanted()))
    assert asked.specs == ("numpy>=1.26", "python>=3.10")
    assert asked.left_out == ("scipy (its statement was not understood)",)


def resolved(folder: Path, outcome: UvOutcome, monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[str]:
    """The notes of resolving environments of requirements files with `--resolve lock`."""
    monkeypatch.setenv("MLAUDIT_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(answers, "run_uv", lambda words, files: outcome)
    environments = []
    for number, text in enumerate(texts):
        name = f"requirements{number or ''}.txt"
        environments.append(made(folder, name, {name: text}))
    options = Options(root=folder, today=DAY, resolution=Resolution(writes_locks=True))
    _, notes = resolve.with_resolutions(environments, options)
    return [note.replace(str(folder), "ROOT") for note in notes]


LOCK = """\
# Made by mlaudit --resolve lock: requirements.txt for Python 3.11, x86_64-unknown-linux-gnu
--index-url https://one.example/simple
--extra-index-url https://two.example/simple
numpy==1.26.4 \\
    --hash=sha256:0123456789abcdef \\
    --hash=sha256:fedcba9876543210
    # via scipy
scipy==1.14.1
"""
WROTE = "with 2 packages and their hashes; where mlaudit.toml declares the sources, name it there"


def test_a_lock_is_written_beside_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    indexes = "--index-url https://one.example/simple\n--extra-index-url https://two.example/simple\n"
    notes = resolved(
        tmp_path, UvOutcome(code=0, out=UV_LINES, says=""), monkeypatch, f"{indexes}scipy\n", "scipy\n", "scipy\n"
    )
    assert notes == [
        f"serving: wrote ROOT/requirements.lock {WROTE}",
        f"serving: wrote ROOT/serving-requirements.lock {WROTE}",
        "serving: ROOT/serving-requirements.lock was not written: serving wrote it in this run",
    ]
    assert (tmp_path / "requirements.lock").read_text(encoding="utf-8") == LOCK


@pytest.mark.parametrize(
    ("text", "outcome", "expected"),
    [
        (
            "./own.whl\n/absolute\nscipy\n",
            UvOutcome(code=0, out=UV_LINES, says=""),
            "serving: no lock was written, since it would leave out",
        ),
        ("scipy\n", UvOutcome(code=0, out="", says=""), ""),
        (
            "scipy\n",
            UvOutcome(code=2, out="", says="error: closed"),
            "serving was not resolved, and is audited as it is; uv reports: closed",
        ),
    ],
    ids=["left-out", "nothing", "failure"],
)
def test_no_lock_is_written_of_less_than_everything(
    text: str, outcome: UvOutcome, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "".join(resolved(tmp_path, outcome, monkeypatch, text)).startswith(expected)
    assert not (tmp_path / "requirements.lock").exists()


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("text", "a file of that name is there, and mlaudit did not make it"),
        ("bytes", "a file of that name is there, and mlaudit did not make it"),
        ("link", "it is a link, or is outside of the audited folder"),
        ("own", ""),
    ],
)
def test_only_a_lock_of_its_own_is_replaced(
    kind: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "requirements.lock"
    if kind == "link":
        target.symlink_to(tmp_path / "elsewhere")
    else:
        contents = {"text": b"numpy==1.0\n", "bytes": b"\xff\xfe", "own": b"# Made by mlaudit --resolve lock: x\n"}
        target.write_bytes(contents[kind])
    (note,) = resolved(tmp_path, UvOutcome(code=0, out=UV_LINES, says=""), monkeypatch, "scipy\n")
    shown = f"was not written: {why}" if why else WROTE
    assert note.endswith(shown)


def test_a_source_that_is_no_file_gets_no_lock(tmp_path: Path) -> None:
    of_image = environment(EnvironmentRequest(name="serving", role="serving"), [], Wanted(), sources=["image:a"])
    writer = LockWriter(tmp_path)
    writer.write(of_image, ASKED, ANSWER)
    assert writer.notes == [
        f"serving: {tmp_path.as_posix()}/requirements.lock was not written: its source is no file of a folder"
    ]


def test_an_installed_environment_and_a_model_are_locked(tmp_path: Path) -> None:
    files = {"requirements.lock": "numpy==1.26.4 --hash=sha256:00\n", "requirements.txt": "numpy\n"}
    assert not is_locked(made(tmp_path, "requirements.txt", files))
    of_model = environment(EnvironmentRequest(name="m", role="model"), [], Wanted(), sources=["m"])
    assert is_locked(of_model) == of_model.is_model
