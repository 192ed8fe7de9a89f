"""The GitHub Action: its shell steps run as a runner runs them, on a repository of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import HANDED_OVER, ROOT, committed, environment, write
from tests.environments import OFFLINE

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{\s*(?P<of>[\w.-]+)\s*\}\}")

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are bash")


@dataclass
class Runner:
    """What of GitHub's runner a composite action meets: expressions in `env`, command files, one shell a step.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
    """

    workspace: Path
    temp: Path
    known: dict[str, str] = field(default_factory=dict)

    def step(self, step: Mapping[str, Any], **more: str) -> subprocess.CompletedProcess[str]:
        script, output = self.temp / "step.sh", self.temp / "output.txt"
        script.write_text(step["run"], encoding="utf-8")
        output.write_text("", encoding="utf-8")
        given = {name: self.evaluated(text) for name, text in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary), "RUNNER_TEMP": str(self.temp)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env=environment(GITHUB_ACTIONS="true", CI="true", **files, **given, **more),
            capture_output=True,
            text=True,
            check=False,
        )
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{name}"] = value
        return done

    @property
    def summary(self) -> Path:
        return self.temp / "summary.md"

    def evaluated(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.known[found["of"]], text)

    def outputs(self) -> dict[str, str]:
        return {name: self.evaluated(output["value"]) for name, output in ACTION["outputs"].items()}


SHOUT = "import pathlib; pathlib.Path('imported').touch(); raise SystemExit(0)\n"
SHADOWS = (
    *("venv.py", "pip/__init__.py", "pip/__main__.py", "ensurepip.py", "hatchling.py", "sitecustomize.py"),
    *("mlaudit/__init__.py", "mlaudit/__main__.py", "typer.py", "yaml.py", "runpy.py", "importlib.py", "json.py"),
)
"""What Python would import instead of its own, were the audited folder on the import path."""


def of(ident: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(step for step in STEPS if step.get("id") == ident)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of programs that the first step makes."""
    workspace, temp = tmp_path_factory.mktemp("action"), tmp_path_factory.mktemp("temp")
    write(workspace, dict.fromkeys(SHADOWS, SHOUT))
    runner = Runner(workspace, temp, {"github.action_path": str(ROOT), "inputs.version": ""})
    done = runner.step(of("install"))
    if done.returncode and OFFLINE.search(done.stderr):
        pytest.skip("no package index answers")
    assert done.returncode == 0, done.stderr
    assert not (workspace / "imported").exists(), "a module of the audited repository was imported"
    return runner.known["steps.install.outputs.bin"]


@pytest.fixture
def runner(tmp_path: Path, installed: str) -> Runner:
    """A workspace that drifts, and inputs at their defaults."""
    workspace, temp = tmp_path / "workspace", tmp_path / "temp"
    temp.mkdir()
    (temp / "summary.md").write_text("of an earlier step\n", encoding="utf-8")
    write(
        workspace,
        {
            **{f"drift/{path}": text for path, text in HANDED_OVER.items()},
            "drift/training/requirements.txt": "numpy==2.1.3\n",
            "drift/serving/requirements.txt": "numpy==1.26.0\n",
            "fine/training/requirements.txt": "numpy==2.1.3\n",
            "fine/serving/requirements.txt": "numpy==2.1.3\n",
        },
    )
    inputs = {f"inputs.{name}": str(row["default"]) for name, row in ACTION["inputs"].items()}
    return Runner(workspace, temp, {**inputs, "steps.install.outputs.bin": installed})


@pytest.mark.slow
def test_drift_fails_the_step_with_annotations_summary_and_sarif(runner: Runner) -> None:
    runner.known |= {"inputs.paths": "drift\nfine\n"}
    done = runner.step(of("audit"))
    assert done.returncode == 1, done.stderr
    assert "::error file=drift/serving/requirements.txt,line=1" in done.stdout
    summary = runner.summary.read_text(encoding="utf-8")
    assert summary.startswith("of an earlier step\n")
    assert "numpy" in summary
    assert runner.outputs() == {"exit-code": "1", "sarif-file": "mlaudit.sarif"}
    sarif = json.loads((runner.workspace / "mlaudit.sarif").read_text(encoding="utf-8"))
    assert sarif["runs"][0]["results"][0]["ruleId"] == "MLA101"


