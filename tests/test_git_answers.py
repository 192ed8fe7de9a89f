"""A git that ends, hangs or answers otherwise: each is a reason, and the next question is asked of a new process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.sources import interpreter, object_reader, prepared_git, stdin
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.prepared_git import ObjectStore, PreparedCall, run_git

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs of this test are scripts of a shell")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tree=tmp_path, folder=tmp_path, hashed_by="sha1", shallow=None)


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands for git."""
    program = tmp_path / "git"

    def prepare(_: ObjectStore, *arguments: str) -> PreparedCall:
        return PreparedCall(
            arguments=(str(program), *arguments), folder=tmp_path, environment={"PATH": "/usr/bin:/bin"}
        )

    for module in (object_reader, prepared_git):
        monkeypatch.setattr(module, "prepare_git", prepare)
    return program


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 1", "git ended before it (could answer|answered: an object of the repository is damaged)$"),
        ("sleep 30", "git did not answer in 0.2 seconds"),
        (
            "while read name; do echo $name missing; done",
            "its content is missing in the repository, as in a partial clone",
        ),
        ("while read name; do echo some other words; done", "it is not what its repository calls it"),
        ("while read name; do echo $name blob; done", "it is not what its repository calls it"),
    ],
)
def test_what_git_does_instead_of_an_answer_is_said(
    text: str, why: str, store: ObjectStore, answering: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(answering, text)
    monkeypatch.setattr(object_reader, "_SECONDS", 0.2 if "sleep" in text else 60)
    with ObjectReader(store) as reader:
        for _ in range(2):
            with pytest.raises(Unreadable, match=f"^{why}"):
                reader.size("a")


def test_git_that_cannot_be_run_is_said(store: ObjectStore, answering: Path) -> None:
    with ObjectReader(store) as reader, pytest.raises(Unreadable, match=r"^git cannot be run: No such file"):
        reader.size("a")
    with pytest.raises(Unreadable, match=r"^git cannot be run: No such file"):
        run_git(store, "log")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'fatal: bad object' >&2; echo more >&2; exit 128", "^fatal: bad object$"),
        ("exit 1", "^git failed$"),
        ("sleep 30", "^git did not answer in 0.2 seconds$"),
    ],
)
def test_a_command_of_git_that_fails_is_said_in_its_own_word(
    text: str, why: str, store: ObjectStore, answering: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(answering, text)
    monkeypatch.setattr(prepared_git, "_SECONDS", 0.2 if "sleep" in text else 60)
    with pytest.raises(Unreadable, match=why):
        run_git(store, "log")


def test_a_store_with_a_shallow_file_is_asked_with_it(store: ObjectStore, tmp_path: Path) -> None:
    from mlaudit.model.lazy_dataclass import replace

    assert "GIT_SHALLOW_FILE" not in prepared_git.prepare_git(store, "log").environment
    shallow = replace(store, shallow=tmp_path / "shallow")
    assert prepared_git.prepare_git(shallow, "log").environment["GIT_SHALLOW_FILE"] == str(tmp_path / "shallow")


def test_the_neutral_repository_is_unpacked_where_the_package_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = prepared_git._neutral_repository("sha1")
    monkeypatch.setattr(prepared_git, "HOME", tmp_path / "no folder")
    prepared_git._neutral_repository.cache_clear()
    try:
        unpacked = prepared_git._neutral_repository("sha1")
    finally:
        prepared_git._neutral_repository.cache_clear()
    assert contents(unpacked) == contents(kept)


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_standard_input_that_fails_or_goes_too_far_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        stdin.document()
    with open("/dev/null", encoding="utf-8") as closed:  # noqa: PTH123 - a stream like standard input
        pass
    monkeypatch.setattr(sys, "stdin", closed)
    with pytest.raises(UsageError, match="standard input cannot be read: "):
        stdin.document()
    with open("/dev/zero", encoding="utf-8") as endless:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", endless)
        monkeypatch.setattr(stdin, "WHOLE_LIMIT", 10)
        with pytest.raises(Unreadable, match="standard input has more than 10 bytes"):
            stdin.document()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 3", "is no Python: "),
        ("echo 'unknown option -I' >&2; exit 2", "is no Python: unknown option -I"),
        ("echo no json", "gave no answer that can be read"),
        ("echo '[]'", "gave no answer that can be read"),
        ("sleep 30", "cannot be run: "),
    ],
)
def test_a_program_that_is_no_python_is_said(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "python", text)
    monkeypatch.setattr(interpreter, "_SECONDS", 0.3 if "sleep" in text else 60)
    with pytest.raises(Unreadable) as raised:
        interpreter.asked(str(tmp_path / "python"))
    assert why in str(raised.value)
