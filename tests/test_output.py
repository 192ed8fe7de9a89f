"""Streams and files that are written whole or not at all, and errors as one escaped line with exit code 2."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mlaudit.cli import app
from mlaudit.cli.output import OutputText, write_all
from mlaudit.model.errors import UsageError
from tests.checkout import write
from tests.command_line import ENVIRONMENT, run

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="the machine has no /dev/full")


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[bytes]:
    """A command line in which `mlaudit` is this one."""
    line = command.replace("mlaudit", f"'{sys.executable}' -m mlaudit")
    return subprocess.run(["bash", "-c", line], cwd=folder, env=ENVIRONMENT, capture_output=True, check=False)


def test_a_report_replaces_the_file_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    write_all([OutputText(text="new", target=target)])
    assert (target.read_text(encoding="utf-8"), stat.S_IMODE(target.stat().st_mode)) == ("new", 0o640)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_failed_write_keeps_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    target.write_text("old", encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"report\.json cannot be written: No space left on device"):
        write_all([OutputText(text="new", target=target)])
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_one_output_that_fails_leaves_all_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    first = tmp_path / "a.json"
    with pytest.raises(UsageError, match="it is a folder"):
        write_all([OutputText(text="x", target=first), OutputText(text="y", target=tmp_path / "folder")])
    assert not first.exists()


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_replaced_and_what_it_leads_to_is_not_touched(exists: bool, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    if exists:
        outside.write_text("precious", encoding="utf-8")
    link = tmp_path / "report.json"
    link.symlink_to(outside)
    write_all([OutputText(text="new", target=link)])
    assert link.read_text(encoding="utf-8") == "new"
    assert not link.is_symlink()
    assert (outside.read_text(encoding="utf-8") if exists else outside.exists()) == ("precious" if exists else False)


def test_missing_folders_of_a_target_are_made(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.json"
    write_all([OutputText(text="x", target=target)])
    assert target.read_text(encoding="utf-8") == "x"


COMMANDS = ("list a.txt", "explain numpy", "--version", "check .", "compare a.txt a.txt --format json")


@needs_full
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_standard_output_is_one_line_and_2(command: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.0\n"})
    done = shell(tmp_path, f"mlaudit {command} > /dev/full")
    assert (done.returncode, done.stderr) == (2, b"error: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_standard_output_is_one_line_and_2(command: str, tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.0\n"})
    done = shell(tmp_path, f"mlaudit {command} >&-")
    assert (done.returncode, done.stderr) == (2, b"error: standard output is closed\n")


def test_a_reader_that_has_gone_is_no_finding(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.0\n"})
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mlaudit", "list", "a.txt"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, b"")


def test_closed_streams_are_said(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.0\n"})
    done = shell(tmp_path, "mlaudit list - --as requirements <&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"error: standard input is closed\n")
    assert shell(tmp_path, "mlaudit list a.txt 2>&-").returncode == 0
    assert shell(tmp_path, "mlaudit list nowhere --format nothing 2>&-").returncode == 2


@pytest.mark.parametrize("epoch", ["99999999999999999999", "-1e9", "x", "9" * 5000])
def test_an_odd_source_date_epoch_is_said(epoch: str, tmp_path: Path) -> None:
    done = run(tmp_path, "check", ".", env={"SOURCE_DATE_EPOCH": epoch})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"error: SOURCE_DATE_EPOCH={epoch[:40]}: expected seconds since 1970-01-01")


HOSTILE = "::error::x\x1b[2J\u202e##[group]\n::y"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", HOSTILE),
        ("explain", HOSTILE),
        ("list", "a.txt", "--format", HOSTILE),
        ("check", "--fail-on", HOSTILE),
        ("check", f"--{HOSTILE}"),
        (HOSTILE,),
        ("check", "--config", HOSTILE),
        ("check", "--select", HOSTILE),
        ("list", "--python", HOSTILE, "a.txt"),
        ("list", "--define", HOSTILE, "a.txt"),
        ("compare", "a.txt", "a.txt", "--output", f"nowhere/{HOSTILE}/\x00"),
    ],
)
def test_an_error_line_carries_no_command(
    arguments: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    app.run(arguments)
    out, err = (stream.decode() for stream in capfdbinary.readouterr())
    for line in (out + err).split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert line.isprintable()


def test_a_defect_is_one_line_and_2(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("https://u:hunter2@h/x\n::error::y")

    monkeypatch.setattr("mlaudit.api.check", fails)
    assert app.run(["check"]) == 2
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("error: this is a defect of mlaudit (ZeroDivisionError: https://***@h/x\\n::error::y);")
    assert app.run(["check", "--debug"]) == 2
    text = capfd.readouterr().err
    assert "Traceback (most recent call last):" in text
    assert "hunter2" not in text


def test_an_interrupted_run_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mlaudit.api.check", interrupted)
    assert app.run(["check"]) == 130


def test_a_broken_standard_error_is_no_crash(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.0\n"})
    done = shell(tmp_path, "mlaudit list a.txt --format nothing 2>/dev/full")
    assert (done.returncode, done.stdout) == (2, b"")