def test_no_step_imports_from_the_workspace(runner: Runner) -> None:
    """The first step was run beside these modules too, by the fixture."""
    write(runner.workspace, dict.fromkeys(SHADOWS, SHOUT))
    runner.known |= {"inputs.paths": "drift"}
    done = runner.step(of("audit"), PYTHONPATH=str(runner.workspace))
    assert done.returncode == 1, done.stderr
    assert not (runner.workspace / "imported").exists()


def test_everything_that_is_fetched_is_known_by_its_hash() -> None:
    script = of("install")["run"]
    fetching = [line for line in script.splitlines() if "install " in line and "-m venv" not in line]
    assert [("--require-hashes" in line, "--no-deps" in line) for line in fetching] == [(True, True), (False, True)]
    text = (ROOT / "action-requirements.txt").read_text(encoding="utf-8").replace("\\\n", "")
    rows = [row for row in text.splitlines() if row and not row.startswith("#")]
    assert rows
    assert [row for row in rows if "==" not in row or "--hash=sha256:" not in row] == []
    named = {requirement.name for requirement in map(Requirement, (row.partition(" --hash")[0] for row in rows))}
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = (*project["project"]["dependencies"], *project["build-system"]["requires"])
    assert {canonicalize_name(Requirement(row).name) for row in wanted} <= named


@pytest.mark.slow
def test_aligned_passes(runner: Runner) -> None:
    runner.known |= {"inputs.paths": "fine"}
    done = runner.step(of("audit"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.outputs() == {"exit-code": "0", "sarif-file": "mlaudit.sarif"}


@pytest.mark.slow
def test_inputs_reach_the_command(runner: Runner) -> None:
    runner.known |= {
        "inputs.fail-on": "never",
        "inputs.sarif-file": "",
        "inputs.format": "junit=out.xml\njson=out.json",
        "inputs.arguments": "--package\nnumpy",
    }
    done = runner.step(of("audit"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.outputs() == {"exit-code": "0", "sarif-file": ""}
    assert (runner.workspace / "out.xml").is_file()
    assert {row["package"] for row in json.loads((runner.workspace / "out.json").read_text())["rows"]} == {"numpy"}


@pytest.mark.slow
def test_against_a_revision_only_what_is_new_fails_the_step(runner: Runner) -> None:
    write(runner.workspace, {f"fine/{path}": text for path, text in HANDED_OVER.items()})
    committed(runner.workspace)
    runner.known |= {"inputs.paths": "drift\nfine", "inputs.against": "HEAD"}
    assert runner.step(of("audit")).returncode == 0
    write(runner.workspace, {"fine/serving/requirements.txt": "numpy==1.26.0\n"})
    done = runner.step(of("audit"))
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if "file=drift" in line] == []
    assert "::error file=fine/serving/requirements.txt,line=1" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paths", "fail-on", "against", "sarif-file", "format", "arguments"])
def test_an_input_is_no_shell_text(runner: Runner, name: str) -> None:
    """What a pull request may name (a branch, a path) ends up in inputs."""
    runner.known[f"inputs.{name}"] = "\"; touch owned; $(touch owned) `touch owned` ' #"
    runner.step(of("audit"))
    assert not (runner.workspace / "owned").exists()
    assert runner.known["steps.audit.outputs.exit-code"] in ("0", "1", "2")


@pytest.mark.slow
def test_a_path_is_never_an_option(runner: Runner) -> None:
    runner.known["inputs.paths"] = "--write-baseline=owned"
    runner.step(of("audit"))
    assert not (runner.workspace / "owned").exists()
    assert runner.outputs()["exit-code"] == "2"


@pytest.mark.slow
def test_an_output_is_one_line(runner: Runner) -> None:
    runner.known |= {"inputs.paths": "fine", "inputs.sarif-file": "a.sarif\nexit-code=7"}
    runner.step(of("audit"))
    assert runner.outputs() == {"exit-code": "0", "sarif-file": "a.sarif"}


def test_no_step_interpolates_into_its_script() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_described() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(ACTION["inputs"])
    assert all(row["description"] for row in ACTION["inputs"].values())
