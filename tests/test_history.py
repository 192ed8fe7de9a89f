"""`history` on generated repositories whose truth is known, and against what `git log` itself says of the lines."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tomli

import mlaudit
from mlaudit.cli.asked import asked_options
from mlaudit.knowledge.dependency_bots import dependency_bot
from mlaudit.model.history import DriftHistory
from mlaudit.model.packaged import packaged
from mlaudit.request.options import wanted_of
from mlaudit.revisions import history as history_stage
from mlaudit.revisions import lock_core
from mlaudit.revisions.history import LONG, HistoryRequest, drift_history
from mlaudit.sources import commit_tree
from mlaudit.sources.commits import log
from mlaudit.sources.git_revision import resolve_commit
from mlaudit.sources.ignored_files import IgnoredFiles
from mlaudit.sources.repository import find_repository
from tests.checkout import committed, git, write
from tests.command_line import run
from tests.generated_history import DAY, EPOCH, History
from tests.test_against import MODEL
from tests.test_reporters import problems

TRAINING, SERVING = "training/requirements.txt", "serving/requirements.txt"
CONFIGURATION = """\
[environments.training]
sources = ["training/requirements.txt"]

[environments.serving]
sources = ["serving/requirements.txt"]
follows = "training"
"""
DEPENDABOT = "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"


def stating(training: str, serving: str) -> dict[str, str | bytes | None]:
    return {TRAINING: f"numpy=={training}\n", SERVING: f"numpy=={serving}\n"}


def day(mark: int) -> str:
    return datetime.fromtimestamp(EPOCH + mark * DAY, timezone.utc).strftime("%Y-%m-%d")


def history_of(folder: Path, *arguments: str) -> Any:
    done = run(folder, "history", "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert problems("history-1", data) == []
    return data


def periods(data: Any, made: Mapping[int, str]) -> list[list[tuple[str, str, int]]]:
    """For each period of the only drift what happened, on which side, and by which mark."""
    marks = {name: mark for mark, name in made.items()}
    (drift,) = data["drifts"]
    return [
        [
            (did, step["side"], marks[step["commit"]["name"]])
            for did in ("parted", "changed", "mended")
            for step in period[did]
        ]
        for period in drift["periods"]
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "r"


def started(history: History) -> int:
    return history.commit("main", {"mlaudit.toml": CONFIGURATION, **stating("2.1.3", "2.1.3")})


def test_a_line_with_a_bot_a_mend_and_a_revert(folder: Path) -> None:
    history = History()
    one = started(history)
    two = history.commit("main", {TRAINING: "numpy==2.2.0\n"}, parents=[one], author=DEPENDABOT, subject="Bump numpy")
    three = history.commit("main", {"README.md": "x\n"}, parents=[two])
    four = history.commit("main", {SERVING: "numpy==2.2.0\n"}, parents=[three], subject="Follow")
    five = history.commit("main", {SERVING: "numpy==2.1.3\n"}, parents=[four], subject='Revert "Follow"')
    history.commit("main", {TRAINING: "numpy==2.2.6\n"}, parents=[five])
    made = history.write(folder)
    data = history_of(folder)
    assert periods(data, made) == [
        [("parted", "writer", 2), ("mended", "reader", 4)],
        [("parted", "reader", 5), ("changed", "writer", 6)],
    ]
    (drift,) = data["drifts"]
    assert drift["periods"][0]["parted"][0]["commit"]["bot"] == "Dependabot"
    assert drift["periods"][0]["days"] == 2
    assert drift["periods"][1]["begins"].startswith(day(5))
    assert drift["latest"] == {"written": "2.2.6", "read": "2.1.3"}
    assert run(folder, "history", "--first-bad").stdout == f"{made[5]} numpy training serving\n"
    # What changed a line is what git finds, too.
    found = git(folder, "log", "--format=%H", "-S", "numpy==2.2.0", "--", SERVING).stdout.split()
    assert [made[5], made[4]] == found
    lines = git(folder, "log", "--format=%H", "-s", f"-L1,1:{TRAINING}").stdout.split()
    assert lines == [made[6], made[2], made[1]]


def test_a_merge_is_followed_into_its_branch(folder: Path) -> None:
    history = History()
    one = started(history)
    two = history.commit("topic", {SERVING: "numpy==1.26.0\n"}, parents=[one], subject="Old numpy")
    three = history.commit("topic", {"app.py": "x = 1\n"}, parents=[two])
    inner = history.commit("inner", {"lib.py": "x = 1\n"}, parents=[three])
    four = history.commit("topic", {"lib.py": "x = 1\n"}, parents=[three, inner], subject="Merge inner")
    five = history.commit("main", {"README.md": "x\n"}, parents=[one])
    six = history.commit(
        "main", {SERVING: "numpy==1.26.0\n", "app.py": "x = 1\n"}, parents=[five, four], subject="Merge"
    )
    made = history.write(folder)
    data = history_of(folder)
    assert periods(data, made) == [[("parted", "reader", two)]]
    assert data["drifts"][0]["periods"][0]["parted"][0]["landed"]["name"] == made[six]
    assert data["commits"] == 3


def test_two_branches_that_are_harmless_alone(folder: Path) -> None:
    history = History()
    one = history.commit("main", {"mlaudit.toml": CONFIGURATION, **stating("2.1.3", "2.1.3")})
    left = history.commit("left", stating("2.2.0", "2.2.0"), parents=[one])
    right = history.commit("right", {"README.md": "x\n"}, parents=[one])
    # The merge takes one side of the branch only: what it states itself is its own doing.
    merge = history.commit("main", {TRAINING: "numpy==2.2.0\n", "README.md": "x\n"}, parents=[right, left])
    history.branch("main", merge)
    made = history.write(folder)
    assert periods(history_of(folder), made) == [[("parted", "writer", left)]]


def test_renames_of_files_and_environments_are_followed(folder: Path) -> None:
    history = History()
    one = started(history)
    two = history.commit("main", {SERVING: "numpy==1.26.0\n"}, parents=[one])
    renamed = CONFIGURATION.replace(SERVING, "api/requirements.txt").replace("ments.serving", "ments.api")
    moved = {SERVING: None, "api/requirements.txt": "numpy==1.26.0\n", "mlaudit.toml": renamed}
    three = history.commit("main", moved, parents=[two])
    history.commit("main", {"api/requirements.txt": "numpy==1.26.4\n"}, parents=[three])
    made = history.write(folder)
    data = history_of(folder)
    assert periods(data, made) == [[("parted", "reader", 2), ("changed", "reader", 4)]]
    assert data["drifts"][0]["reader"] == "api"


def test_what_is_included_counts_as_of_each_commit(folder: Path) -> None:
    history = History()
    one = history.commit(
        "main",
        {
            "mlaudit.toml": CONFIGURATION,
            TRAINING: "numpy==2.1.3\n",
            SERVING: "-r ../common.txt\n",
            "common.txt": "numpy==2.1.3\n",
        },
    )
    two = history.commit("main", {"common.txt": "numpy==1.26.0\n"}, parents=[one])
    history.commit("main", {SERVING: "numpy==2.1.3\n"}, parents=[two])
    made = history.write(folder)
    assert periods(history_of(folder), made) == [[("parted", "reader", 2), ("mended", "reader", 3)]]


def test_a_commit_that_cannot_be_read_is_no_news(folder: Path) -> None:
    history = History()
    one = started(history)
    two = history.commit("main", {SERVING: "numpy==1.26.0\n"}, parents=[one])
    three = history.commit("main", {"mlaudit.toml": "nonsense = 1\n"}, parents=[two])
    history.commit("main", {"mlaudit.toml": CONFIGURATION}, parents=[three])
    made = history.write(folder)
    data = history_of(folder)
    assert periods(data, made) == [[("parted", "reader", 2)]]
    assert data["notes"][0].startswith(f"1 commit could not be read, {made[3][:12]} first: mlaudit.toml:1:1")


def test_a_forced_branch_has_the_history_that_it_has_now(folder: Path) -> None:
    history = History()
    one = started(history)
    history.commit("main", {SERVING: "numpy==1.26.0\n"}, parents=[one], subject="Gone")
    three = history.commit("main", {"README.md": "x\n"}, parents=[one])
    history.commit("main", {SERVING: "numpy==1.25.0\n"}, parents=[three])
    made = history.write(folder)
    assert periods(history_of(folder), made) == [[("parted", "reader", 4)]]


def test_a_submodule_states_what_its_commit_states(tmp_path: Path) -> None:
    library = History()
    library.commit("main", {"requirements.txt": "numpy==2.1.3\n"})
    library.commit("main", {"requirements.txt": "numpy==1.26.0\n"}, parents=[1])
    commits = library.write(tmp_path / "library")
    history = History()
    settings = {"mlaudit.toml": CONFIGURATION.replace(SERVING, "library/requirements.txt"), TRAINING: "numpy==2.1.3\n"}
    modules = f'[submodule "library"]\n\tpath = library\n\turl = {tmp_path}/library\n'
    one = history.commit("main", {**settings, ".gitmodules": modules})
    history.submodule("library", commits[1])
    two = history.commit("main", {"README.md": "x\n"}, parents=[one])
    history.commit("main", {}, parents=[two])
    history.submodule("library", commits[2])
    folder = tmp_path / "r"
    made = history.write(folder)
    data = history_of(folder)
    assert (data["drifts"], len(data["notes"])) == ([], 1)
    assert data["notes"][0].startswith("serving could not be read in 3 commits")
    assert "git submodule update --init" in data["notes"][0]
    done = git(folder, "-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init")
    assert done.returncode == 0, done.stderr
    assert periods(history_of(folder), made) == [[("parted", "reader", 3)]]


def test_two_repositories_are_merged_by_date(tmp_path: Path) -> None:
    training, serving = History(), History()
    training.commit("main", {"requirements.txt": "numpy==2.1.3\n"})
    serving.marks = 1
    serving.commit("main", {"requirements.txt": "numpy==2.1.3\n"})
    training.marks = 2
    training.commit("main", {"requirements.txt": "numpy==2.2.0\n"}, parents=[1])
    training.commit("main", {"README.md": "x\n"}, parents=[3])
    serving.marks = 5
    serving.commit("main", {"requirements.txt": "numpy==2.2.0\n"}, parents=[2])
    made = training.write(tmp_path / "training")
    made |= serving.write(tmp_path / "serving")
    write(
        tmp_path / "serving",
        {
            "both.toml": CONFIGURATION.replace(SERVING, "requirements.txt").replace(
                TRAINING, f"git+file://{tmp_path}/training@main#path=requirements.txt"
            )
        },
    )
    data = history_of(tmp_path / "serving", "--config", "both.toml")
    assert periods(data, made) == [[("parted", "writer", 3), ("mended", "reader", 6)]]
    (period,) = data["drifts"][0]["periods"]
    assert period["parted"][0]["commit"]["repository"] == "training@main"
    assert (period["days"], period["mended"][0]["commit"]["repository"]) == (3, None)


def long_line() -> History:
    history = History()
    last = started(history)
    for number in range(20):
        last = history.commit("main", {SERVING: f"numpy==2.{1 + number // 5}.3\n"}, parents=[last])
    return history


def test_since_and_shallow_say_where_they_begin(tmp_path: Path) -> None:
    made = long_line().write(tmp_path / "r")
    data = history_of(tmp_path / "r", "--since", day(12))
    assert data["commits"] == len(made) - 10
    assert data["drifts"][0]["periods"][0]["parted"] == []
    assert "were not requested" in data["begins_late"]
    assert git(tmp_path, "clone", "-q", "--depth=5", f"file://{tmp_path}/r", "shallow").returncode == 0
    data = history_of(tmp_path / "shallow")
    assert data["commits"] == 5
    assert "git fetch --unshallow" in data["begins_late"]
    done = run(tmp_path / "r", "history", "--since", "yesterday")
    assert (done.returncode, done.stderr[:15]) == (2, "error: --since ")


def test_the_terminal_and_the_page_show_it_over_time(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    long_line().write(folder)
    done = run(folder, "history", env={"SOURCE_DATE_EPOCH": str(EPOCH + 100 * DAY)})
    assert "numpy 2.1.3 → 2.4.3 (training → serving)" in done.stdout
    assert f"different since {day(7)}, 93 days" in done.stdout
    assert "▁▁▁▁▁▁▁▁▁▄█████" in done.stdout
    page = run(folder, "history", "--format", "html").stdout
    assert page.count("<svg") == 1
    assert f"numpy: different {day(7)} to now" in page
    assert run(folder, "history", "torch").stdout.startswith("No watched package")


PROJECT = """\
version = 1

