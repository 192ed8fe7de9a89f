"""`--resolve` of conda environments: a stand-in on the PATH answers as the tools' documentation says that they do.

No channel of conda can be reached where these tests run, so the tools themselves are not tried.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import write
from tests.command_line import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
TOOL = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), os.environ["CONDA_SUBDIR"], *sys.argv[1:]]) + "\\n")
sys.stdout.write({out!r})
sys.stderr.write({says!r})
sys.exit({code})
"""
FOUND = {
    "actions": {
        "LINK": [
            {"name": "python", "version": "3.11.9", "channel": "conda-forge", "build_string": "h1"},
            {"name": "numpy", "version": "1.26.4", "channel": "conda-forge", "build_string": "py311"},
            {"name": "pytorch", "version": "2.3.1", "channel": "conda-forge", "build_string": "cpu_py311"},
            {"name": 3, "version": None},
        ],
    },
    "success": True,
}
UNFIT = {"success": False, "solver_problems": ["nothing provides numpy >=9 needed by the user"]}
FILE = """channels:
  - conda-forge
  - https://user:secret@channels.example/own
  - nodefaults
dependencies:
  - python=3.11
  - numpy>=1.26,<2
  - pytorch
  - pip:
    - shelf>=1
"""


def stand_in(
    folder: Path, answer: object, *, name: str = "micromamba", code: int = 0, says: str = ""
) -> dict[str, str]:
    """A tool on a PATH of its own, and a cache of its own."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    out = answer if isinstance(answer, str) else json.dumps(answer)
    text = TOOL.format(python=sys.executable, log=str(folder / "log"), out=out, says=says, code=code)
    (tools / name).write_text(text)
    (tools / name).chmod(0o755)
    return {"PATH": str(tools), "MLAUDIT_CACHE_DIR": str(folder / "cache"), "SOURCE_DATE_EPOCH": "1790000000"}


def audited(folder: Path, env: dict[str, str], *more: str) -> dict[str, Any]:
    write(
        folder,
        {
            "training/environment.yml": FILE,
            "serving/requirements.lock": f"numpy==2.0.0 --hash=sha256:{'0' * 64}\n",
        },
    )
    words = ("compare", "training/environment.yml", "serving/requirements.lock", "--package", "*", "--resolve", *more)
    done = run(folder, *words, "--platform", "linux-x86_64", "--format", "json", env=env)
    assert "Traceback" not in done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["micromamba", "mamba", "conda"])
def test_a_dry_run_makes_a_loose_environment_exact(tmp_path: Path, name: str) -> None:
    env = stand_in(tmp_path, FOUND, name=name)
    found = audited(tmp_path, env)
    rows = {row["package"]: row for row in found["rows"]}
    for package, version in (("numpy", "1.26.4"), ("torch", "2.3.1")):
        assert rows[package]["versions"]["training"] == version
        assert rows[package]["cells"]["training"]["layer"] == "resolved"
    notes = json.dumps(found)
    assert f"{name} resolved 2 packages for linux-64; nothing was installed" in notes
    assert f"{name} was not asked for what pip installs on top (1 package)" in notes
    (words,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert words[:7] == [name, "linux-64", "create", "--dry-run", "--json", "--yes", "--quiet"]
    assert words[9:] == ["--override-channels", "-c", "conda-forge", "numpy>=1.26,<2", "python=3.11", "pytorch"]
    # The second time the answer lies in the cache.
    assert audited(tmp_path, env)["rows"] == found["rows"]
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_what_does_not_fit_is_a_finding(tmp_path: Path) -> None:
    found = audited(tmp_path, stand_in(tmp_path, UNFIT, code=1))
    (finding,) = [one for one in found["findings"] if one["code"] == "MLA907"]
    assert finding["message"] == "training cannot be installed: micromamba finds no versions that satisfy it."
    assert "nothing provides numpy >=9" in json.dumps(finding)


@pytest.mark.parametrize(
    ("answer", "code", "says", "told"),
    [
        ("", 1, "Could not reach the channel", "micromamba reports: Could not reach the channel"),
        ("[1]", 0, "", "micromamba reports: exit code 0, and no JSON"),
        ({"success": False, "message": "HTTP 000"}, 1, "", "micromamba reports: HTTP 000"),
        ("[" * 100_000, 0, "", "micromamba reports: exit code 0, and no JSON"),
        ({"success": False, "error": "at https://me:hunter2hunter2@channels.example"}, 1, "", "micromamba reports: at"),
    ],
)
def test_what_a_tool_cannot_answer_leaves_the_audit_as_it_is(
    tmp_path: Path, answer: object, code: int, says: str, told: str
) -> None:
    found = audited(tmp_path, stand_in(tmp_path, answer, code=code, says=says))
    notes = json.dumps(found)
    assert f"training was not resolved, and is audited as it is; {told}" in notes
    assert "hunter2" not in json.dumps(found)
    assert not list((tmp_path / "cache").rglob("resolved-conda*/*"))


def test_without_a_tool_or_for_a_day_it_is_said(tmp_path: Path) -> None:
    env = stand_in(tmp_path, FOUND, name="other")
    notes = json.dumps(audited(tmp_path, env))
    assert "training was not resolved: conda installs some of it, and none of micromamba, mamba, conda is on" in notes
    env = stand_in(tmp_path, FOUND)
    notes = json.dumps(audited(tmp_path, env, "--as-of", "2026-01-15"))
    assert "training was not resolved: conda installs some of it, and its tools know no state of a channel" in notes
    assert not (tmp_path / "log").exists()
