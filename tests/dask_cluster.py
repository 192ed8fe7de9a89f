"""A cluster of Dask on this machine that loses parts; what ends is started again, as an orchestrator does it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[1]
_LOCAL = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")


class DaskCluster:
    """A scheduler, and workers of one thread each, that have the tests at hand."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folder = folder
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._scheduler = self._started_scheduler()
        self._workers = [self._started_worker() for _ in range(workers)]

    def __enter__(self) -> DaskCluster:
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._keeper.join()
        for process in (*self._workers, self._scheduler):
            process.kill()
            process.wait()

    @property
    def process_ids(self) -> list[int]:
        """Of the workers as they are now."""
        return [process.pid for process in self._workers]

    def kill_worker(self) -> None:
        """End a worker without notice."""
        self._workers[0].kill()

    def restart_scheduler(self) -> None:
        """End the scheduler, which forgets everything, and start another in its place."""
        self._scheduler.kill()
        self._scheduler.wait()
        self._scheduler = self._started_scheduler()

    def _keep(self) -> None:
        while not self._ending.wait(0.1):
            for number, process in enumerate(self._workers):
                if process.poll() is not None:
                    self._workers[number] = self._started_worker()

    def _started_scheduler(self) -> subprocess.Popen[bytes]:
        return self._started("scheduler", *_LOCAL, "--port", str(self._port))

    def _started_worker(self) -> subprocess.Popen[bytes]:
        alone = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--local-directory", str(self._folder))
        return self._started("worker", self.address, *_LOCAL, *alone)

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / "dask.log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, env=environment)
