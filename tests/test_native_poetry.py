"""The packages that are chosen of every poetry.lock of the corpus are those that `poetry export` lists.

Held against it for every target that the lock is for: on others an export installs nothing at all, while an audit says
that the target is excluded and goes on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlaudit.environments.target import target_for
from mlaudit.model.nouns import Reading
from mlaudit.model.versions import admits
from mlaudit.parsers._read import read
from mlaudit.request.wanted import Wanted
from mlaudit.sources.working_tree import WorkingTree as Folder
from tests.native import PYTHONS, copied, corpus, disagreement, lines
from tests.nightly import some_now

BESIDE = shutil.which("poetry", path=str(Path(sys.executable).parent))
POETRY = BESIDE or shutil.which("poetry")
LOCKS = sorted(corpus().glob("**/poetry.lock"))
CASES = Path(__file__).parent.parent / "fixtures" / "parsers" / "poetry-lock"
FIXTURES = sorted(lock for lock in CASES.glob("*/poetry.lock") if (lock.parent / "pyproject.toml").exists())

pytestmark = pytest.mark.skipif(POETRY is None, reason="poetry is neither beside this Python nor on the PATH")


def export(folder: Path, *flags: str) -> str | None:
    """What poetry exports of the lock in a folder, None where it refuses the lock."""
    command = [str(POETRY), "export", "--format", "requirements.txt", "--without-hashes", *flags]
    quiet = {**os.environ, "POETRY_WARNINGS_EXPORT": "false", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def wishes(reading: Reading) -> Iterator[tuple[list[str], Wanted]]:
    """Flags of poetry and the same wish for mlaudit: nothing, the default groups, each group, each extra."""
    root = reading.roots[0]
    yield [], Wanted()
    if root.default_groups:
        flags = [flag for group in root.default_groups for flag in ("--with", group)]
        yield flags, Wanted(default_groups=True)
    for group in root.groups:
        yield ["--with", group], Wanted(groups=(group,))
    for extra in root.extras:
        yield ["--extras", extra], Wanted(extras=(extra,))


def disagreements(folder: Path) -> tuple[int, list[str]]:
    """How many targets of a lock were compared, and where the choice differs from the export."""
    reading = read(Folder(folder.parent.parent.parent).document(folder / "poetry.lock"))
    assert not reading.unread
    supported = reading.roots[0].requires_python or ""
    pythons = [python for python in PYTHONS if admits(supported, f"{python}.99")]
    compared, found = 0, []
    for flags, wanted in wishes(reading):
        exported = export(folder, *flags)
        for python in pythons if exported is not None else ():
            target = target_for([reading], replace(wanted, python=python))
            compared += 1
            problem = disagreement(lines(exported or "", folder), reading, target)
            if problem:
                found.append(f"{folder.name} {' '.join(flags)} on {python}: {problem}")
    return compared, found


@pytest.mark.slow
@pytest.mark.skipif(not LOCKS, reason="the corpus of real projects (MLAUDIT_CORPUS) is not here")
@pytest.mark.parametrize("lock", some_now(LOCKS), ids=lambda lock: lock.parent.relative_to(corpus()).as_posix())
def test_the_corpus_is_chosen_as_poetry_exports_it(lock: Path, tmp_path: Path) -> None:
    repository = corpus() / lock.relative_to(corpus()).parts[0]
    root = copied(repository, tmp_path / "a" / "b" / "root", ("pyproject.toml", "poetry.lock"))
    compared, found = disagreements(root / lock.parent.relative_to(repository))
    if not compared:
        pytest.skip("poetry refuses this lock")
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize("lock", FIXTURES, ids=lambda lock: lock.parent.name)
def test_the_fixtures_are_chosen_as_poetry_exports_them(lock: Path, tmp_path: Path) -> None:
    shutil.copytree(lock.parent, tmp_path / "a" / "b" / "case")
    compared, found = disagreements(tmp_path / "a" / "b" / "case")
    assert compared
    assert not found
