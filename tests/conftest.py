"""What every test runs under: a defect that a document provokes is raised, and not worded for a user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlaudit.failures import reraise_defects


@pytest.fixture(autouse=True)
def _defects_are_raised() -> Iterator[None]:
    with reraise_defects():
        yield
