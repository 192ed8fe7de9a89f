"""This checkout as another repository sees it: a git clone that holds what the working tree holds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BUILT = ("mlaudit", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "action.yml", ".pre-commit-hooks.yaml")


def environment(**more: str) -> dict[str, str]:
    """The process environment without what a user's git, a CI or a coverage run would bring into a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "INPUT_"))}
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.example",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.example",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    return {name: value for name, value in kept.items() if name not in ("CI", "NO_COLOR")} | identity | more


def git(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A git command in a folder, its outcome unchecked."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment(**more), capture_output=True, text=True, check=False
    )


def committed(folder: Path, message: str = "one") -> str:
    """Everything in a folder committed, the repository made where there is none; the commit."""
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", message)):
        done = git(folder, *arguments)
        assert done.returncode == 0, done.stderr
    return git(folder, "rev-parse", "HEAD").stdout.strip()


HANDED_OVER = {
    "training/train.py": 'import joblib\n\njoblib.dump(fitted, "churn.joblib")\n',
    "serving/app.py": 'import joblib\n\nchurn = joblib.load("churn.joblib")\n',
}
"""Code by which serving reads what training writes, so that the pair is no guess."""


def write(folder: Path, files: dict[str, str]) -> None:
    """Text files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def clone(folder: Path) -> str:
    """What an installer needs of this checkout, uncommitted changes included, as a repository; its commit."""
    folder.mkdir()
    for name in _BUILT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return committed(folder)
