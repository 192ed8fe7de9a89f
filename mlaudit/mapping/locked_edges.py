"""The requirements among the installed packages of an environment, as its locks state them."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.environments.environment import is_artifact
from mlaudit.mapping.lock_paths import path_search
from mlaudit.model.nouns import Pin
from mlaudit.model.report import Environment


def locked_edges(environment: Environment) -> Iterator[tuple[Pin | None, Pin]]:
    """Each package with who requires it; None if the project of the lock does."""
    for reading, selected in zip(environment.readings, environment.selected, strict=True):
        if is_artifact(reading) or not any(pin.requires for pin in reading.pins):
            continue
        for (index, _), requirers in path_search(reading, environment.target, {}, selected).required.items():
            if index < 0:
                continue
            for by, _ in requirers:
                yield (reading.pins[by] if by >= 0 else None), reading.pins[index]
