"""What commands of a recipe take of a lock or project: rows of fixtures/selections/*.toml, each a small tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.environments.sources import assemble
from mlaudit.model.nouns import Kind
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.request.wanted import Wanted
from tests.checkout import ROOT

FILES = sorted((ROOT / "fixtures" / "selections").glob("*.toml"))
INSTALLED = (Kind.PACKAGE, Kind.LOCAL)


def rows() -> list[Any]:
    found = []
    for path in FILES:
        read = tomli.loads(path.read_text(encoding="utf-8"))
        for row in read["case"]:
            files = {**read.get("files", {}), **row.get("files", {})}
            found.append(pytest.param(files, row, id=f"{path.stem}-{row['name']}"))
    return found


@pytest.mark.parametrize(("files", "row"), rows())
def test_takes_what_the_command_takes(files: dict[str, str], row: dict[str, Any], tmp_path: Path) -> None:
    for name, text in files.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("RUN_COMMAND", row.get("run", "true")), encoding="utf-8")
    source = str(tmp_path / row.get("source", "Dockerfile"))
    wanted = Wanted(extras=tuple(row.get("extras", ())), groups=tuple(row.get("groups", ())))
    read = assemble(
        [SourcePart(text=source, path=source)],
        EnvironmentRequest(name="x", role="serving"),
        Options(root=tmp_path, wanted=wanted),
    )
    chosen = {
        f"{pin.name} {pin.version or pin.specifier or 'any'}"
        for reading, selected in zip(read.readings, read.selected, strict=True)
        for pin, is_selected in zip(reading.pins, selected, strict=True)
        if is_selected is not False and pin.kind in INSTALLED
    }
    unread = [entry.what or entry.why for reading in read.readings for entry in reading.unread]
    assert sorted(chosen) == sorted(row["expected"])
    assert unread == row.get("unread", [])
    for words in row.get("notes", ()):
        assert any(words in note for note in read.notes), read.notes
    if row.get("no_more_notes"):
        assert len(read.notes) == len(row.get("notes", ())), read.notes
