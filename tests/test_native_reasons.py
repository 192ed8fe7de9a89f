"""Who requires what, as `mlaudit why` has it of every poetry.lock of the corpus, against `poetry show --tree`.

The tree knows neither markers nor which extras are asked for: what it has more must be a requirement that does not hold
for the target. Of a package that is locked in several versions it shows one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import tomli
from packaging.markers import Marker

import mlaudit
from mlaudit.model.names import normalized
from tests.native import copied, corpus
from tests.native import environment as machine
from tests.nightly import some_now
from tests.test_native_poetry import FIXTURES, LOCKS, POETRY

PYTHON = "3.11"
Edge = tuple[str, str]
pytestmark = [
    pytest.mark.skipif(POETRY is None, reason="poetry is neither beside this Python nor on the PATH"),
    pytest.mark.slow,
]


def tree(folder: Path) -> set[tuple[str, ...]]:
    """Every path of the tree of the main dependencies."""
    done = subprocess.run(
        [str(POETRY), "show", "--tree", "--no-ansi", "--only", "main"],
        cwd=folder,
        env={**os.environ, "POETRY_VIRTUALENVS_PATH": str(folder.parent / "environments")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        pytest.skip(f"poetry shows no tree of this lock: {done.stderr[-200:]}")
    found: set[tuple[str, ...]] = set()
    stack: list[str] = []
    for line in done.stdout.splitlines():
        shown = re.match(r"((?:[│ ] {3})*)([├└]── )?(\S+)", line)
        assert shown, line
        stack[len(shown[1]) // 4 + bool(shown[2]) :] = [normalized(shown[3])]
        found.add(tuple(stack))
    return found


def reasons(folder: Path, names: set[str], project: str) -> Iterator[tuple[str, ...]]:
    """Every path that mlaudit finds to some packages, without the project itself."""
    for name in sorted(names):
        try:
            reason = mlaudit.why(name, "poetry.lock", root=folder, all_=True, python=PYTHON, platform="linux-x86_64")
        except mlaudit.UsageError:
            # It is not installed for this target.
            continue
        assert not reason.limited
        for path in reason.paths:
            steps = tuple(normalized(step.name) for step in path.steps)
            yield steps[1:] if steps[0] == project else steps


def edges(paths: set[tuple[str, ...]]) -> set[Edge]:
    return {edge for path in paths for edge in pairwise(path)}


def requirements(folder: Path) -> tuple[dict[Edge, list[str | None]], set[str]]:
    """The markers of each requirement of a lock, and the packages that it has in several versions."""
    packages = tomli.loads((folder / "poetry.lock").read_text(encoding="utf-8"))["package"]
    found: dict[Edge, list[str | None]] = {}
    for package in packages:
        for name, stated in package.get("dependencies", {}).items():
            for one in stated if isinstance(stated, list) else [stated]:
                marker = one.get("markers") if isinstance(one, dict) else None
                found.setdefault((normalized(package["name"]), normalized(name)), []).append(marker)
    counted = Counter(normalized(package["name"]) for package in packages)
    return found, {name for name, number in counted.items() if number > 1}


@pytest.mark.parametrize(
    "lock", some_now([*FIXTURES, *LOCKS]), ids=lambda lock: f"{lock.parent.parent.name}-{lock.parent.name}"
)
def test_requirements_are_those_of_poetry(lock: Path, tmp_path: Path) -> None:
    if lock in FIXTURES:
        folder = tmp_path / "case"
        shutil.copytree(lock.parent, folder)
    else:
        repository = corpus() / lock.relative_to(corpus()).parts[0]
        root = copied(repository, tmp_path / "root", ("pyproject.toml", "poetry.lock"))
        folder = root / lock.parent.relative_to(repository)
    theirs = tree(folder)
    names = {name for path in theirs for name in path}
    stated = tomli.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    project = stated.get("project", {}).get("name") or stated["tool"]["poetry"].get("name", "")
    mine = set(reasons(folder, names, normalized(project)))
    markers, several = requirements(folder)
    installed = {name for path in mine for name in path}

    unknown = {edge for edge in edges(mine) - edges(theirs) if several.isdisjoint(edge)}
    assert unknown == set()
    missing = {
        edge
        for edge in edges(theirs) - edges(mine)
        if several.isdisjoint(edge) and installed.issuperset(edge)
        and any(marker is None or Marker(marker).evaluate(machine(PYTHON)) for marker in markers[edge])
    }  # fmt: skip
    assert missing == set()
