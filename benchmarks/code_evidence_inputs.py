"""What `benchmarks.code_evidence` judges: environments that uv installs, and the artifacts that they write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import tomli

LIST = Path(__file__).with_name("code_evidence.toml")
LIMIT = 600
"""Seconds that one environment has to write its artifacts."""
SCRIPTS = {"sklearn": "gridlib.py", "pandas": "gridlib.py", "lightgbm": "gridlib.py"}
"""The script of the grid tools that writes the artifacts of a family; the others are frameworks."""
PLATFORM = "x86_64-manylinux_2_28"


class WantedEnvironment(NamedTuple):
    """An environment as the list has it; `reads`: only its code is wanted; `only`: parts of names of artifacts."""

    name: str
    python: str
    requirements: list[str]
    reads: bool
    only: str = ""


def wanted_environments(packages: list[str]) -> list[WantedEnvironment]:
    """The environments of some families, of all where none is named."""
    rows = tomli.loads(LIST.read_text(encoding="utf-8"))["environment"]
    every = [
        WantedEnvironment(row["name"], row["python"], row["requirements"], row.get("reads", False), row.get("only", ""))
        for row in rows
    ]
    return [one for one in every if not packages or one.name.partition("-")[0] in packages]


def make_inputs(work: Path, knowledge: Path, packages: list[str]) -> None:
    """Install what is not installed yet, and let each environment write what it has not written; says what fails."""
    for wanted in wanted_environments(packages):
        folder = work / "venvs" / wanted.name
        if not (folder / "ok").exists() and not _install(wanted, folder):
            continue
        if not wanted.reads:
            _write_artifacts(wanted, folder, work / "art", knowledge / "grid-tools")


def _install(wanted: WantedEnvironment, folder: Path) -> bool:
    """Whether uv could install it: as an environment, or into a folder where only the code is wanted."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    into = ["--python", str(folder / "bin" / "python")]
    if wanted.reads:
        target = folder / "lib" / f"python{wanted.python}" / "site-packages"
        target.mkdir(parents=True, exist_ok=True)
        into = ["--target", str(target), "--python-version", wanted.python, "--python-platform", PLATFORM]
    elif not _done(["uv", "venv", "--quiet", "--clear", "--python", wanted.python, str(folder)], wanted.name):
        return False
    install = ["uv", "pip", "install", "--quiet", "--only-binary", ":all:", *into, *wanted.requirements]
    if not _done(install, wanted.name):
        return False
    (folder / "ok").touch()
    return True


def _write_artifacts(wanted: WantedEnvironment, folder: Path, artifacts: Path, tools: Path) -> None:
    family, _, version = wanted.name.partition("-")
    target = artifacts / family / version
    if (target / "manifest.json").exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    script = SCRIPTS.get(family, "frameworks/dlgrid.py")
    _done([str(folder / "bin" / "python"), str(tools / script), "dump", family, str(target)], wanted.name, wanted.only)


def _done(command: list[str], name: str, only: str = "") -> bool:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ONLY": only}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{name}: {command[0]}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"{name}: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return done.returncode == 0
