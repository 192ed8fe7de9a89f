"""The pipelines that the documentation shows: run on a repository that drifts, they fail and leave their reports."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.checkout import HANDED_OVER, ROOT, write
from tests.played import Stage, blocks

PAGE = (ROOT / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")
SHOWN = {block.title: block.body for block in blocks(PAGE) if block.title}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="pipelines run bash")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A repository that drifts, and a pip that has nothing to do."""
    made = Stage(tmp_path)
    made.program("pip", 'test "$*" = "install mlaudit"')
    write(made.folder, HANDED_OVER)
    write(made.folder, {"training/requirements.txt": "numpy==2.1.3\n", "serving/requirements.txt": "numpy==1.26.0\n"})
    return made


def codes(stage: Stage, commands: Sequence[str]) -> list[int]:
    """The exit codes of a job's commands; a job ends at the first that fails."""
    found: list[int] = []
    for command in commands:
        stage.run(command)
        found.append(stage.code)
        if stage.code:
            break
    return found


def cases(path: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(path).iter("testcase"))  # noqa: S314  written by this test


def test_github(stage: Stage) -> None:
    steps = yaml.safe_load(SHOWN[".github/workflows/mlaudit.yml"])["jobs"]["drift"]["steps"]
    action = next(step for step in steps if step.get("id") == "mlaudit")
    assert set(action["with"]) <= set(ACTION["inputs"])
    asked = re.findall(r"steps\.mlaudit\.outputs\.([\w-]+)", str(steps))
    assert asked
    assert set(asked) <= set(ACTION["outputs"])
    assert {"paths", "format", "arguments"} <= set(ACTION["inputs"])


def test_github_by_hand(stage: Stage) -> None:
    (shown,) = re.findall(r"`(mlaudit check --format github-summary [^`]*)`", PAGE)
    stage.run(f"GITHUB_STEP_SUMMARY=summary.md; echo before > summary.md; {shown}")
    assert stage.code == 1
    summary = (stage.folder / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("before\n")
    assert "numpy" in summary
    assert "::error file=serving/requirements.txt" in stage.run("mlaudit check --format github")


def test_gitlab(stage: Stage) -> None:
    job: dict[str, Any] = yaml.safe_load(SHOWN[".gitlab-ci.yml"])["mlaudit"]
    assert codes(stage, job["script"]) == [0, 1]
    assert job["artifacts"]["when"] == "always"
    reports = job["artifacts"]["reports"]
    quality = json.loads((stage.folder / reports["codequality"]).read_text(encoding="utf-8"))
    assert quality[0]["location"]["path"] == "serving/requirements.txt"
    assert any(case.find("failure") is not None for case in cases(stage.folder / reports["junit"]))


def test_jenkins(stage: Stage) -> None:
    shown = SHOWN["Jenkinsfile"]
    assert codes(stage, re.findall(r"sh '([^']+)'", shown)) == [0, 1]
    (junit,) = re.findall(r"junit '([^']+)'", shown)
    assert cases(stage.folder / junit)
    (kept,) = re.findall(r"archiveArtifacts '([^']+)'", shown)
    assert (stage.folder / kept).is_file()


def test_azure(stage: Stage) -> None:
    steps = yaml.safe_load(SHOWN["azure-pipelines.yml"])["steps"]
    assert codes(stage, [step["script"] for step in steps if "script" in step]) == [0, 1]
    publish = next(step for step in steps if step.get("task", "").startswith("PublishTestResults"))
    assert publish["condition"] == "always()"
    assert cases(stage.folder / publish["inputs"]["testResultsFiles"])


def test_aligned_passes_everywhere(stage: Stage) -> None:
    write(stage.folder, {"serving/requirements.txt": "numpy==2.1.3\n"})
    job = yaml.safe_load(SHOWN[".gitlab-ci.yml"])["mlaudit"]
    assert codes(stage, job["script"]) == [0, 0]
