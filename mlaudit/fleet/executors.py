"""Where requests are answered: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from mlaudit.fleet.mapping import Workers
from mlaudit.model.errors import UsageError

EXECUTORS = ("processes", "dask")
_CONNECT = 10
"""Seconds after which an error says that no scheduler answers."""
_AWAY = 120
"""Seconds that a scheduler which answered before may take to be started again."""


@contextmanager
def workers_of(executor: str, scheduler: str | None, jobs: int | None) -> Iterator[Workers]:
    """The workers that `--executor`, `--scheduler` and `--jobs` ask for. Raises UsageError."""
    if executor not in EXECUTORS:
        raise UsageError(f"--executor {executor}: expected one of {', '.join(EXECUTORS)}")
    if scheduler is not None and executor != "dask":
        raise UsageError(f"--scheduler {scheduler}: it needs --executor dask")
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}: expected a number from 1 on")
    if executor == "dask":
        with _dask(scheduler, jobs) as workers:
            yield workers
        return
    count = jobs or os.cpu_count() or 1
    # Each thread waits for a process of its own, which does the work.
    pool = ThreadPoolExecutor(count)
    try:
        yield Workers(executor=pool, count=count, alive=lambda: "")
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _dask(scheduler: str | None, jobs: int | None) -> Iterator[Workers]:
    try:
        import distributed
    except ImportError:
        raise UsageError("--executor dask: Dask is not installed; `pip install 'mlaudit[dask]'` brings it") from None
    dask: Any = distributed
    cluster: Any = None
    if scheduler is None:
        cluster = dask.LocalCluster(n_workers=jobs or os.cpu_count() or 1, threads_per_worker=1, dashboard_address=None)
    try:
        dask.Client(cluster or scheduler, timeout=_CONNECT).close()
        client = dask.Client(cluster or scheduler, timeout=_AWAY)
    except Exception as error:
        raise UsageError(
            f"--scheduler {scheduler}: no connection ({type(error).__name__}: {str(error)[:200]})"
        ) from None
    try:
        count = sum(client.nthreads().values()) or jobs or 1

        def alive() -> str:
            # A scheduler that is started again is waited for; a connection is closed where it stays away.
            works = client.status in ("running", "connecting")
            return "" if works else f"the connection to the scheduler is {client.status}"

        yield Workers(executor=client.get_executor(pure=False), count=count, alive=alive)
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
