"""Work in processes with bounds of time and memory: whatever one request does, the next is answered."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

_GRACE = 10.0
"""Seconds after which a process is killed from outside whose own bound of time did not end it."""
_TRIES = 2


class Bounds(NamedTuple):
    """What one request may take."""

    seconds: float = 120.0
    memory: int = 2 << 30


class BoundedAnswer(NamedTuple):
    """What came of a request: a value, or why there is none."""

    value: Any = None
    why: str = ""


class BoundedProcess:
    """A process that answers requests with a function, each within bounds.

    Args:
        function: `module:function`; it takes and gives data of JSON. A function `prepare` of its module is called
            once, before the first request.
    """

    def __init__(self, function: str, bounds: Bounds) -> None:
        self._function = function
        self._bounds = bounds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: object) -> BoundedAnswer:
        """The answer; a process that ends without one is started again, once."""
        line = json.dumps(request).encode() + b"\n"
        why = ""
        for _ in range(_TRIES):
            answer, why = self._asked(line)
            if answer:
                data = json.loads(answer)
                return BoundedAnswer(data.get("value"), data.get("why", ""))
        return BoundedAnswer(why=why)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _asked(self, line: bytes) -> tuple[bytes, str]:
        process = self._started()
        expired = threading.Event()

        def end() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(self._bounds.seconds + _GRACE, end)
        timer.daemon = True
        timer.start()
        answer = b""
        try:
            if process.stdin is not None and process.stdout is not None:
                process.stdin.write(line)
                process.stdin.flush()
                answer = process.stdout.readline()
        except OSError:
            answer = b""
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            return answer, ""
        process.kill()
        self.close()
        if expired.is_set():
            return b"", f"it took longer than {self._bounds.seconds:g} seconds"
        return b"", "the process that audited it ended without an answer, twice"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # The audited folder may be the current one, and none of its modules may be imported.
            own = str(Path(__file__).parents[2])
            code = f"import sys; sys.path = [{own!r}, *(p for p in sys.path if p)]; from runpy import run_module; "
            code += "run_module('mlaudit.sources.bounded_child', run_name='__main__')"
            bounds = (str(self._bounds.seconds), str(self._bounds.memory))
            command = [sys.executable, "-c", code, self._function, *bounds]
            self._process = subprocess.Popen(  # noqa: S603  this very interpreter
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
            )
        return self._process


_LOCK = threading.Lock()
_IDLE: dict[tuple[str, Bounds], list[BoundedProcess]] = {}
"""Processes that wait for requests; starting them takes longer than a small audit."""


def answers(function: str, bounds: Bounds, requests: Iterable[object]) -> list[BoundedAnswer]:
    """The answers to some requests, in their order, by a process that later calls use again."""
    with _LOCK:
        waiting = _IDLE.setdefault((function, bounds), [])
        process = waiting.pop() if waiting else BoundedProcess(function, bounds)
    try:
        return [process.ask(request) for request in requests]
    finally:
        with _LOCK:
            waiting.append(process)


@atexit.register
def close_idle() -> None:
    """End the processes that wait."""
    with _LOCK:
        processes = [bounded_process for waiting in _IDLE.values() for bounded_process in waiting]
        _IDLE.clear()
    for process in processes:
        process.close()
