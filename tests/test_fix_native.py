"""What `fix` writes for other tools, held against uv: shared constraints, and locks that are made anew."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run, unwrapped
from tests.plain_wheels import UV, environment, resolved, wheel_index

pytestmark = [
    pytest.mark.skipif(UV is None, reason="uv is neither beside this Python nor on the PATH"),
    pytest.mark.slow,
]

RELEASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "alpha": {"1.0": (), "1.1": (), "2.0": ()},
    "beta": {"1.0": ("alpha<2",), "1.5": ("alpha<2",), "2.0": ("alpha>=2",)},
    "gamma": {"0.9": (), "1.0": ()},
}
"""Distributions of the index: what each version requires."""


@pytest.fixture
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an index on this machine."""
    with wheel_index(tmp_path_factory.mktemp("index"), RELEASES) as address:
        yield address


FLEET = """
[environments.training]
sources = ["training.txt"]
[environments.serving]
sources = ["serving.txt"]
follows = "training"
[environments.batch]
sources = ["batch.txt"]
follows = "training"
"""


def test_one_constraints_file_suits_every_environment(tmp_path: Path, index: str) -> None:
    lists = {
        "training.txt": "alpha==1.1\nbeta==1.5\ngamma\n",
        "serving.txt": "alpha>=1,<3\nbeta==1.5\n",
        "batch.txt": "beta>=1\ngamma==0.9\n",
    }
    write(tmp_path, {"mlaudit.toml": FLEET, **lists})
    done = run(tmp_path, "fix", "--constraints", "shared.txt")
    assert done.returncode == 0, done.stderr
    lines = [line for line in (tmp_path / "shared.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["alpha==1.1", "beta==1.5", "gamma==0.9"]
    assert resolved(tmp_path, "batch.txt", index)["beta"] == "2.0"
    agreed = [resolved(tmp_path, name, index, constraints="shared.txt") for name in lists]
    assert all(one["beta"] == "1.5" and one["alpha"] == "1.1" for one in agreed)
    assert {one.get("gamma", "0.9") for one in agreed} == {"0.9"}
    assert all((tmp_path / name).read_text() == text for name, text in lists.items())


def test_what_suits_nobody_is_left_out(tmp_path: Path, index: str) -> None:
    lists = {
        "training.txt": "alpha==2.0\ngamma==1.0\n",
        "serving.txt": "alpha==1.0\ngamma==1.0\n",
        "batch.txt": "gamma\n",
    }
    write(tmp_path, {"mlaudit.toml": FLEET, **lists})
    assert run(tmp_path, "fix", "--constraints", "shared.txt").returncode == 0
    text = (tmp_path / "shared.txt").read_text()
    assert "# alpha: left out, no version suits all (training 2.0; serving 1.0)" in text
    assert [resolved(tmp_path, name, index, constraints="shared.txt").get("alpha") for name in lists] == [
        "2.0",
        "1.0",
        None,
    ]
    # As the environments stand after the moves that would be made, one does.
    run(tmp_path, "fix", "--constraints", "shared.txt", "--unsafe-fixes", "--package", "alpha")
    assert "\nalpha==2.0\n" in (tmp_path / "shared.txt").read_text()


PROJECT = """[project]
name = "own"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["beta>=1", "alpha{}"]
"""
LOCKED = """
[environments.training]
sources = ["training.txt"]
[environments.serving]
sources = ["serving/uv.lock"]
follows = "training"
"""


@pytest.mark.parametrize(("declared", "after"), [("==1.0", "==1.1"), ("<2", "<2")])
def test_a_lock_is_made_anew_and_its_result_audited(tmp_path: Path, index: str, declared: str, after: str) -> None:
    files = {"serving/pyproject.toml": PROJECT.format(declared), "training.txt": "alpha==1.1\n"}
    write(tmp_path, {"mlaudit.toml": LOCKED, **files})
    folder, given = tmp_path / "serving", environment(index, tmp_path / "cache")
    first = [str(UV), "lock", "--upgrade-package", "alpha==1.0"]
    subprocess.run(first, cwd=folder, env=given, check=True, capture_output=True)
    assert 'name = "alpha"\nversion = "1.0"' in (folder / "uv.lock").read_text()
    done = run(tmp_path, "fix", "--write", "--relock", "--package", "alpha", env=given)
    assert done.returncode == 0, done.stderr
    assert "ran: cd serving && uv lock --upgrade-package alpha==1.1" in done.stderr
    assert 'name = "alpha"\nversion = "1.1"' in (folder / "uv.lock").read_text()
    assert (folder / "pyproject.toml").read_text() == PROJECT.format(after)


def test_a_lock_that_cannot_be_made_leaves_everything_as_it_was(tmp_path: Path, index: str) -> None:
    files = {"serving/pyproject.toml": PROJECT.format("==1.0"), "training.txt": "alpha==7.0\n"}
    write(tmp_path, {"mlaudit.toml": LOCKED, **files})
    folder, given = tmp_path / "serving", environment(index, tmp_path / "cache")
    subprocess.run([str(UV), "lock"], cwd=folder, env=given, check=True, capture_output=True)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = run(tmp_path, "fix", "--write", "--relock", "--unsafe-fixes", "--package", "alpha", env=given)
    assert done.returncode == 2
    assert "the files were put back: uv lock --upgrade-package alpha==7.0 ended with 1" in unwrapped(done.stderr)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_members_of_a_workspace_are_edited_with_its_root(tmp_path: Path, index: str) -> None:
    """One lock, whose versions the root and its members declare."""
    members = '\n[tool.uv.workspace]\nmembers = ["packages/*"]\n'
    member = PROJECT.replace('"own"', '"member"').format("==1.0")
    files = {"serving/pyproject.toml": PROJECT.format("<2") + members, "serving/packages/a/pyproject.toml": member}
    write(tmp_path, {"mlaudit.toml": LOCKED, **files, "training.txt": "alpha==1.1\n"})
    folder, given = tmp_path / "serving", environment(index, tmp_path / "cache")
    subprocess.run([str(UV), "lock"], cwd=folder, env=given, check=True, capture_output=True)
    assert 'name = "alpha"\nversion = "1.0"' in (folder / "uv.lock").read_text()
    done = run(tmp_path, "fix", "--write", "--relock", "--package", "alpha", env=given)
    assert done.returncode == 0, done.stderr
    assert 'name = "alpha"\nversion = "1.1"' in (folder / "uv.lock").read_text()
    assert (folder / "packages/a/pyproject.toml").read_text() == member.replace("==1.0", "==1.1")
    assert (folder / "pyproject.toml").read_text() == files["serving/pyproject.toml"]
