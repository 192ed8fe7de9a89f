"""Real incidents, and pairs measured clean: the verdict and what its message names (`fixtures/incidents`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import tomli

from mlaudit.knowledge import Effect, abi_breaks, artifact_kinds, family_mismatches, judge, onnx_crossing
from mlaudit.model.nouns import Severity

INCIDENTS = tomli.loads((Path(__file__).parents[1] / "fixtures/incidents/incidents.toml").read_text(encoding="utf-8"))


def versions(requirements: list[str]) -> dict[str, str]:
    return dict(requirement.split("==") for requirement in requirements)


def packages(row: Mapping[str, object], training: Mapping[str, str], serving: Mapping[str, str]) -> set[str]:
    """What crosses: packages of both sides, and Python where it is known."""
    return {*(training.keys() & serving.keys()), *(["python"] if "pythons" in row else [])}


def errors(row: dict[str, list[str]]) -> Iterator[str]:
    """The messages of all errors that the knowledge raises for two environments."""
    training, serving = versions(row["training"]), versions(row["serving"])
    pythons = row.get("pythons", [None, None])
    for package in packages(row, training, serving):
        writer, reader = (training[package], serving[package]) if package != "python" else pythons
        found = judge(
            package,
            str(writer),
            str(reader),
            writer_python=pythons[0],
            reader_python=pythons[1],
            kinds=frozenset(row.get("kinds", ())),
            classes=frozenset(row.get("classes", ())),
        )
        yield from (
            one.says for one in found if one.severity is Severity.ERROR and one.effect is not Effect.PREPROCESSING
        )
    yield from (one.says for one in abi_breaks(serving))
    yield from (one.says for one in family_mismatches(serving))
    if "onnx" in training and "onnxruntime" in serving:
        crossing = onnx_crossing(training["onnx"], serving["onnxruntime"])
        yield from [crossing.says] if crossing else []


@pytest.mark.parametrize("row", INCIDENTS["incident"], ids=lambda row: str(row["thread"]))
def test_an_incident_is_an_error_that_names_its_cause(row: dict[str, list[str]]) -> None:
    found = list(errors(row))
    if str(row["verdict"]) == "none":
        assert found == []
        return
    assert found, "no error"
    for name in row.get("names", ()):
        assert any(name in message for message in found), found


@pytest.mark.parametrize("row", INCIDENTS["harmless"], ids=lambda row: f"{row['training'][0]} to {row['serving'][0]}")
def test_a_pair_measured_clean_is_no_error(row: dict[str, list[str]]) -> None:
    assert list(errors(row)) == []


def test_there_are_as_many_harmless_pairs_as_incidents() -> None:
    assert len(INCIDENTS["harmless"]) >= len(INCIDENTS["incident"]) == 55


def test_incidents_name_kinds_that_exist() -> None:
    named = {kind for row in INCIDENTS["incident"] for kind in row.get("kinds", ())}
    assert named <= artifact_kinds().keys()
