"""A model and the files beside it record different versions of one package."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, count

from mlaudit.comparison.scene import View
from mlaudit.knowledge.roles import words
from mlaudit.model.nouns import Kind, Pin, Reading, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.model.versions import admits, same_public
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA402",
    Severity.WARNING,
    since="0.1",
    title="the artifact records another version",
    fact="record",
    supersedes=["MLA008", "MLA205"],
    when="has_records",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A model and the files beside it record different versions of one package.

    What it does:
        Compares the records of one model with each other: the MLmodel file, the requirements and the conda file that
        were written beside it, and the versions in the artifact itself.

    Why:
        The server installs one of them, and the model was written under one of them. The records do not say which.

    Example:
        A folder whose MLmodel says scikit-learn 0.24.1, its requirements.txt 1.2.2 and its conda.yaml 1.7.0.

    Fix:
        Log the model again in the environment that trained it, or edit the records to say what the artifact says.

    References:
        https://mlflow.org/docs/latest/ml/model/
    """
    for readings in _by_model(environment):
        records: dict[str, list[Pin]] = {}
        for reading in readings:
            for pin in reading.pins:
                if pin.kind is Kind.PACKAGE and (pin.version is not None or pin.specifier is not None):
                    records.setdefault(pin.package, []).append(pin)
        for package, pins in records.items():
            pair = _disagreeing(pins)
            if pair is not None:
                yield _hit(environment, package, *pair)


def _by_model(environment: Environment) -> Iterator[list[Reading]]:
    """The readings of each model: what was described, and what is in the same folder or below it."""
    described = _described(environment.readings)
    written = [reading for reading in environment.writes if reading.pins]
    homes = {_home(reading) for reading in (*described, *written)}
    models: dict[tuple[str, ...], list[Reading]] = {}
    for reading in described:
        models.setdefault(_outermost(_home(described[0]), homes), []).append(reading)
    for reading in written:
        models.setdefault(_outermost(_home(reading), homes), []).append(reading)
    yield from models.values()


def _home(reading: Reading) -> tuple[str, ...]:
    return tuple(reading.path.split("/")[:-1])


def _outermost(home: tuple[str, ...], homes: set[tuple[str, ...]]) -> tuple[str, ...]:
    return next(home[:depth] for depth in count() if home[:depth] in homes)


def _described(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """All sources of an environment that a model's own description is among."""
    described = words().descriptors
    return readings if any(reading.format in described for reading in readings) else ()


MAX_RECORDS = 64
"""Records of one package that are compared with one another: of more exact versions than these, two differ."""


def _disagreeing(pins: list[Pin]) -> tuple[Pin, Pin] | None:
    """The first two records that differ; equal ones are compared once, and `MAX_RECORDS` at most."""
    distinct = list({(pin.version, pin.specifier): pin for pin in reversed(pins)}.values())[::-1][:MAX_RECORDS]
    return next((pair for pair in combinations(distinct, 2) if _differ(*pair)), None)


def _differ(pin: Pin, other: Pin) -> bool:
    if pin.version is not None and other.version is not None:
        return not same_public(pin.version, other.version)
    exact, ranged = (pin, other) if pin.version is not None else (other, pin)
    return exact.version is not None and ranged.specifier is not None and not admits(ranged.specifier, exact.version)


def _hit(environment: Environment, package: str, pin: Pin, other: Pin) -> Hit:
    first, second = (f"{record.version or record.specifier}" for record in (pin, other))
    return Hit(
        package=package,
        environments=(environment.name,),
        message=(
            f"The records of {environment.name} differ: {package} is {first} at {pin.at} and {second} at {other.at}."
        ),
        at=other.at,
        related=(Location(pin.at, Role.STATEMENT, first),),
        expected=first,
        actual=second,
    )
