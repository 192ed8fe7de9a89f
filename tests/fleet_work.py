"""Work on repositories of which some misbehave, as their names say; it runs in processes of `mlaudit fleet`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from mlaudit.fleet.repository import audit_repository, prepare

__all__ = ["audit", "audit_logged", "prepare"]


def audit(request: dict[str, Any]) -> object:
    path = Path(request["entry"]["path"])
    if path.name == "hangs":
        while True:
            time.sleep(1)
    if path.name == "eats":
        eaten = []
        while True:
            eaten.append(bytearray(1 << 24))
    if path.name == "fails":
        raise ValueError("no such luck")
    if path.name == "kills":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1)
    if path.name == "kills-once" and not (path / "killed").exists():
        (path / "killed").touch()
        os.kill(_parent_of(os.getppid()), signal.SIGKILL)
        time.sleep(1)
    return audit_repository(request)


def audit_logged(request: dict[str, Any]) -> object:
    with Path(os.environ["FLEET_LOG"]).open("a") as log:
        log.write(f"{Path(request['entry']['path']).name}\n")
    time.sleep(0.03)
    return audit_repository(request)


def _parent_of(process: int) -> int:
    """Of the process that audits one repository after another: the worker of the cluster."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
