"""Work beside the present process, on another core: a copy of this process that sends back one value."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_CHUNK = 1 << 20


def can_fork() -> bool:
    """Whether there is another core, and a copy of this process would be whole: threads are not copied."""
    return sys.platform != "win32" and (os.cpu_count() or 1) > 1 and threading.active_count() == 1


class ForkedWork(Generic[T]):
    """A function at work in a copy of this process; nothing is imported or started again for it.

    What it reads in the meantime it reads itself, so that it must open its files and processes on its own.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._from, into = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _send(work, into)
        os.close(into)

    def value(self) -> T:
        """What the function gave; where its process ended without a value it is called here."""
        parts: list[bytes] = []
        while part := os.read(self._from, _CHUNK):
            parts.append(part)
        self._end()
        try:
            # It comes from a copy of this very process, through a pipe that nobody else has.
            value: T = pickle.loads(b"".join(parts))  # noqa: S301
        except (EOFError, pickle.UnpicklingError):
            return self._work()
        return value

    def _end(self) -> None:
        os.close(self._from)
        os.waitpid(self._child, 0)


def _send(work: Callable[[], object], into: int) -> None:
    """In the copy: send the value, then end without a word, since streams and temporary files belong to the parent."""
    try:
        data = memoryview(pickle.dumps(work(), protocol=pickle.HIGHEST_PROTOCOL))
        while data:
            data = data[os.write(into, data) :]
    finally:
        os._exit(0)
