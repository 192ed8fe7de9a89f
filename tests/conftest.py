"""The tests run in an environment of their own, and what a document provokes is raised, not worded for a user."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from mlaudit.parsers._failures import reraise_defects

# Settings of git hooks, of CI services, of terminals and of reproducible builds, which the product heeds. A test about
# one of them sets it itself.
_PREFIXES = ("GIT_", "GITHUB_")
_NAMES = ("CI", "COLUMNS", "LINES", "TERMINAL_WIDTH", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "SOURCE_DATE_EPOCH", "TZ")

# A loaded machine is no fault of the code: how long something takes is measured in benchmarks/.
settings.register_profile("mlaudit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mlaudit")


def pytest_configure(config: pytest.Config) -> None:
    """Take the caller's settings away, and give files the usual permissions."""
    for name in list(os.environ):
        if name in _NAMES or name.startswith(_PREFIXES):
            del os.environ[name]
    os.environ.update(LC_ALL="C.UTF-8", TERM="dumb", GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)
    # Code in the caches of whoever runs the tests would tell more than the sources of a case.
    os.environ.update(UV_CACHE_DIR=os.devnull, PIP_CACHE_DIR=os.devnull)
    os.umask(0o022)


@pytest.fixture(autouse=True)
def _defects_are_raised() -> Iterator[None]:
    with reraise_defects():
        yield
