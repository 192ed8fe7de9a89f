"""Real incidents through the whole audit: two requirements files, and the error that would have prevented them."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Artifact, Kind, Layer, Pin, Place, Reading, Severity
from mlaudit.model.report import Environment, Finding
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from tests.parser_cases import FIXTURES
from tests.reports import audited

ROWS = tomli.loads((FIXTURES / "incidents" / "incidents.toml").read_text(encoding="utf-8"))["incident"]


def side(name: str, row: dict[str, Any], python: str | None, follows: tuple[str, ...]) -> Environment:
    text = "".join(f"{line}\n" for line in row[name])
    reading = read(Document(f"{name}/requirements.txt", text.encode()))
    return environment(
        EnvironmentRequest(
            name=name, role=name, follows=follows, artifact_kinds=row.get("kinds", ()) if not follows else ()
        ),
        [reading],
        Wanted(python=python),
        writes=[artifact(row)] if row.get("classes") and not follows else [],
    )


def artifact(row: dict[str, Any]) -> Reading:
    """A model file that holds the classes of the thread."""
    pin = Pin(
        name="model",
        package="model",
        kind=Kind.ARTIFACT,
        layer=Layer.RECORDED,
        at=Place(path="model"),
        artifact=Artifact(classes=tuple(row["classes"])),
    )
    return Reading(path="model", format="model", complete=False, pins=(pin,))


def errors(row: dict[str, Any]) -> list[Finding]:
    writer, reader = row.get("pythons", (None, None))
    sides = [side("training", row, writer, ()), side("serving", row, reader, ("training",))]
    report = audited("compare", sides, Settings())
    return [finding for finding in report.findings if finding.severity is Severity.ERROR]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['verdict']}:{row['thread']}")
def test_an_incident_is_an_error_and_a_harmless_pair_is_none(row: dict[str, Any]) -> None:
    found = errors(row)
    if row["verdict"] == "none":
        assert not found, [finding.message for finding in found]
        return
    said = [sentence for finding in found for sentence in (finding.message, *finding.details)]
    assert found
    for name in row.get("names", ()):
        assert any(name in sentence for sentence in said), said
