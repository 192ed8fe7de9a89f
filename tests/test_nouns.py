"""Nouns that carry their meaning: what artifacts record, what excludes one another, and what would mend a finding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mlaudit
from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.model.masking import mask_statement
from mlaudit.model.nouns import Artifact, Change, Pin, ProjectPart, Reading, Recorded, Strength
from mlaudit.model.report import Environment
from mlaudit.parsers._read import read
from mlaudit.reporters._inventory import as_json

MODEL = Document("model.onnx", b"")


def listed(*pins: Pin) -> str:
    """`mlaudit list --format json` of an environment that writes an artifact with these pins."""
    reading = Reading(path="model.onnx", format="onnx", complete=False, pins=pins)
    return as_json([Environment(name="training", role="training", writes=(reading,))])


def test_a_list_is_read_back_with_what_artifacts_say() -> None:
    written = artifact(MODEL, "onnx", classes=("Scaler", "Forest, grown"))
    library = ranged(MODEL, "onnx", ">=1.16", "onnx", "numpy.pickle", numbers={"ir": 10, "ai.onnx": 20})
    again = read(Document("mlaudit-list.json", listed(written, library).encode()))
    assert [(pin.artifact, pin.recorded) for pin in again.pins] == [
        (Artifact("onnx", ("Scaler", "Forest, grown")), None),
        (None, Recorded(("onnx", "numpy.pickle"), Strength.FORMAT, (("ir", "10"), ("ai.onnx", "20")))),
    ]
    assert all(not pin.extras and pin.origin is None for pin in again.pins)


def test_a_list_keeps_the_texts_that_scripts_rely_on() -> None:
    library = ranged(MODEL, "onnx", ">=1.16", "onnx", "numpy.pickle", numbers={"ir": 10})
    first, second = json.loads(listed(artifact(MODEL, "onnx", classes=("Scaler",)), library))["environments"][0]["pins"]
    assert (first["origin"], first["extras"]) == ("onnx", ["Scaler"])
    assert (second["origin"], second["extras"], second["strength"]) == ("onnx,numpy.pickle", ["ir=10"], "format")


def test_a_list_of_before_is_read_too() -> None:
    entry = json.loads(listed(artifact(MODEL, "onnx", classes=("Scaler",))))
    del entry["environments"][0]["pins"][0]["artifact"]
    (pin,) = read(Document("mlaudit-list.json", json.dumps(entry).encode())).pins
    assert pin.artifact == Artifact("onnx", ("Scaler",))


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("0", 0), ("", None), ("ten", None), ("²", None)])
def test_a_number_of_a_format_is_a_number_or_none(text: str, number: int | None) -> None:
    assert Recorded(numbers=(("ir", text),)).number("ir") == number
    assert Recorded().number("ir") is None


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (ProjectPart("api"), "api"),
        (ProjectPart("api", extra="cpu"), "api[cpu]"),
        (ProjectPart("api", group="a, b"), "api:a, b"),
    ],
)
def test_members_are_shown_as_they_are_asked_for(member: ProjectPart, text: str) -> None:
    assert str(member) == text


def test_what_artifacts_say_is_masked_and_stays_what_it_is() -> None:
    pin = artifact(MODEL, "onnx", classes=("https://user:hunter2@models.example/x",))
    masked = mask_statement(pin)
    assert masked.artifact == Artifact("onnx", ("https://***@models.example/x",))


def test_a_fix_names_the_versions_that_would_mend_it(tmp_path: Path) -> None:
    for name, version in (("training", "2.1.3"), ("serving", "1.26.0")):
        (tmp_path / f"{name}.txt").write_text(f"numpy=={version}\n", encoding="utf-8")
    report = mlaudit.compare(tmp_path / "training.txt", tmp_path / "serving.txt")
    changes = {finding.fix.changes for finding in report.findings if finding.fix and finding.package == "numpy"}
    assert changes == {(Change("serving", "numpy", "2.1.3"), Change("training", "numpy", "1.26.0"))}
    (shown,) = (one["fix"]["changes"] for one in json.loads(report.to_json())["findings"] if one["package"] == "numpy")
    assert shown[0] == {"environment": "serving", "package": "numpy", "to": "2.1.3"}


def test_extras_that_exclude_one_another_are_members_and_no_text() -> None:
    lock = """version = 1
requires-python = ">=3.11"
conflicts = [[{ package = "app", extra = "cpu" }, { package = "app", group = "odd, name" }]]

[[package]]
name = "app"
version = "1"
source = { virtual = "." }
"""
    reading = read(Document("uv.lock", lock.encode()))
    assert [one.members for one in reading.conflicts] == [
        (ProjectPart("app", extra="cpu"), ProjectPart("app", group="odd, name"))
    ]