[[package]]
name = "app"
version = "0.1.0"
source = {{ virtual = "." }}
dependencies = [
{requirements}]
"""
TABLE = """\
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://pypi.example/simple" }}
wheels = [
    {{ url = "https://files.pypi.example/{name}-{version}.whl", hash = "sha256:00" }},
]
"""


def uv_lock(versions: Mapping[str, str]) -> str:
    listed = "".join(f'    {{ name = "{name}" }},\n' for name in versions)
    tables = (TABLE.format(name=name, version=version) for name, version in versions.items())
    return "\n".join((PROJECT.format(requirements=listed), *tables))


def test_what_is_not_read_again_makes_no_difference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks whose other packages change are not parsed, and half of a long history is worked out by another process."""
    rng = random.Random(7)  # noqa: S311  no secret
    names = ("numpy", "torch", "pandas", *(f"helper-{number}" for number in range(20)))
    sides = {side: {name: [1, 0] for name in names} for side in ("training", "serving")}
    history = History()

    def text(side: str) -> str:
        return uv_lock({name: ".".join(map(str, version)) for name, version in sides[side].items()})

    settings = CONFIGURATION.replace("requirements.txt", "uv.lock")
    last = history.commit("main", {"mlaudit.toml": settings, **{f"{side}/uv.lock": text(side) for side in sides}})
    for _ in range(2 * LONG):
        side, name = rng.choice(list(sides)), rng.choice(names)
        sides[side][name][1] += 1
        last = history.commit("main", {f"{side}/uv.lock": text(side)}, parents=[last])
    history.write(folder)

    def evaluated() -> DriftHistory:
        ask = partial(asked_options, wanted=wanted_of(None, None, None, None))
        options = ask()
        return drift_history(HistoryRequest(root=options.root, ask=ask), options)

    monkeypatch.chdir(folder)
    quick = evaluated()
    monkeypatch.setattr(lock_core.LockCores, "core", lambda *_: None)
    monkeypatch.setattr(history_stage, "can_fork", lambda: False)
    slow = evaluated()
    assert {one.package for one in quick.drifts} == {"numpy", "torch", "pandas"}
    assert quick.drifts == slow.drifts
    assert quick.evaluated < slow.evaluated / 3


