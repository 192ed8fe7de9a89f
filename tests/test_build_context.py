"""From which folder and up to which stage a Dockerfile is built, as files beside it say (build-contexts.toml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.environments.sources import assemble
from mlaudit.model.nouns import Kind
from mlaudit.model.report import Environment
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import Spelled
from tests.checkout import ROOT

ROWS = tomli.loads((ROOT / "fixtures" / "build-contexts.toml").read_text(encoding="utf-8"))["case"]
TREE = {
    "api/Dockerfile": """\
FROM python:3.11-slim AS base
COPY needs.txt .
RUN pip install -r needs.txt
FROM base AS test
RUN pip install pytest==8.0.0
""",
    "api/needs.txt": "numpy==1.26.4\n",
    "needs.txt": "numpy==2.1.3\n",
}


def _read(folder: Path, files: dict[str, str]) -> Environment:
    for name, text in {**TREE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    source = str(folder / "api" / "Dockerfile")
    return assemble(
        [Spelled(text=source, path=source)], EnvironmentRequest(name="api", role="serving"), Options(root=folder)
    )


def _installed(environment: Environment) -> dict[str, str | None]:
    return {
        pin.name: pin.version
        for reading, selected in zip(environment.readings, environment.selected, strict=True)
        for pin, is_selected in zip(reading.pins, selected, strict=True)
        if is_selected and pin.kind is Kind.PACKAGE
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_reads_the_file_of_the_context(row: dict[str, Any], tmp_path: Path) -> None:
    environment = _read(tmp_path, {row["file"]: row["text"]})
    installed = _installed(environment)
    assert installed.get("numpy", "") == row["numpy"]
    assert ("pytest" in installed) is ("test" in row["stages"])
    doubts = [note for note in environment.notes if "is read" in note]
    assert [row["note"] in note for note in doubts] == ([True] if "note" in row else [])


def test_stages_that_builds_name_differently_are_a_doubt(tmp_path: Path) -> None:
    script = "docker build --target base -f api/Dockerfile .\ndocker build --target test -f api/Dockerfile .\n"
    environment = _read(tmp_path, {"build.sh": script})
    assert "pytest" in _installed(environment)
    assert any("`base` and `test`" in note for note in environment.notes)


def test_a_large_script_beside_takes_nothing_from_the_dockerfile(tmp_path: Path) -> None:
    script = "docker\n" + "a;" * 60_000
    environment = _read(tmp_path, {"build.sh": script})
    assert _installed(environment)["numpy"] == "1.26.4"
    assert not environment.unread
