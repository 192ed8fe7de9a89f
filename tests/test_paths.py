"""Odd things in a file system: each gets its sentence from every command, and the rest is audited."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlaudit.cli.app import command_modules
from mlaudit.cli.typer_line import command_line
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.sources import paths
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import ROOT, write
from tests.command_line import ENVIRONMENT

LONG = "a" * 5000
DROPPED = ("-dac_override", "-dac_read_search")
CONFIGURATION = '[environments.a]\nsources = ["{}"]\n[environments.b]\nsources = ["b.txt"]\nfollows = "a"\n'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in this process, since a process for each would take most of the time."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(command_line(command_modules(), [*command_modules()]), arguments)
    finally:
        os.chdir(before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Everything that was printed, lines joined as they were before they were wrapped, sentences without a capital."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "defect of mlaudit" not in done.stdout + done.stderr
    joined = " ".join((done.stdout + done.stderr).split())
    return re.sub(r"not read ([A-Z])", lambda begun: f"not read {begun[1].lower()}", joined)


def _loop(folder: Path) -> str:
    (folder / "odd").symlink_to("odd")
    return "odd"


def _two_links(folder: Path) -> str:
    (folder / "odd").symlink_to("other")
    (folder / "other").symlink_to("odd")
    return "odd"


def _loop_above(folder: Path) -> str:
    return f"{_loop(folder)}/requirements.txt"


def _below_a_file(folder: Path) -> str:
    return "b.txt/requirements.txt"


def _folder(folder: Path) -> str:
    (folder / "odd.txt").mkdir()
    return "odd.txt"


def _broken_link(folder: Path) -> str:
    (folder / "odd.txt").symlink_to("nowhere.txt")
    return "odd.txt"


def _pipe(folder: Path) -> str:
    os.mkfifo(folder / "odd.txt")
    return "odd.txt"


def _failing(folder: Path) -> str:
    (folder / "odd.txt").symlink_to("/proc/self/mem")
    return "odd.txt"


ODD = {
    "loop": (_loop, "it is a link that leads back to itself"),
    "two links": (_two_links, "it is a link that leads back to itself"),
    "loop above": (_loop_above, "it is a link that leads back to itself"),
    "long name": (lambda _folder: LONG, "its name is longer than the file system allows"),
    "below a file": (_below_a_file, "a part of its path is a file and no folder"),
    "broken link": (_broken_link, "there is no such file"),
    "pipe": (_pipe, "it is not a regular file"),
    "empty folder": (_folder, "it is an empty folder"),
    "failing disk": (_failing, "it cannot be read: Input/output error"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_source_has_its_sentence_in_every_command(odd: str, tmp_path: Path) -> None:
    make, sentence = ODD[odd]
    if odd == "failing disk" and not Path("/proc/self/mem").exists():
        pytest.skip("no file here fails to be read")
    write(tmp_path, {"b.txt": "numpy==1.26.4\n"})
    source = make(tmp_path)
    for arguments in (("list", source), ("list", "--format", "json", source), ("compare", source, "b.txt")):
        done = run(tmp_path, *arguments)
        assert sentence in said(done), arguments
        assert done.returncode == 2, arguments
    both = run(tmp_path, "list", source, "b.txt")
    assert "1.26.4" in both.stdout
    write(tmp_path, {"mlaudit.toml": CONFIGURATION.format(source)})
    checked = run(tmp_path, "check")
    assert (
        sentence in said(checked)
        or "outside of the audited folder" in said(checked)
        or "error: mlaudit.toml" in said(checked)
    )
    assert checked.returncode == 2


@pytest.mark.parametrize("odd", ["loop", "two links", "loop above", "long name", "below a file"])
def test_check_of_an_odd_path_is_a_usage_error(odd: str, tmp_path: Path) -> None:
    make, sentence = ODD[odd]
    write(tmp_path, {"b.txt": "numpy==1.26.4\n"})
    done = run(tmp_path, "check", make(tmp_path))
    assert sentence in said(done)
    assert done.returncode == 2


@pytest.mark.parametrize("odd", ["loop", "long name", "below a file", "broken link", "empty folder", "pipe"])
@pytest.mark.parametrize("key", ["writes", "reads", "same"])
def test_an_odd_path_in_another_key_is_told(key: str, odd: str, tmp_path: Path) -> None:
    make, _ = ODD[odd]
    write(tmp_path, {"b.txt": "numpy==1.26.4\n"})
    path = make(tmp_path)
    row = f'[[same]]\nfiles = ["{path}", "b.txt"]\n' if key == "same" else f'{key} = ["{path}"]\n'
    write(tmp_path, {"mlaudit.toml": f'[environments.b]\nsources = ["b.txt"]\n{row}'})
    done = run(tmp_path, "check")
    text = said(done)
    assert "odd" in text or "aaaa" in text or "b.txt/requirements.txt" in text
    assert "numpy" in run(tmp_path, "list", "b.txt").stdout


@pytest.mark.parametrize(
    "text",
    [
        '[environments.a]\nsources = ["a\\u0000b"]\n',
        '[environments.a]\nsources = ["git+file:///x@a\\u0000b#path=c"]\n',
        '[environments.a]\nsources = ["b.txt"]\nwrites = ["a\\u0000b"]\n',
        '[environments.a]\nsources = ["b.txt"]\nreads = ["HEAD:a\\u0000b"]\n',
        '[environments.a]\nsources = ["b.txt"]\n[[same]]\nfiles = ["a\\u0000b", "b.txt"]\n',
        '[[pairs]]\ntraining = "a\\u0000*"\nserving = "b*"\n',
    ],
)
def test_a_nul_in_a_configured_path_is_told(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"b.txt": "numpy==1.26.4\n", "mlaudit.toml": text})
    done = run(tmp_path, "check")
    assert "NUL" in said(done) or "no two paths match" in said(done)
    assert done.returncode in (1, 2)


@pytest.mark.parametrize("target", [LONG, "x\x0by", "./" * 3000 + "x", "b.txt/c.txt", "odd"])
def test_an_odd_include_costs_nothing_else(target: str, tmp_path: Path) -> None:
    _loop(tmp_path)
    write(tmp_path, {"b.txt": "scipy==1.11.4\n", "requirements.txt": f"numpy==1.26.4\n-r {target}\nclick==8.1.0\n"})
    done = run(tmp_path, "list", "requirements.txt")
    assert "numpy" in said(done)
    assert "click" in done.stdout
    assert "not read" in done.stdout
    assert len(done.stdout) < 4000


@pytest.mark.parametrize("name", ["requirements.txt", "Dockerfile", "uv.lock", "pyproject.toml", "mlaudit.toml.d"])
def test_a_folder_named_like_a_file_is_passed_over(name: str, tmp_path: Path) -> None:
    write(tmp_path, {f"training/{name}/x": "", "serving/requirements.txt": "numpy==1.26.4\n"})
    done = run(tmp_path, "check", ".")
    assert "serving" in said(done)
    assert run(tmp_path, "list", f"training/{name}").returncode == 2


def test_a_name_that_is_no_text_is_audited(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/serving-\xff"
    os.makedirs(folder)  # noqa: PTH103  a path of bytes
    Path(os.fsdecode(folder), "requirements.txt").write_text("numpy==1.26.4\n", encoding="utf-8")
    assert "serving-" in said(run(tmp_path, "check", "."))
    assert "1.26.4" in said(run(tmp_path, "list", os.fsdecode(folder) + "/requirements.txt"))


def test_a_deleted_current_folder_is_a_usage_error(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    write(tmp_path, {"requirements.txt": "numpy==1.26.4\n"})
    source = tmp_path / "requirements.txt"
    for arguments in (
        ("check",),
        ("list", str(source)),
        ("compare", str(source), str(source)),
        ("check", str(tmp_path)),
    ):
        script = 'rmdir "$PWD" && exec "$@"; mkdir -p "$0"'
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", "-c", script, str(gone), sys.executable, "-P", "-m", "mlaudit", *arguments]
            if sys.version_info >= (3, 11)
            else ["bash", "-c", script, str(gone), shutil.which("mlaudit") or "mlaudit", *arguments],
            cwd=gone,
            env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "the current folder no longer exists" in said(done), arguments
        assert done.returncode == 2


def _without_privileges(folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The command as somebody whom permissions bind, which they do not bind the superuser."""
    command = [sys.executable, "-m", "mlaudit", *arguments]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("permissions do not bind the superuser, and setpriv is not here")
        dropped = ",".join(DROPPED)
        command = [setpriv, f"--bounding-set={dropped}", f"--inh-caps={dropped}", *command]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