HOSTILE = "\x1b[2J<script>alert(1)</script>\u202e ::error::x"


def test_texts_of_commits_are_escaped(folder: Path) -> None:
    history = History()
    one = started(history)
    history.commit(
        "main", {SERVING: "numpy==1.26.0\n"}, parents=[one], subject=HOSTILE, author="\x1b]0;x <a@b.example>"
    )
    history.write(folder)
    for arguments in ((), ("--format", "html"), ("--format", "json")):
        text = run(folder, "history", *arguments).stdout
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "<script>alert" not in text or arguments == ("--format", "json") or not arguments


def test_nothing_of_the_repository_is_run(folder: Path, tmp_path: Path) -> None:
    long_line().write(folder)
    mark = tmp_path / "ran"
    script = tmp_path / "hook"
    write(tmp_path, {"hook": f"#!/bin/sh\ntouch '{mark}'\ncat\n"})
    script.chmod(0o755)
    hostile = f"""
[core]
\tfsmonitor = {script}
\tpager = {script}
\thooksPath = {tmp_path}
\tsshCommand = {script}
[diff]
\texternal = {script}
[diff "x"]
\ttextconv = {script}
\tcommand = {script}
[filter "x"]
\tsmudge = {script}
\tclean = {script}
\tprocess = {script}
[alias]
\tlog = !{script}
\tcat-file = !{script}
\tdiff-tree = !{script}
\tmerge-base = !{script}
[log]
\tshowSignature = true
[gpg]
\tprogram = {script}
[extensions]
\tpartialClone = origin
[remote "origin"]
\turl = ext::{script}
\tpromisor = true
"""
    with (folder / ".git/config").open("a") as stream:
        stream.write(hostile)
    write(folder, {".gitattributes": "* diff=x filter=x\n", ".git/info/attributes": "* diff=x filter=x\n"})
    assert run(folder, "history").returncode == 0
    assert run(folder, "check", "--against", "HEAD~3", "--exit-zero").returncode == 0
    assert not mark.exists()


