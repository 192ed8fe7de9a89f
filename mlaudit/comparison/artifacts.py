"""Model artifacts on their way to whoever loads them: what each records, against what the reader installs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.knowledge.kinds import readers_of
from mlaudit.knowledge.table import readers
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Artifact, Kind, Pin, Reading
from mlaudit.model.report import ArtifactCrossing, Cell, Environment


def artifact_crossings(
    environments: Mapping[str, Environment], pairs: Sequence[tuple[str, str]]
) -> Iterator[ArtifactCrossing]:
    """Every library that an artifact records, for each environment that loads the artifact."""
    for writer, reader in pairs:
        yield from _of_readings(writer, environments[reader], environments[writer].writes)
    for environment in environments.values():
        yield from _of_readings(environment.name, environment, environment.reads)


def _of_readings(writer: str, reader: Environment, readings: Sequence[Reading]) -> Iterator[ArtifactCrossing]:
    """What each artifact records; of a description what no file of its model records itself."""
    # A list of requirements beside the model (`requirements.txt`) is what was asked for, not what a file of it records.
    recorded = {
        (_home(reading), pin.package)
        for reading in readings
        if not _is_description(reading)
        for pin in reading.pins
        if pin.recorded is not None
    }
    for reading in readings:
        artifact = _stand_in(reading) if _is_description(reading) else None
        for pin in reading.pins:
            if pin.kind is Kind.ARTIFACT:
                artifact = pin
            elif artifact is None or pin.kind not in (Kind.PACKAGE, Kind.PYTHON):
                continue
            elif not _is_description(reading) or (_home(reading), pin.package) not in recorded:
                for cell in _cells(artifact, pin, reader):
                    yield ArtifactCrossing(writer=writer, reader=reader.name, artifact=artifact, pin=pin, cell=cell)


def _home(reading: Reading) -> str:
    return reading.path.rpartition("/")[0]


def _is_description(reading: Reading) -> bool:
    """Whether a reading is of a description of a model (`MLmodel`), beside which the model is."""
    from mlaudit.knowledge.roles import WRITER, words

    return bool(reading.pins) and words().side(words().descriptors.get(reading.format, "")) == WRITER


def _stand_in(reading: Reading) -> Pin:
    """A pin that stands for the model of a description."""
    name = f"the model of {reading.path}"
    return replace(
        reading.pins[0],
        name=name,
        package=name,
        version=None,
        specifier=None,
        kind=Kind.ARTIFACT,
        artifact=Artifact(),
        detail=None,
    )


def _cells(artifact: Pin, pin: Pin, reader: Environment) -> tuple[Cell, ...]:
    """What the reader states about the library, and about every other one that loads such a file."""
    recorded = pin.recorded.kinds if pin.recorded else ()
    own = artifact.artifact.kind if artifact.artifact else None
    kind = next(iter(recorded), own)
    names = dict.fromkeys((*readers(pin.package), *(readers_of(kind) if kind else ())))
    cells = tuple(cell for cell in map(reader.cells.get, names) if cell is not None)
    return cells or (reader.missing(pin.package, pin.kind),)