LOCKED = {
    "may be listed and not entered": ("training", 0o600),
    "may not be listed": ("training", 0o300),
    "may not be touched": ("training", 0o000),
    "may not be read": ("training/requirements.txt", 0o000),
}


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize("locked", LOCKED)
def test_what_permissions_refuse_is_told_and_the_rest_audited(locked: str, tmp_path: Path) -> None:
    name, mode = LOCKED[locked]
    write(tmp_path, {"training/requirements.txt": "numpy==1\n", "serving/requirements.txt": "numpy==1.26.4\n"})
    (tmp_path / name).chmod(mode)
    try:
        found = _without_privileges(tmp_path, ["check", "."])
        listed = _without_privileges(tmp_path, ["list", "training/requirements.txt", "serving/requirements.txt"])
        folder = _without_privileges(tmp_path, ["list", "training"])
    finally:
        (tmp_path / name).chmod(0o700)
    assert "permission to read it is denied" in said(found)
    assert "serving" in found.stdout
    assert "1.26.4" in said(listed)
    assert "permission to read it is denied" in said(folder)
    assert folder.returncode == 2
    if mode != 0o300:
        assert "permission to read it is denied" in said(listed)
        assert listed.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize("locked", ["", "numpy-1.26.4.dist-info", "numpy-1.26.4.dist-info/METADATA"])