def test_objects_that_name_each_other_billions_of_times_are_no_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_tree, "MAX_FOLDERS", 60)
    monkeypatch.setattr(commit_tree, "MAX_CHANGED", 60)
    write(folder, {TRAINING: "numpy==2.1.3\n", SERVING: "numpy==1.26.0\n"})
    committed(folder)
    name = git(folder, "hash-object", "-w", SERVING).stdout.strip()
    kind, mode = "blob", "100644"
    for _ in range(12):
        rows = "".join(f"{mode} {kind} {name}\tf{number}\n" for number in range(10))
        made = subprocess.run(["git", "mktree"], cwd=folder, input=rows.encode(), capture_output=True, check=True)
        name, kind, mode = made.stdout.decode().strip(), "tree", "040000"
    bomb = git(folder, "commit-tree", "-p", "HEAD", "-m", "bomb", name).stdout.strip()
    report = mlaudit.check(folder, against=f"HEAD..{bomb}")
    assert report.against is not None
    assert "more than 60 folders" in " ".join(one.why for one in report.found)


@dataclass(frozen=True)
class Ignoring:
    patterns: str
    ignored: Sequence[str]
    kept: Sequence[str]


@pytest.mark.parametrize(
    "case",
    [
        Ignoring("*.pkl\n!keep.pkl\n", ["a.pkl", "d/e/b.pkl"], ["keep.pkl", "a.txt"]),
        Ignoring("/top\n", ["top/x"], ["d/top/x", "top.txt"]),
        Ignoring("build/\n", ["build/x", "d/build/x"], ["builds/x"]),
        Ignoring("a/**/z\nq/**\n**/w\n", ["a/z", "a/b/c/z", "q/x", "q/r/y", "w", "d/w"], ["z", "b/a/z"]),
        Ignoring("# no\n\\#yes\n\\!so\nblank\\ \ncut  \n", ["#yes", "!so", "blank ", "cut"], ["no", "blank"]),
        Ignoring("d/*\n!d/kept\n", ["d/x"], ["d/kept"]),
        Ignoring("[ab]?.t\n", ["ax.t", "d/by.t"], ["cx.t", "a.t"]),
        Ignoring("libs\n!libs/kept\n", ["libs/kept", "libs/x"], []),
    ],
)
def test_ignored_files_are_those_of_git(tmp_path: Path, case: Ignoring) -> None:
    write(tmp_path, {".gitignore": case.patterns, **dict.fromkeys([*case.ignored, *case.kept], "")})
    git(tmp_path, "init", "-q")
    known = IgnoredFiles(tmp_path, tmp_path / ".git")
    for path in (*case.ignored, *case.kept):
        real = git(tmp_path, "check-ignore", "-q", path).returncode == 0
        assert real is (path in case.ignored), f"the case itself is wrong: {path}"
        assert known.ignores(path, is_folder=False) is real, path


