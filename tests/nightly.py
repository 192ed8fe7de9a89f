"""Cases of which some run in every run of CI, and the others every night: they ask the same of more inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some_now(cases: Iterable[Any], every: int = 3) -> list[Any]:
    """The cases as parameters; one of `every` runs in CI, the others are marked `nightly`."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.nightly)
        for number, case in enumerate(cases)
    ]
