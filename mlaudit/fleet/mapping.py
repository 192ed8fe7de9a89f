"""Requests over an executor of `concurrent.futures`, few at a time; what a lost worker had is asked again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from typing import Any, NamedTuple

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.sources.bounded_process import BoundedAnswer, Bounds, answers

BATCH = 8
"""Requests of one task: for less, an executor on other machines would cost more than the audits."""
MAX_TRIES = 3
"""Times that a request is handed out whose worker was lost, or whose scheduler was."""
_PATIENCE = 5.0
_RESUME = "with --state FILE, the same command goes on where it was"


class FleetTask(NamedTuple):
    """One request with what it is called."""

    name: str
    request: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """An executor and how much it does at once; `alive` says why it no longer works, empty if it works."""

    executor: Executor
    count: int
    alive: Callable[[], str]


def ask_bounded(function: str, bounds: Bounds, requests: Sequence[dict[str, Any]]) -> list[tuple[Any, str]]:
    """On a worker: the value of each request, or why there is none."""
    return [tuple(answer) for answer in answers(function, Bounds(*bounds), requests)]


class _RepositoryBatch(NamedTuple):
    tasks: tuple[FleetTask, ...]
    tries: int = 1


def answered(
    function: str,
    tasks: Iterable[FleetTask],
    workers: Workers,
    bounds: Bounds,
    running: Callable[[list[str]], None] | None = None,
) -> Iterator[tuple[FleetTask, BoundedAnswer]]:
    """Every task with its answer, as they come. Raises UsageError if the executor no longer works.

    Args:
        running: is called with what is being worked on, whenever that changes.
    """
    handed = _HandedOut(function, workers, bounds)
    waiting = _batches(tasks)
    while handed.fill(waiting):
        if running is not None:
            running(handed.names())
        yield from handed.next_answers()


class _HandedOut:
    """The batches that workers have, and those that come back for another try."""

    def __init__(self, function: str, workers: Workers, bounds: Bounds) -> None:
        self._function, self._workers, self._bounds = function, workers, bounds
        self._again: deque[_RepositoryBatch] = deque()
        self._at_work: dict[Future[list[tuple[Any, str]]], _RepositoryBatch] = {}

    def fill(self, waiting: Iterator[_RepositoryBatch]) -> bool:
        """Hand out as much as workers take; whether anything is at work."""
        while len(self._at_work) < 2 * self._workers.count:
            batch = self._again.popleft() if self._again else next(waiting, None)
            if batch is None:
                break
            requests = [task.request for task in batch.tasks]
            self._at_work[_submitted(self._workers, self._function, self._bounds, requests)] = batch
        return bool(self._at_work)

    def names(self) -> list[str]:
        """The first task of each batch that is at work."""
        return [batch.tasks[0].name for batch in self._at_work.values()]

    def next_answers(self) -> Iterator[tuple[FleetTask, BoundedAnswer]]:
        """The answers of the batches that end next."""
        done, _ = wait(self._at_work, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
        if not done and (why := self._workers.alive()):
            raise UsageError(f"{why}; {_RESUME}")
        for future in done:
            yield from self._settled(self._at_work.pop(future), _found(future))

    def _settled(
        self, batch: _RepositoryBatch, answers: list[tuple[Any, str]] | str
    ) -> Iterator[tuple[FleetTask, BoundedAnswer]]:
        if not isinstance(answers, str):
            for task, (value, why) in zip(batch.tasks, answers, strict=True):
                yield task, BoundedAnswer(value, why)
        elif batch.tries < MAX_TRIES:
            self._again += (_RepositoryBatch((task,), batch.tries + 1) for task in batch.tasks)
        else:
            why = f"no worker answered for it in {MAX_TRIES} tries ({answers})"
            yield from ((task, BoundedAnswer(why=why)) for task in batch.tasks)


def _batches(tasks: Iterable[FleetTask]) -> Iterator[_RepositoryBatch]:
    batch: list[FleetTask] = []
    for task in tasks:
        batch.append(task)
        if len(batch) == BATCH:
            yield _RepositoryBatch(tuple(batch))
            batch = []
    if batch:
        yield _RepositoryBatch(tuple(batch))


def _submitted(
    workers: Workers, function: str, bounds: Bounds, requests: list[dict[str, Any]]
) -> Future[list[tuple[Any, str]]]:
    try:
        return workers.executor.submit(ask_bounded, function, bounds, requests)
    except Exception as error:
        why = workers.alive() or f"the executor takes no more work ({type(error).__name__})"
        raise UsageError(f"{why}; {_RESUME}") from None


def _found(future: Future[list[tuple[Any, str]]]) -> list[tuple[Any, str]] | str:
    """What a batch gave; the kind of failure where its worker was lost, which executors say in errors of their own."""
    try:
        return future.result()
    except CancelledError:
        return "cancelled"
    except Exception as error:
        return type(error).__name__
