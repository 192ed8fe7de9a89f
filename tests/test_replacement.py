"""Files are replaced all or none, whatever happens between the first write and the last."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlaudit.model.errors import UsageError
from mlaudit.sources import replacement
from mlaudit.sources.replacement import FOLDER, NotReplaced, Replacement, recover, replace_all, unfinished

NAMES = ("a.txt", "b/b.txt", "c/d/c.txt")


def tree(folder: Path) -> list[Replacement]:
    """Three files, and what is to replace them."""
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"old {name}\r\n".encode())
    return [Replacement(folder / name, (folder / name).read_bytes(), f"new {name}\r\n".encode()) for name in NAMES]


def state(folder: Path) -> str:
    """`old` or `new` where all files are, `mixed` otherwise; nothing else may lie about."""
    words = {(folder / name).read_bytes().split()[0].decode() for name in NAMES}
    left = [
        path.name for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in NAMES
    ]
    assert not left, left
    return words.pop() if len(words) == 1 else "mixed"


def test_all_are_replaced_and_their_permissions_kept(tmp_path: Path) -> None:
    wanted = tree(tmp_path)
    (tmp_path / NAMES[1]).chmod(0o640)
    replaced = replace_all(tmp_path, wanted)
    assert unfinished(tmp_path)
    replaced.keep()
    assert state(tmp_path) == "new"
    assert (tmp_path / NAMES[1]).stat().st_mode & 0o777 == 0o640
    assert recover(tmp_path).startswith("nothing to recover")


def test_all_are_put_back(tmp_path: Path) -> None:
    assert replace_all(tmp_path, tree(tmp_path)).put_back() == "all 3 files are as they were"
    assert state(tmp_path) == "old"


def _fail_at(monkeypatch: pytest.MonkeyPatch, target: object, name: str, number: int, error: BaseException) -> None:
    """Let the call of a function with this number raise."""
    real: Callable[..., Any] = getattr(target, name)
    calls = [0]

    def failing(*arguments: Any, **words: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            raise error
        return real(*arguments, **words)

    monkeypatch.setattr(target, name, failing)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize(("target", "name"), [(os, "fsync"), (os, "open"), (Path, "replace"), (os, "link")])
def test_any_failure_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: object, name: str, number: int, error: BaseException
) -> None:
    wanted = tree(tmp_path)
    _fail_at(monkeypatch, target, name, number, error)
    try:
        replace_all(tmp_path, wanted).put_back()
    except (NotReplaced, KeyboardInterrupt) as ended:
        said = str(ended)
    else:
        said = ""
    assert said == "" or "no file was changed" in said
    monkeypatch.undo()
    assert state(tmp_path) == "old"
    assert not unfinished(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from mlaudit.sources.replacement import Replacement, replace_all
folder, number = Path(sys.argv[1]), int(sys.argv[2])
real, calls = Path.replace, 0
def replace(self, target):
    global calls
    calls += 1
    if calls == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)
Path.replace = replace
names = sys.argv[3:]
replace_all(folder, [Replacement(folder / n, (folder / n).read_bytes(), f"new {n}\\r\\n".encode()) for n in names])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_killed_run_is_put_back_by_the_next(tmp_path: Path, number: int) -> None:
    wanted = tree(tmp_path)
    words = [sys.executable, "-c", KILLED, str(tmp_path), str(number), *NAMES]
    assert subprocess.run(words, check=False, capture_output=True).returncode == -signal.SIGKILL
    assert unfinished(tmp_path)
    with pytest.raises(NotReplaced, match="an earlier run was interrupted"):
        replace_all(tmp_path, wanted)
    says = recover(tmp_path)
    assert says == ("no file was changed" if number == 1 else "all 3 files are as they were")
    assert state(tmp_path) == "old"


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tree(tmp_path)
    (tmp_path / NAMES[2]).write_bytes(b"old but edited")
    with pytest.raises(NotReplaced, match=r"c\.txt was changed by another program since it was read; no file"):
        replace_all(tmp_path, wanted)
    (tmp_path / NAMES[2]).write_bytes(wanted[2].old)
    # Between the first look and the first write.
    monkeypatch.setattr(replacement, "_synchronize", lambda _: (tmp_path / NAMES[0]).write_bytes(b"edited late"))
    with pytest.raises(NotReplaced, match=r"a\.txt was changed"):
        replace_all(tmp_path, wanted)
    assert [(tmp_path / name).read_bytes() for name in NAMES] == [b"edited late", wanted[1].old, wanted[2].old]


def test_a_file_that_changed_after_it_was_replaced_is_not_put_back(tmp_path: Path) -> None:
    replaced = replace_all(tmp_path, tree(tmp_path))
    (tmp_path / NAMES[0]).write_bytes(b"edited later")
    assert "a.txt changed meanwhile and were left as they are" in replaced.put_back()
    assert (tmp_path / NAMES[0]).read_bytes() == b"edited later"
    assert (tmp_path / NAMES[1]).read_bytes().startswith(b"old")


def test_read_only_files_are_not_replaced(tmp_path: Path) -> None:
    wanted = tree(tmp_path)
    (tmp_path / NAMES[1]).chmod(0o444)
    with pytest.raises(NotReplaced, match=r"b\.txt is read-only; no file was changed"):
        replace_all(tmp_path, wanted)
    assert state(tmp_path) == "old"


def test_links_and_files_outside_are_not_replaced(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    wanted = tree(inner)
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"old")
    with pytest.raises(NotReplaced, match="is outside"):
        replace_all(inner, [*wanted, Replacement(outside, b"old", b"new")])
    (inner / "link.txt").symlink_to(outside)
    with pytest.raises(NotReplaced, match="is a link"):
        replace_all(inner, [*wanted, Replacement(inner / "link.txt", b"old", b"new")])
    (inner / "link.txt").unlink()
    assert (state(inner), outside.read_bytes()) == ("old", b"old")


@pytest.mark.parametrize("path", ["../outside.txt", "/outside.txt", "link/outside.txt", "a.txt/../../outside.txt"])
def test_a_journal_that_leads_outside_touches_nothing(tmp_path: Path, path: str) -> None:
    inner, outside = tmp_path / "inner", tmp_path / "outside.txt"
    tree(inner)
    outside.write_bytes(b"new")
    (inner / "link").symlink_to(tmp_path)
    folder = inner / FOLDER
    folder.mkdir()
    (folder / "000000").write_bytes(b"evil")
    digests = {"old": replacement._digest(b"evil"), "new": replacement._digest(b"new")}
    named = path if path.startswith("..") or "link" in path else path.lstrip("/")
    entry = {"path": named, "copy": "000000", **digests}
    (folder / "journal.json").write_text(json.dumps({"files": [entry, {**entry, "copy": "../a.txt"}]}))
    recover(inner)
    assert outside.read_bytes() == b"new"


def test_a_link_in_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="not a folder that mlaudit made"):
        recover(tmp_path)


def test_files_of_a_read_only_folder_are_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tree(tmp_path)
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK | os.X_OK and real(path, mode))
    with pytest.raises(NotReplaced, match=r"the folder of .*a\.txt is read-only; no file was changed"):
        replace_all(tmp_path, wanted)
    assert state(tmp_path) == "old"


def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    wanted = tree(tmp_path)
    (tmp_path / NAMES[0]).unlink()
    with pytest.raises(NotReplaced, match=r"a\.txt: No such file or directory; no file was changed"):
        replace_all(tmp_path, wanted)
    assert not (tmp_path / NAMES[0]).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_owners_are_kept(tmp_path: Path) -> None:
    wanted = tree(tmp_path)
    os.chown(tmp_path / NAMES[0], 12, 34)
    replace_all(tmp_path, wanted).keep()
    status = (tmp_path / NAMES[0]).stat()
    assert (status.st_uid, status.st_gid) == (12, 34)


@pytest.mark.parametrize(("number", "is_error"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_waited_for_is_no_failure_of_the_disk(
    number: int, is_error: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tree(tmp_path)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if os.path.isdir(f"/dev/fd/{descriptor}"):  # noqa: PTH112 - a descriptor
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if is_error:
        with pytest.raises(NotReplaced, match="Input/output error; no file was changed"):
            replace_all(tmp_path, wanted)
        assert state(tmp_path) == "old"
    else:
        replace_all(tmp_path, wanted).keep()
        assert state(tmp_path) == "new"


def test_systems_that_open_no_folders_wait_for_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacement, "os", _Elsewhere())
    replace_all(tmp_path, tree(tmp_path)).keep()
    assert state(tmp_path) == "new"


class _Elsewhere:
    """The module `os` of a system that is not POSIX."""

    name = "nt"

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def test_a_journal_that_is_a_link_or_too_large_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_all(tmp_path, tree(tmp_path))
    journal = tmp_path / FOLDER / "journal.json"
    kept = tmp_path.with_name("kept.json")
    journal.rename(kept)
    journal.symlink_to(kept)
    assert recover(tmp_path) == "no file was changed"
    assert state(tmp_path) == "new"
    replace_all(tmp_path, [Replacement(tmp_path / name, f"new {name}\r\n".encode(), b"newer") for name in NAMES])
    monkeypatch.setattr(replacement, "_MAX_JOURNAL", 10)
    assert recover(tmp_path) == "no file was changed"
