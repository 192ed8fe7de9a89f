"""Real virtual environments for tests, filled from the package index that pip or uv is configured with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

OFFLINE = re.compile(
    r"connect|resolve|timed? ?out|network|unreachable|error sending request|no matching distribution|not found in",
    re.IGNORECASE,
)


def python_of(folder: Path) -> str:
    """The interpreter of a virtual environment."""
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def made(folder: Path, requirements: Sequence[str]) -> str:
    """A virtual environment with some packages; its interpreter. Skips the test where no index answers."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is not None:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        _run([uv, "pip", "install", "--quiet", "--python", python_of(folder), *requirements])
    else:
        venv.create(folder, with_pip=True)
        _run([python_of(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    return python_of(folder)


def _run(command: Sequence[str]) -> None:
    # The installers' own caches: audits of tests are given none.
    own = {name: value for name, value in os.environ.items() if name not in ("UV_CACHE_DIR", "PIP_CACHE_DIR")}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and OFFLINE.search(done.stderr):
        pytest.skip(f"no package index answers: {done.stderr.strip().splitlines()[-1][:200]}")
    assert done.returncode == 0, done.stderr
