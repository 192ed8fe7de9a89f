"""Digests of files and folders, listings of git that are odd, and work in processes that ends within bounds."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaudit.model.errors import Unreadable
from mlaudit.sources import content_digest, object_reader
from mlaudit.sources.bounded_process import BoundedAnswer, BoundedProcess, Bounds
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import find_repository


def test_the_digest_of_a_folder_is_of_names_sizes_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "b").write_bytes(b"xy")
    (folder / "a").write_bytes(b"z")
    (folder / "link").symlink_to("inner")
    (folder / "broken").symlink_to("nowhere")
    assert content_digest.content_digest(folder / "a") == hashlib.sha256(b"z").hexdigest()
    expected = hashlib.sha256(b"a\x001\x00zinner/b\x002\x00xy").hexdigest()
    assert content_digest.content_digest(folder) == expected
    monkeypatch.setattr(content_digest, "MAX_DEPTH", 1)
    assert content_digest.content_digest(folder) == hashlib.sha256(b"a\x001\x00z").hexdigest()
    monkeypatch.setattr(content_digest, "MAX_FILES", 0)
    assert content_digest.content_digest(folder) == ""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ObjectReader]:
    """The objects of a repository of two files."""
    for path in ("a/x", "b/y"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(f"{path}\n", encoding="utf-8")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    repository, _ = find_repository(tmp_path, bare=False)
    with ObjectReader(repository.store) as opened:
        yield opened


def commit(tmp_path: Path) -> str:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True)
    return head.stdout.strip()


def blobs(reader: ObjectReader, name: str) -> list[bytes]:
    """The contents of the files of two folders."""
    folders = reader.tree(name)
    return [reader.blob(reader.tree(folders[name].name)[file].name) for name, file in ("ax", "by")]


def test_what_is_kept_of_objects_is_bounded(
    reader: ObjectReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_reader, "_KEPT_BYTES", 1)
    monkeypatch.setattr(object_reader, "_KEPT_TREES", 1)
    assert [blobs(reader, commit(tmp_path)) for _ in range(2)] == [[b"a/x\n", b"b/y\n"]] * 2


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("WHOLE_LIMIT", "it has 4 bytes; of a revision, 1 are read"),
        ("TREE_LIMIT", "a folder of it has a listing of 56 bytes; 1 are read"),
    ],
)
def test_objects_past_a_limit_are_not_read(
    limit: str, why: str, reader: ObjectReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_reader, limit, 1)
    with pytest.raises(Unreadable, match=f"^{why}$"):
        blobs(reader, commit(tmp_path))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("HEAD\nHEAD", "its name has a line break, so git cannot look it up"),
        ("0" * 40, "its content is missing in the repository, as in a partial clone; nothing is fetched"),
        ("COMMIT", "it is not what its repository calls it"),
    ],
)
def test_what_is_no_blob_is_told(name: str, why: str, reader: ObjectReader, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=f"^{why}"):
        reader.blob(name.replace("COMMIT", commit(tmp_path)))


HASH = b"\x01" * 20


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"100644 a\0" + HASH + b"40000 ..\0" + HASH + b"100644 .GIT\0" + HASH + b"100644 b/c\0" + HASH, ["a"]),
        (b"999 a\0" + HASH, ["a"]),
        (b"100644 a\0" + HASH[:5], None),
        (b"mode a\0" + HASH, None),
        (b"100644a" + HASH, None),
    ],
)
def test_a_listing_that_git_would_not_write_leads_nowhere(data: bytes, names: list[str] | None) -> None:
    if names is None:
        with pytest.raises(Unreadable, match="a listing that git would not write"):
            object_reader._entries(data, "sha1")
    else:
        assert list(object_reader._entries(data, "sha1")) == names


WORK = """\
import os, signal, time

def work(request):
    if request == "slow":
        time.sleep(60)
    if request == "hungry":
        bytearray(1 << 40)
    if request == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request == "left":
        os._exit(3)
    if request == "parent":
        os.kill(os.getppid(), signal.SIGKILL)
    if request == "large":
        return "x" * (80 << 20)
    if request == "bad":
        raise ValueError("no such luck")
    return request
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds of memory are those of Linux")
def test_work_ends_within_its_bounds_and_the_next_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bounded_work.py").write_text(WORK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = BoundedProcess("bounded_work:work", Bounds(seconds=1.0, memory=1 << 30))
    answers = {
        request: process.ask(request) for request in ("one", "slow", "hungry", "killed", "left", "bad", "parent", "two")
    }
    process.close()
    process.close()
    assert answers == {
        "one": BoundedAnswer("one"),
        "slow": BoundedAnswer(why="it took longer than 1 seconds"),
        "hungry": BoundedAnswer(why="it needed more than 1024 MiB of memory"),
        "killed": BoundedAnswer(why="its process was ended by signal 9"),
        "left": BoundedAnswer(why="its process ended with exit code 3"),
        "bad": BoundedAnswer(why="mlaudit failed on it (ValueError: no such luck)"),
        "parent": BoundedAnswer(why="the process that audited it ended without an answer, twice"),
        "two": BoundedAnswer("two"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="bounds of memory are those of Linux")
def test_a_result_that_is_too_large_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bounded_work.py").write_text(WORK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = BoundedProcess("bounded_work:work", Bounds())
    answer = process.ask("large")
    process.close()
    assert answer == BoundedAnswer(why="its result is larger than 64 MiB")
