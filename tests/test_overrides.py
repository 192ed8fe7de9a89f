"""Overrides replace what is declared: in cells, and for the judgement whether a lock is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.environments.sources import assemble
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart

PROJECT = """
[project]
name = "fraud"
version = "1"
requires-python = ">=3.11"
dependencies = ["numpy>=2"]
[tool.uv]
override-dependencies = ["numpy==1.26.4"]
"""
LOCK = """
version = 1
revision = 3
requires-python = ">=3.11"
[manifest]
overrides = [{ name = "numpy", specifier = "==1.26.4" }]
[[package]]
name = "fraud"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "numpy" }]
[package.metadata]
requires-dist = [{ name = "numpy", specifier = ">=2" }]
[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.example/simple" }
"""


def _cell(folder: Path, *sources: str) -> tuple[tuple[str, ...], str | None, bool]:
    parts = [SourcePart(text=name, path=str(folder / name)) for name in sources]
    cell = assemble(parts, EnvironmentRequest(name="x", role="serving"), Options(root=folder)).cells["numpy"]
    return cell.versions, cell.specifier, bool(cell.conflict)


@pytest.mark.parametrize("sources", [("pyproject.toml",), ("uv.lock",), ("pyproject.toml", "uv.lock")])
def test_a_fresh_lock_with_overrides_is_not_stale(sources: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "uv.lock").write_text(LOCK)
    assert _cell(tmp_path, *sources) == (("1.26.4",), None, False)


@pytest.mark.parametrize(
    ("option", "versions", "specifier"),
    [("--override", ("1.26.4",), None), ("--constraint", ("1.26.4",), ">=2")],
)
def test_a_file_of_overrides_replaces_and_one_of_constraints_narrows(
    option: str, versions: tuple[str, ...], specifier: str | None, tmp_path: Path
) -> None:
    (tmp_path / "o.txt").write_text("numpy==1.26.4\n")
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.11\nCOPY . .\nRUN uv pip install 'numpy>=2' {option} o.txt\n")
    found = _cell(tmp_path, "Dockerfile")
    assert found[2] is (option == "--constraint")
    if option == "--override":
        assert found == (versions, specifier, False)