def test_an_installed_environment_that_permissions_hide_is_not_empty(locked: str, tmp_path: Path) -> None:
    site = tmp_path / "venv/lib/python3.11/site-packages"
    write(site, {"numpy-1.26.4.dist-info/METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.4\n"})
    write(site, {"scipy-1.11.4.dist-info/METADATA": "Metadata-Version: 2.1\nName: scipy\nVersion: 1.11.4\n"})
    (site / locked).chmod(0o000)
    try:
        done = _without_privileges(tmp_path, ["list", "venv"])
    finally:
        (site / locked).chmod(0o700)
    assert "permission to read it is denied" in said(done)
    assert ("scipy" in done.stdout) is bool(locked)


def test_a_file_that_vanishes_or_grows_during_the_scan_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "numpy==1.26.4\n", "b.txt": "numpy==1.26.4\n"})
    root = WorkingTree(tmp_path)
    gone, grown = root.document(tmp_path / "a.txt"), root.document(tmp_path / "b.txt")
    (tmp_path / "a.txt").unlink()
    write(tmp_path, {"b.txt": "numpy==1.26.4\nscipy==1.11.4\n"})
    with pytest.raises(Unreadable, match="there is no such file"):
        _ = gone.data
    assert b"scipy" in grown.data


def test_every_question_has_an_answer(tmp_path: Path) -> None:
    _loop(tmp_path)
    odd = [tmp_path / name for name in ("odd", "odd/x", LONG, "a\0b", "none", "none/none", "\ud800")]
    for path in odd:
        answers = (paths.exists(path), paths.is_file(path), paths.is_folder(path), paths.lies_inside(path, Path("/x")))
        assert not any(answers), path
        assert paths.relative(path, tmp_path)
        for ask in (paths.status, paths.open_regular, lambda path: list(paths.entries(path))):
            with pytest.raises(Unreadable):
                ask(path)
    assert paths.lexists(tmp_path / "odd")
    assert paths.is_link(tmp_path / "odd")


def test_the_current_folder_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    with pytest.raises(UsageError, match="the current folder no longer exists"):
        paths.current_folder()
    assert paths.relative("a/b", "c") == "a/b"
