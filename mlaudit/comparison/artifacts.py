"""Model artifacts on their way to whoever loads them: what each records, against what the reader installs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlaudit.knowledge.roles import WRITER, words
from mlaudit.knowledge.table import readers
from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.model.report import ArtifactCrossing, Cell, Environment


def artifact_crossings(
    environments: Mapping[str, Environment], pairs: Sequence[tuple[str, str]]
) -> Iterator[ArtifactCrossing]:
    """Every library that an artifact records, for each environment that loads the artifact."""
    for writer, reader in pairs:
        for reading in environments[writer].writes:
            yield from _crossings(writer, environments[reader], reading)
    for one in environments.values():
        for reading in one.reads:
            yield from _crossings(one.name, one, reading)


def _crossings(writer: str, reader: Environment, reading: Reading) -> Iterator[ArtifactCrossing]:
    artifact = _description(reading)
    for pin in reading.pins:
        if pin.kind is Kind.ARTIFACT:
            artifact = pin
        elif artifact is not None and pin.kind in (Kind.PACKAGE, Kind.PYTHON):
            cell = _cell(pin, reader)
            yield ArtifactCrossing(writer=writer, reader=reader.name, artifact=artifact, pin=pin, cell=cell)


def _description(reading: Reading) -> Pin | None:
    """What stands for a model of which only a description records versions (`MLmodel`); None for other readings."""
    side = words().side(words().descriptors.get(reading.format, ""))
    if side != WRITER or not reading.pins:
        return None
    return replace(
        reading.pins[0], name=reading.path, package=reading.path, version=None, kind=Kind.ARTIFACT, detail=None
    )


def _cell(pin: Pin, reader: Environment) -> Cell:
    """What the reader says of the library, or of one that loads what the library writes."""
    held = (reader.cells.get(package) for package in readers(pin.package))
    return next((cell for cell in held if cell is not None), None) or reader.missing(pin.package, pin.kind)
