"""The hook as the real pre-commit installs and runs it, from a local clone of this checkout."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.checkout import ROOT, clone, committed, environment, git, write
from tests.environments import OFFLINE

HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
PROJECT = {
    "training/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
    "serving/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
    "batch/requirements.txt": "numpy==1.26.0\n",
    "tools/requirements-dev.txt": "ruff\n",
    "app.py": "import numpy\n",
    "mlaudit.toml": """\
[environments.training]
sources = ["training/requirements.txt"]

[environments.serving]
sources = ["serving/requirements.txt"]
follows = "training"

[environments.old-training]
sources = ["batch/requirements.txt"]

[environments.old-serving]
sources = ["batch/requirements.txt"]
follows = "old-training"
""",
}


@pytest.mark.parametrize(
    ("path", "starts"),
    [
        ("requirements.txt", True),
        ("serving/requirements-gpu.in", True),
        ("requirements/train.txt", True),
        ("uv.lock", True),
        ("services/api/Dockerfile.gpu", True),
        ("environment.yml", True),
        ("mlaudit.toml", True),
        ("model.snapshot.json", True),
        ("app.py", False),
        ("README.md", False),
        ("data/rows.json", False),
        ("notes.txt", False),
    ],
)
def test_what_starts_the_hook(path: str, starts: bool) -> None:
    assert (re.search(HOOK["files"], path) is not None) == starts


@dataclass
class Repository:
    """A repository in which the hook is installed."""

    folder: Path
    store: Path

    def pre_commit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", *arguments]
        more = environment(PRE_COMMIT_HOME=str(self.store))
        return subprocess.run(command, cwd=self.folder, env=more, capture_output=True, text=True, check=False)

    def commit(self, files: dict[str, str]) -> tuple[bool, str]:
        """Whether a commit of some files went through, and what was said."""
        write(self.folder, files)
        git(self.folder, "add", "-A")
        done = git(self.folder, "commit", "-m", "two", PRE_COMMIT_HOME=str(self.store))
        return done.returncode == 0, done.stdout + done.stderr

    def undo(self) -> None:
        git(self.folder, "reset", "-q", "--hard")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    if find_spec("pre_commit") is None:
        pytest.skip("pre-commit is not installed; it is in the extra `dev`")
    home = tmp_path_factory.mktemp("hook")
    commit = clone(home / "mlaudit")
    made = Repository(home / "project", home / "store")
    hooks = {"repos": [{"repo": str(home / "mlaudit"), "rev": commit, "hooks": [{"id": "mlaudit"}]}]}
    write(made.folder, {**PROJECT, ".pre-commit-config.yaml": yaml.safe_dump(hooks)})
    committed(made.folder)
    done = made.pre_commit("install", "--install-hooks")
    if done.returncode and OFFLINE.search(done.stdout + done.stderr):
        pytest.skip("no package index answers, so pre-commit cannot install the hook")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "passes", "said"),
    [
        ({"serving/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\nclick==8.1.0\n"}, True, ["Passed"]),
        (
            {"serving/requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.2\n"},
            False,
            [
                "error[MLA101] numpy 2.1.3 → 1.26.0: artifacts do not load",
                "serving/requirements.txt:1:1",
                "training/requirements.txt:1:1",
                "fix     serving: numpy==2.1.3",
            ],
        ),
        ({"training/requirements.txt": "numpy==2.1.3\nscikit-learn==1.9.0\n"}, False, ["scikit-learn 1.9.0 → 1.5.2"]),
        ({"tools/requirements-dev.txt": "ruff\nmypy\n"}, True, ["Passed"]),
        ({"app.py": "import scipy\n"}, True, ["no files to check"]),
    ],
    ids=["aligned", "serving-drifts", "training-drifts", "of-no-environment", "no-manifest"],
)
def test_a_commit(repository: Repository, files: dict[str, str], passes: bool, said: Sequence[str]) -> None:
    try:
        passed, output = repository.commit(files)
        assert passed == passes, output
        assert [part for part in said if part not in output] == []
    finally:
        repository.undo()


@pytest.mark.slow
def test_against_head_only_what_the_commit_brings_fails_it(repository: Repository) -> None:
    path = repository.folder / ".pre-commit-config.yaml"
    hooks = yaml.safe_load(path.read_text())
    hooks["repos"][0]["hooks"][0]["args"] = ["--against", "HEAD"]
    before = git(repository.folder, "rev-parse", "HEAD").stdout.strip()
    drifted = {"serving/requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.2\n"}
    try:
        write(repository.folder, {**drifted, path.name: yaml.safe_dump(hooks)})
        git(repository.folder, "add", "-A")
        assert git(repository.folder, "commit", "--no-verify", "-m", "drifts").returncode == 0
        passed, said = repository.commit(
            {"serving/requirements.txt": f"# as it was\n{drifted['serving/requirements.txt']}"}
        )
        assert passed, said
        passed, said = repository.commit({"serving/requirements.txt": "numpy==1.26.0\nscikit-learn==1.2.2\n"})
        assert not passed
        assert "scikit-learn 1.5.2 → 1.2.2" in said
        assert "numpy" not in said.partition("1 error")[0].partition("error[")[2].partition("\n")[0]
    finally:
        git(repository.folder, "reset", "-q", "--hard", before)


@pytest.mark.slow
def test_only_touched_environments_are_audited(repository: Repository) -> None:
    files = ["serving/requirements.txt"]
    said = repository.pre_commit("run", "mlaudit", "--verbose", "--files", *files)
    assert said.returncode == 0, said.stdout
    assert "aligned across training and serving" in said.stdout
    assert "old-" not in said.stdout
