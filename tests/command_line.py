"""The command line as scripts call it: a process in a folder, its streams, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.checkout import HANDED_OVER, write

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("CI", "NO_COLOR", "GITHUB_ACTIONS", "SOURCE_DATE_EPOCH", "FORCE_COLOR")
}
PAIR = ("training/requirements.txt", "serving/requirements.txt")
CONFIGURATION = """
[environments.training]
sources = ["training/requirements.txt"]
[environments.serving]
sources = ["serving/requirements.txt"]
follows = "training"
[environments.batch]
sources = ["batch/requirements.txt"]
follows = "training"
"""


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "mlaudit", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env={**ENVIRONMENT, **(env or {})},
        check=False,
    )
    out, err = (stream.decode("utf-8").replace("\r\n", "\n") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in err, err
    assert "this is a defect of mlaudit" not in out + err, out + err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def unwrapped(text: str) -> str:
    """A text that was wrapped for a terminal, on one line."""
    return " ".join(text.split())


def report(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, *arguments, "--format", "json")
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["exit_code"] == done.returncode
    return data


def drifted(folder: Path) -> Path:
    """The folder, with a training and a serving environment (`PAIR`) that drifted apart."""
    write(
        folder,
        {
            **HANDED_OVER,
            "training/requirements.txt": "numpy==2.1.3\nclick==8.1.0\nscipy==1.15.2\n",
            "serving/requirements.txt": "numpy==1.26.0\nclick==7.1.0\nscipy==1.15.2\n",
        },
    )
    return folder
