"""Never a false all-clear: which code a run ends with, what is checked first, and what is said of the unseen.

Most cases are a few files, a call, and what it must and must not print.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import tomli

from tests.checkout import ROOT, git, write
from tests.command_line import report, run

CALLS = tomli.loads((ROOT / "fixtures" / "calls" / "calls.toml").read_text(encoding="utf-8"))["call"]
SAME = {"training/requirements.txt": "numpy==2.1.3\n", "serving/requirements.txt": "numpy==2.1.3\n"}
APART = {"one/requirements.txt": "numpy==2.1.3\n", "two/requirements.txt": "numpy==1.26.0\n"}
DECLARED = """\
[environments.one]
sources = ["one/requirements.txt"]
[environments.two]
sources = ["two/requirements.txt"]
"""


@pytest.mark.parametrize("call", [pytest.param(call, id=call["name"]) for call in CALLS])
def test_a_call_ends_and_says_what_it_must(call: Mapping[str, object], tmp_path: Path) -> None:
    files, arguments = call["files"], call["run"]
    assert isinstance(files, dict)
    assert isinstance(arguments, list)
    write(tmp_path, files)
    done = run(tmp_path / str(call.get("from", ".")), *arguments)
    printed = " ".join(f"{done.stdout}\n{done.stderr}".split())
    assert done.returncode == call["exit"], printed
    for text in _texts(call, "says"):
        assert text in printed
    for text in _texts(call, "never"):
        assert text not in printed


def _texts(call: Mapping[str, object], key: str) -> Sequence[str]:
    found = call.get(key, [])
    assert isinstance(found, list)
    return found


def test_nothing_compared_is_told_with_and_without_configuration(tmp_path: Path) -> None:
    write(tmp_path, APART)
    assert report(tmp_path, "check")["exit_code"] == 3
    write(tmp_path, {"mlaudit.toml": DECLARED})
    assert report(tmp_path, "check")["exit_code"] == 3
    assert report(tmp_path, "check", "--exit-zero")["exit_code"] == 0


def test_files_that_must_be_the_same_are_something_that_is_compared(tmp_path: Path) -> None:
    same = '[[same]]\nfiles = ["one/f.py", "two/f.py"]\n'
    write(tmp_path, {**APART, "one/f.py": "a = 1\n", "two/f.py": "a = 1\n", "mlaudit.toml": DECLARED + same})
    assert report(tmp_path, "check")["exit_code"] == 0


def test_a_hook_passes_over_what_is_in_no_pair_and_tells_that_there_is_none(tmp_path: Path) -> None:
    tools = '[environments.tools]\nsources = ["tools/requirements.txt"]\n'
    follows = DECLARED + 'follows = "one"\n' + tools
    write(tmp_path, {**APART, "tools/requirements.txt": "ruff==0.12.0\n", "mlaudit.toml": follows})
    assert run(tmp_path, "check", "tools/requirements.txt").returncode == 0
    assert run(tmp_path, "check", "tools").returncode == 3
    write(tmp_path, {"mlaudit.toml": DECLARED + tools})
    assert run(tmp_path, "check", "tools/requirements.txt").returncode == 3


def test_exit_zero_hides_no_lost_source(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==2.1.3\n", "b.txt": "\0\1\2"})
    assert run(tmp_path, "compare", "a.txt", "b.txt", "--exit-zero").returncode == 2


def test_no_report_is_written_where_another_cannot_be(tmp_path: Path) -> None:
    write(tmp_path, {**SAME, "file": "", "there/x": ""})
    for target in ("file/x.json", "there"):
        done = run(tmp_path, "check", "--format", "json=first.json", "--format", f"sarif={target}")
        assert (done.returncode, done.stdout) == (2, "")
        assert not (tmp_path / "first.json").exists()


def test_a_folder_of_a_target_is_made(tmp_path: Path) -> None:
    write(tmp_path, SAME)
    assert run(tmp_path, "check", "--format", "table", "--format", "json=out/deep/r.json").returncode == 0
    assert json.loads((tmp_path / "out/deep/r.json").read_text(encoding="utf-8"))["exit_code"] == 0


def test_init_declares_all_that_check_read(tmp_path: Path) -> None:
    lock = 'version = 1\nrequires-python = ">=3.11"\n'
    lock += '[[package]]\nname = "app"\nversion = "0.1"\nsource = { virtual = "." }\n'
    lock += 'dependencies = [{ name = "numpy" }]\n[package.metadata]\nrequires-dist = [{ name = "numpy" }]\n'
    lock += '[[package]]\nname = "numpy"\nversion = "1.26.4"\nsource = { registry = "https://pypi.example/simple" }\n'
    project = '[project]\nname = "app"\nversion = "0.1"\nrequires-python = ">=3.11"\ndependencies = ["numpy>=2"]\n'
    write(tmp_path, {"uv.lock": lock, "pyproject.toml": project})
    before = {(one["code"], one["message"]) for one in report(tmp_path, "check")["findings"]}
    assert before
    assert run(tmp_path, "init").returncode == 0
    assert before <= {(one["code"], one["message"]) for one in report(tmp_path, "check")["findings"]}


def test_paths_lead_from_where_the_user_stands_for_people_and_from_the_root_for_machines(tmp_path: Path) -> None:
    write(tmp_path, {"app/a.txt": "numpy==2.1.3\n", "app/b.txt": "numpy==1.26.0\n"})
    git(tmp_path, "init", "-q")
    done = run(tmp_path / "app", "compare", "a.txt", "b.txt", "--quiet")
    assert "\n  b.txt:1:1" in done.stdout
    assert "app/b.txt" not in done.stdout
    finding = report(tmp_path / "app", "compare", "a.txt", "b.txt")["findings"][0]
    assert finding["locations"][0]["path"] == "app/b.txt"
    assert "a.txt:1:1" in run(tmp_path / "app", "list", "a.txt").stdout
    assert "app/a.txt" not in run(tmp_path / "app", "list", "a.txt").stdout


def test_list_shows_what_check_reads(tmp_path: Path) -> None:
    write(tmp_path, {**SAME, "mlaudit.toml": '[environments.a]\nsources = ["training/requirements.txt"]\n'})
    listed = json.loads(run(tmp_path, "list", "--format", "json").stdout)["environments"]
    assert [one["name"] for one in listed] == ["a"]
    (tmp_path / "mlaudit.toml").unlink()
    for arguments in ((), (".",)):
        listed = json.loads(run(tmp_path, "list", *arguments, "--format", "json").stdout)["environments"]
        assert sorted(one["name"] for one in listed) == ["serving", "training"]
