"""What is asked of the command line and cannot be: one sentence, exit code 2, and nothing on standard output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlaudit.cli import progress
from mlaudit.cli.proving import rows_of
from mlaudit.model.errors import UsageError
from tests.checkout import write
from tests.command_line import run

USAGE = [
    ("fleet . --timeout 0", "--timeout and --memory: expected a number above 0"),
    ("fleet . --memory 0", "--timeout and --memory: expected a number above 0"),
    ("history --format xml", "--format xml: history prints table, json, html"),
    ("history --first-bad numpy --format json", "--first-bad prints lines; leave --format out"),
    ("map --format xml", "--format xml: map prints "),
    ("why numpy requirements.txt --format xml", "--format xml: why prints text or json"),
    ("fix --constraints all.txt --write", "--constraints writes one file and changes no other; leave --write out"),
    ("prove --format xml", "--format xml: prove prints table or json"),
    ("prove --writer training", "--writer and --reader go together: one environment writes, the other reads"),
    ("prove --save kept", "--save keeps the answers to the rows of --golden; give --golden ROWS too"),
    ("prove --rows no-such-file", "--rows no-such-file: expected a file that is there, or module:function"),
    ("check --format json=", "--format json=: expected a file after the =; without it, the report goes to --output"),
    ("check --resolve=all", "--resolve=all: expected --resolve or --resolve lock"),
    ("check --as-of 2026-01-01", "--as-of limits the releases of --resolve to those up to a day; give --resolve too"),
    ("check --resolve --as-of soon", "--as-of soon: expected a day such as 2026-03-31"),
    ("map --impact numpy --package numpy", "--impact goes without --model, --package and --file"),
]


def test_a_folder_of_several_environments_is_no_source_of_a_reason(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}/requirements.txt": "numpy==2.1.3\n" for name in ("training", "serving")})
    done = run(tmp_path, "why", "numpy", ".")
    assert (done.returncode, done.stdout) == (2, "")
    assert " ".join(done.stderr.split()) == (
        "error: .: several environments are there (training, serving); name one of them"
    )


@pytest.mark.parametrize(("line", "says"), USAGE, ids=[line for line, _ in USAGE])
def test_what_cannot_be_asked_is_said(line: str, says: str, tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "numpy==2.1.3\n"})
    done = run(tmp_path, *line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert " ".join(done.stderr.split()).startswith(f"error: {says}")


def test_where_rows_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("1\n", encoding="utf-8")
    assert rows_of(None) == type(rows_of(None))()
    assert rows_of("rows.csv").file == tmp_path / "rows.csv"
    asked = rows_of("shop.rows:made")
    assert (asked.function, asked.folder, asked.file) == ("shop.rows:made", tmp_path, None)
    with pytest.raises(UsageError, match="expected a file that is there, or module:function"):
        rows_of("shop rows:made")


@pytest.mark.skipif(os.name == "nt" or not Path("/dev/stdout").exists(), reason="there is no such device")
def test_a_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "numpy==2.1.3\n"})
    shown = run(tmp_path, "list", "requirements.txt", "--format", "json")
    done = run(tmp_path, "list", "requirements.txt", "--format", "json", "--output", "/dev/null")
    assert (done.returncode, done.stdout, bool(shown.stdout)) == (0, "", True)
    assert not Path("/dev/null").is_file()


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="everything is permitted here")
def test_a_folder_that_is_closed_is_told_before_the_audit(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "numpy==2.1.3\n"})
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done = run(tmp_path, "check", "--output", "closed/report.txt")
    assert done.returncode == 2
    assert "is denied" in done.stderr


def test_a_fleet_may_end_with_zero(tmp_path: Path) -> None:
    write(tmp_path, {"training/requirements.txt": "numpy==2.1.3\n", "serving/requirements.txt": "numpy==1.26.4\n"})
    (tmp_path / "mlaudit.toml").write_text(
        '[environments.training]\nsources = ["training/requirements.txt"]\n'
        '[environments.serving]\nsources = ["serving/requirements.txt"]\nfollows = ["training"]\n',
        encoding="utf-8",
    )
    assert [run(tmp_path, "fleet", ".", *more).returncode for more in ((), ("--exit-zero",))] == [1, 0]


def test_a_bar_shows_itself_to_the_patient_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 3600)
    waiting = progress.Bar()
    waiting.expect(2)
    waiting.reading("a.txt")
    waiting.close()
    assert waiting._rich is None
    monkeypatch.setattr(progress, "PATIENCE", -1)
    bar = progress.Bar()
    bar.expect(1)
    shown = []
    for path in ("a.txt", "b/\x1b[2J" + "c" * 70):
        bar.reading(path)
        assert bar._rich is not None
        (task,) = bar._rich.tasks
        shown.append((task.completed, task.total, task.description[-2:], len(task.description)))
    bar.close()
    assert shown == [(0, 1, "xt", 5), (1, 2, "cc", 60)]
