"""Times and peak memory of whole processes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_NOT_FOR_CHILDREN = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME")
"""What would take a run the byte code that an installed program has, or the buffer of its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its arguments and the folder to run it in; `then` runs after it and counts too."""

    words: tuple[str, ...]
    folder: Path
    then: tuple[Command, ...] = ()

    @classmethod
    def sequence(cls, commands: Sequence[Command]) -> Command:
        """One command that runs several, one after the other."""
        first, *others = commands
        return cls(words=first.words, folder=first.folder, then=tuple(others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds on the clock, seconds of processors, and megabytes at the peak."""

    wall: float
    cpu: float
    megabytes: int


def fastest(commands: Sequence[Command], rounds: int) -> list[Timing]:
    """The fastest of several runs of each command; the commands take turns. One run before them warms the caches."""
    if rounds > 1:
        for command in commands:
            once(command)
    timings = [[once(command) for command in commands] for _ in range(rounds)]
    return [
        Timing(
            wall=min(one.wall for one in runs),
            cpu=min(one.cpu for one in runs),
            megabytes=min(one.megabytes for one in runs),
        )
        for runs in zip(*timings, strict=True)
    ]


def once(command: Command) -> Timing:
    parts = [_one_timing(one) for one in (command, *command.then)]
    return Timing(
        wall=sum(part.wall for part in parts),
        cpu=sum(part.cpu for part in parts),
        megabytes=max(part.megabytes for part in parts),
    )


def _one_timing(command: Command) -> Timing:
    begin = time.perf_counter()
    process = os.fork()
    if process == 0:
        _become(command)
    _, _, used = os.wait4(process, 0)
    seconds = time.perf_counter() - begin
    return Timing(wall=seconds, cpu=used.ru_utime + used.ru_stime, megabytes=used.ru_maxrss // 1024)


def _become(command: Command) -> None:
    """Turn a forked process into the command, its output thrown away."""
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        os.chdir(command.folder)
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN}
        os.execvpe(command.words[0], command.words, environment)
    finally:
        os._exit(127)
