"""What an audited tree may make an audit read, ignore or import: what lies inside, and never without a word."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from subprocess import run as start
from typing import Any

import pytest

from mlaudit.parsers._registry import is_named
from mlaudit.sources.confinement import is_absolute
from mlaudit.sources.listing import walk
from tests.checkout import committed, environment, write
from tests.command_line import drifted, report, run

LINE = "machine git.example login bot password hunter2"
FORMATS = ("table", "json", "sarif", "github", "markdown", "html", "gitlab", "junit", "csv", "github-summary")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An audited folder with links out of it, beside a file that it must not show."""
    folder = tmp_path / "tree"
    write(tmp_path, {"home/netrc": f"{LINE}\n", "home/requirements.txt": "hunter2==1.0\n"})
    write(folder, {"serving/requirements.txt": "numpy==1.0\n", "inside/file.txt": "numpy==1.0\n"})
    (folder / "link.txt").symlink_to("../home/netrc")
    (folder / "folder").symlink_to("../home")
    (folder / "within.txt").symlink_to("inside/file.txt")
    return folder


def configured(folder: Path, source: str, key: str = "sources") -> Path:
    sources = f"sources = [{source!r}]" if key == "sources" else f"sources = ['within.txt']\n{key} = [{source!r}]"
    text = f"[environments.training]\n{sources}\n[environments.serving]\nsources = ['serving/requirements.txt']\n"
    write(folder, {"mlaudit.toml": text + "follows = 'training'\n"})
    return folder


@pytest.mark.parametrize(
    ("source", "reason", "key"),
    [
        ("{home}/netrc", "absolute path", "writes"),
        ("../home", "outside", "writes"),
        ("{home}/netrc", "absolute path", "reads"),
        ("link.txt", "outside", "reads"),
        ("{home}/netrc", "absolute path", "sources"),
        ("{home}/netrc#format=requirements", "absolute path", "sources"),
        ("{tree}/inside/file.txt", "absolute path", "sources"),
        ("/proc/self/cwd/inside/file.txt", "absolute path", "sources"),
        ("../home/netrc", "outside", "sources"),
        ("inside/../../home/netrc", "outside", "sources"),
        ("../home", "outside", "sources"),
        ("link.txt", "outside", "sources"),
        ("folder/netrc", "outside", "sources"),
        ("folder", "outside", "sources"),
        ("name=../home/netrc", "outside", "sources"),
        ("git+file://{tree}@HEAD#path=within.txt", "git+file:", "sources"),
        ("-", "standard input", "sources"),
    ],
)
def test_a_configuration_that_was_found_names_nothing_outside(tree: Path, source: str, reason: str, key: str) -> None:
    configured(tree, source.format(home=tree.parent / "home", tree=tree), key)
    data = report(tree, "check")
    assert data["exit_code"] == 2
    refused = [entry for entry in data["unread"] if reason in entry["why"]]
    assert [(entry["path"], entry["environment"]) for entry in refused] == [("mlaudit.toml", "training")]
    assert "hunter2" not in json.dumps(data)


def test_no_report_quotes_what_lies_outside(tree: Path) -> None:
    home = tree.parent / "home"
    configured(tree, f"{home}/netrc#format=requirements")
    with (tree / "mlaudit.toml").open("a", encoding="utf-8") as file:
        file.write(f"[[same]]\nfiles = ['{home}/netrc', '../home/netrc', 'link.txt', 'serving/requirements.txt']\n")
    wanted = [word for name in FORMATS for word in ("--format", f"{name}={tree.parent / name}")]
    done = run(tree, "check", *wanted, "--verbose")
    assert done.returncode == 2
    for text in (done.stderr, *((tree.parent / name).read_text(encoding="utf-8") for name in FORMATS)):
        assert "hunter2" not in text
        assert "git.example" not in text


@pytest.mark.parametrize("source", ["{home}/requirements.txt", "../home/requirements.txt", "folder/requirements.txt"])
def test_a_configuration_that_the_user_names_may(tree: Path, source: str) -> None:
    configured(tree, source.format(home=tree.parent / "home"))
    data = report(tree, "check", "--config", "mlaudit.toml")
    assert not data["unread"]
    assert "hunter2" in {row["package"] for row in data["rows"]}


