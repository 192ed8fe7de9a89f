"""The packages that are chosen of every uv.lock of the corpus are those that `uv export` lists, for every target."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaudit.environments.target import target_for
from mlaudit.environments.target_problems import problems
from mlaudit.model.nouns import Reading, Root
from mlaudit.parsers._read import read
from mlaudit.request.wanted import Wanted
from mlaudit.sources.working_tree import WorkingTree as Folder
from tests.native import PYTHONS, copied, corpus, disagreement, lines

BESIDE = shutil.which("uv", path=str(Path(sys.executable).parent))
UV = BESIDE or shutil.which("uv")
LOCKS = sorted(corpus().glob("**/uv.lock"))
CASES = Path(__file__).parent.parent / "fixtures" / "parsers" / "uv-lock"
FIXTURES = sorted(lock for lock in CASES.glob("*/uv.lock") if (lock.parent / "pyproject.toml").exists())

pytestmark = pytest.mark.skipif(UV is None, reason="uv is neither beside this Python nor on the PATH")


def export(folder: Path, *flags: str) -> str | None:
    """What uv exports of the lock in a folder, None where it refuses the lock."""
    command = [str(UV), "export", "--frozen", "--no-hashes", "--no-header", "--no-annotate", *flags]
    # Its own cache: audits of tests are given none.
    own = {name: value for name, value in os.environ.items() if name != "UV_CACHE_DIR"}
    offline = {**own, "UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    done = subprocess.run(command, cwd=folder, env=offline, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def wishes(reading: Reading) -> Iterator[tuple[list[str], Wanted]]:
    """Flags of uv and the same wish for mlaudit: every member, extra and kind of default."""
    packages = [root for root in reading.roots if root.kind == "package" and not root.name.startswith("(")]
    central = [root for root in reading.roots if root.default]
    yield from _of_root([], {}, central)
    for root in packages if len(packages) > 1 else []:
        yield from _of_root(["--package", root.name], {"package": root.name}, [root])


def _of_root(flags: list[str], parts: dict[str, str], roots: list[Root]) -> Iterator[tuple[list[str], Wanted]]:
    offered = [extra for root in roots for extra in root.extras] if len(roots) == 1 else []
    for extra in (None, *offered):
        asked = ["--extra", extra] if extra else []
        extras = (extra,) if extra else ()
        yield [*flags, *asked, "--no-default-groups"], Wanted(extras=extras, parts=parts)
        yield [*flags, *asked], Wanted(extras=extras, parts=parts, default_groups=True)
    for group in dict.fromkeys(group for root in roots for group in root.groups):
        yield [*flags, "--no-default-groups", "--group", group], Wanted(groups=(group,), parts=parts)


def disagreements(folder: Path) -> tuple[int, list[str]]:
    """How many targets of a lock were compared, and where the choice differs from the export."""
    reading = read(Folder(folder.parent).document(folder / "uv.lock"))
    assert not reading.unread
    compared, found = 0, []
    for flags, wanted in wishes(reading):
        exported = export(folder, *flags)
        for python in PYTHONS if exported is not None else ():
            target = target_for([reading], _with_python(wanted, python))
            compared += 1
            problem = disagreement(lines(exported or "", folder), reading, target)
            if problem:
                found.append(f"{folder.name} {' '.join(flags)} on {python}: {problem}")
    return compared, found


def _with_python(wanted: Wanted, python: str) -> Wanted:
    return Wanted(
        python=python,
        extras=wanted.extras,
        groups=wanted.groups,
        parts=wanted.parts,
        default_groups=wanted.default_groups,
    )


@pytest.mark.skipif(not LOCKS, reason="the corpus of real projects (MLAUDIT_CORPUS) is not here")
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.relative_to(corpus()).as_posix())
def test_the_corpus_is_chosen_as_uv_exports_it(lock: Path, tmp_path: Path) -> None:
    repository = corpus() / lock.relative_to(corpus()).parts[0]
    root = copied(repository, tmp_path / "root", ("pyproject.toml", "uv.lock"))
    compared, found = disagreements(root / lock.parent.relative_to(repository))
    assert compared >= 2 * len(PYTHONS)
    assert not found


@pytest.mark.parametrize("lock", FIXTURES, ids=lambda lock: lock.parent.name)
def test_the_fixtures_are_chosen_as_uv_exports_them(lock: Path, tmp_path: Path) -> None:
    shutil.copytree(lock.parent, tmp_path / "case")
    compared, found = disagreements(tmp_path / "case")
    assert compared
    assert not found


def test_an_excluded_python_is_a_problem_not_an_empty_set(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.12"\n\n[[package]]\nname = "app"\nversion = "1"\n'
        'source = { virtual = "." }\ndependencies = [{ name = "six" }]\n\n'
        '[[package]]\nname = "six"\nversion = "1.17.0"\nsource = { registry = "https://pypi.example/simple" }\n'
    )
    reading = read(Folder(tmp_path).document(tmp_path / "uv.lock"))
    wanted = Wanted(python="3.10")
    target = target_for([reading], wanted)
    assert [problem.says for problem in problems([reading], wanted, target)] == [
        "uv.lock is for Python >=3.12, the target is 3.10"
    ]