@pytest.mark.parametrize(
    ("name", "address", "bot"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", "Dependabot"),
        ("Renovate Bot", "a@team.example", "Renovate"),
        ("Somebody", "bot@renovateapp.com", "Renovate"),
        ("pyup-bot", "", "PyUp"),
        ("a", "23717796+depfu[bot]@users.noreply.github.com", "Depfu"),
        ("Somebody", "29139614+renovate[bot]@users.noreply.github.com", "Renovate"),
        ("Ada Dependabot", "ada@team.example", None),
        ("a", "", None),
    ],
)
def test_bots_are_known_by_their_authors(name: str, address: str, bot: str | None) -> None:
    assert dependency_bot(name, address) == bot


def test_every_author_of_a_bot_has_a_name_or_an_address_and_a_source() -> None:
    text = packaged("knowledge/dependency_bots.toml")
    rows = [row for bot in tomli.loads(text).values() for row in bot["authors"]]
    assert len(rows) > 10
    for row in rows:
        assert {"source", "checked"} < row.keys() <= {"name", "address", "source", "checked"}
        assert row["source"].startswith("https://")
        assert date.fromisoformat(row["checked"]) <= date.today()


def test_models_are_left_out_and_it_is_said(folder: Path) -> None:
    history = History()
    one = history.commit("main", {"mlaudit.toml": CONFIGURATION, **stating("2.1.3", "2.1.3"), "gone.joblib": MODEL})
    two = history.commit("main", {"gone.joblib": None, "README.md": "x\n"}, parents=[one])
    history.write(folder)
    assert history_of(folder)["notes"] == []
    history.commit("main", {"models/churn.pkl": MODEL, "data.bin": "no model"}, parents=[two])
    shutil.rmtree(folder)
    history.write(folder)
    write(folder, {"uncommitted.onnx": ""})
    says = "Models are left out: models/churn.pkl. `mlaudit check` compares what they record."
    assert history_of(folder)["notes"] == [says]
    assert says in " ".join(run(folder, "history").stdout.split())


def test_the_log_is_that_of_git(folder: Path) -> None:
    long_line().write(folder)
    repository, _ = find_repository(folder, bare=False)
    found = log(repository, resolve_commit(repository, "HEAD"))
    assert [one.name for one in found] == git(folder, "log", "--format=%H").stdout.split()
    assert found[0].authored.date() == date.fromisoformat(day(21))