@pytest.mark.parametrize("source", ["within.txt", "inside/file.txt", "inside", "./inside/../inside/file.txt"])
def test_what_lies_inside_is_read(tree: Path, source: str) -> None:
    (tree / "inside/file.txt").rename(tree / "inside/requirements.txt")
    (tree / "inside/file.txt").symlink_to("requirements.txt")
    assert report(configured(tree, source), "check")["unread"] == []


def test_the_repository_is_the_tree(tree: Path) -> None:
    """A configuration in a folder of a repository names what lies beside its folder."""
    write(tree, {"serving/mlaudit.toml": "[environments.a]\nsources = ['../inside/file.txt#format=requirements']\n"})
    assert report(tree / "serving", "check")["exit_code"] == 2
    committed(tree)
    assert report(tree / "serving", "check")["unread"] == []


@pytest.mark.parametrize("path", ["/x", "\\x", "C:\\x", "C:x", "\\\\host\\share", "//host/share"])
def test_what_is_absolute_anywhere(path: str) -> None:
    assert is_absolute(path)
    assert not is_absolute("x/y")


@pytest.mark.parametrize("asked", [("tree",), ("tree/serving",), ("tree/serving", "tree/inside")])
def test_an_include_stays_in_what_is_audited(tree: Path, asked: tuple[str, ...]) -> None:
    """The folder above is not audited only because the command is run there."""
    write(tree, {"serving/requirements.txt": "numpy==1.0\n-r ../../home/requirements.txt\n-r ../../home/netrc\n"})
    data = report(tree.parent, "check", *asked)
    assert len([entry for entry in data["unread"] if "outside" in entry["why"]]) == 2
    assert "hunter2" not in json.dumps(data)


# A configuration that cannot be read


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def broken(path: Path) -> None:
    path.symlink_to("nowhere")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def leaving(path: Path) -> None:
    (path.parent.parent / "elsewhere.toml").write_text("hunter2 = 1\n", encoding="utf-8")
    path.symlink_to("../elsewhere.toml")


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def undecodable(path: Path) -> None:
    path.write_bytes(b'fail-on = "\xff"\n')


@pytest.mark.parametrize(
    ("make", "command"),
    [*((make, "check") for make in (fifo, folder, broken, circle, leaving, device, undecodable)), (fifo, "compare")],
)
def test_a_configuration_is_never_passed_over(tmp_path: Path, make: Any, command: str) -> None:
    drifted(tmp_path / "tree")
    make(tmp_path / "tree" / "mlaudit.toml")
    sides = ("training/requirements.txt", "serving/requirements.txt") if command == "compare" else ()
    done = run(tmp_path / "tree", command, *sides)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: mlaudit.toml:")
    assert "hunter2" not in done.stderr
    assert run(tmp_path / "tree", command, *sides, "--isolated").returncode == 1


@pytest.mark.parametrize("make", [fifo, broken])
def test_a_named_configuration_says_why_it_is_none(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "own.toml")
    done = run(drifted(tmp_path), "check", "--config", "own.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --config own.toml: ")


# What an audited tree says about findings


def hiding(folder: Path, *, waiver: str = "") -> Path:
    drifted(folder)
    path = folder / "serving/requirements.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("1.26.0", f"1.26.0{waiver}"), encoding="utf-8")
    return folder


WAIVER = "  # mlaudit: ignore[MLA101] reason: known"
IGNORE = "[[ignore]]\npackage = 'numpy'\nreason = 'in the baseline'\n"


@pytest.mark.parametrize(
    ("configuration", "waiver", "counted"),
    [
        (IGNORE, "", "configuration"),
        ("", WAIVER, "waivers"),
        ("ignore-codes = ['MLA1']\n", "", "left_out"),
        ("select = ['MLA9']\n", "", "left_out"),
    ],
)
def test_no_config_sees_what_the_tree_hides(tmp_path: Path, configuration: str, waiver: str, counted: str) -> None:
    write(hiding(tmp_path, waiver=waiver), {"mlaudit.toml": configuration})
    hidden = report(tmp_path, "check")
    assert hidden["exit_code"] == 0
    assert hidden["summary"]["suppressed_by"][counted] >= 1
    open_ = report(tmp_path, "check", "--no-config")
    assert open_["exit_code"] == 1
    assert set(open_["summary"]["suppressed_by"].values()) == {0}
    names = ("table", "github", "markdown", "html", "github-summary")
    run(tmp_path, "check", *(word for name in names for word in ("--format", f"{name}=out.{name}")))
    for name in names:
        text = " ".join((tmp_path / f"out.{name}").read_text(encoding="utf-8").split())
        assert "left out by code" in text or "suppressed (1 by" in text, name


def test_a_configuration_of_the_user_counts_without_that_of_the_tree(tmp_path: Path) -> None:
    write(hiding(tmp_path / "tree"), {"mlaudit.toml": IGNORE})
    write(tmp_path, {"own.toml": "fail-on = 'never'\n"})
    data = report(tmp_path / "tree", "check", "--no-config", "--config", "../own.toml")
    assert (data["exit_code"], data["summary"]["error"], data["summary"]["suppressed"]) == (0, 1, 0)


def test_a_reason_does_not_make_a_baseline(tmp_path: Path) -> None:
    write(hiding(tmp_path), {"mlaudit.toml": IGNORE})
    run(tmp_path, "check", "--write-baseline", "baseline.json")
    known = json.loads((tmp_path / "baseline.json").read_text(encoding="utf-8"))["findings"]
    assert not any("numpy" in what for what in known.values())


# Links, as discovery sees them


def test_links_are_followed_inside(tmp_path: Path) -> None:
    write(tmp_path, {"training/requirements.txt": "", "common/reqs-x": "", ".shared/api/requirements.txt": ""})
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving/requirements.txt").symlink_to("../common/reqs-x")
    (tmp_path / "api").symlink_to(".shared/api")
    found = walk(tmp_path, is_named)
    assert set(found.paths) >= {"serving/requirements.txt", "training/requirements.txt", "api/requirements.txt"}
    assert not found.unread


def test_a_folder_is_looked_into_once(tmp_path: Path) -> None:
    write(tmp_path, {"v3/requirements.txt": "", "v3/deep/requirements.txt": ""})
    for name, target in {"latest": "v3", "v3/up": "..", "v3/deep/here": ".", "again": "latest"}.items():
        (tmp_path / name).symlink_to(target)
    found = walk(tmp_path, is_named)
    assert found.paths == ("v3/deep/requirements.txt", "v3/requirements.txt")
    assert [entry.at.path for entry in found.unread] == ["again", "latest", "v3/deep/here", "v3/up"]
    assert all("looked into under that name" in entry.why for entry in found.unread)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nowhere", "something that does not exist"),
        ("requirements.txt", "something that does not exist"),
        ("../outside.txt", "leads out"),
        ("/dev/zero", "leads out"),
        ("pipe", "no file"),
        ("other-requirements.txt", "beside it"),
    ],
)
def test_a_link_that_is_not_followed_is_said(tmp_path: Path, target: str, reason: str) -> None:
    write(tmp_path, {"outside.txt": "", "tree/other-requirements.txt": ""})
    os.mkfifo(tmp_path / "tree" / "pipe")
    (tmp_path / "tree" / "requirements.txt").symlink_to(target)
    found = walk(tmp_path / "tree", is_named)
    assert found.paths == ("other-requirements.txt",)
    assert [(entry.at.path, reason in entry.why) for entry in found.unread] == [("requirements.txt", True)]
    assert "requirements.txt" in run(tmp_path / "tree", "check").stdout


def test_links_among_data_are_no_news(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").symlink_to(f"/mnt/images/{number}.png")
    assert not walk(tmp_path, is_named).unread


# What is imported


@pytest.mark.parametrize(
    ("path", "program"),
    [
        *((path, ("-m", "mlaudit")) for path in ("", ".", "{tree}", ":{tree}/sub")),
        ("sub:", ("-c", "from mlaudit.__main__ import main; main()")),
    ],
)
def test_nothing_is_imported_from_the_current_folder(tmp_path: Path, path: str, program: tuple[str, ...]) -> None:
    shout = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    names = [f"{folder}{name}.py" for folder in ("", "sub/") for name in ("typer", "yaml", "tomli", "rich", "pathlib")]
    write(tmp_path / "tree", {"requirements.txt": "numpy==1.0\n", **dict.fromkeys(names, shout)})
    done = start(
        [sys.executable, *program, "check"],
        cwd=tmp_path / "tree",
        env=environment(PYTHONPATH=path.format(tree=tmp_path / "tree")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert not (tmp_path / "ran").exists()
