"""Throughput and memory of `mlaudit fleet` on generated repositories.

    python -m benchmarks.fleet [--repositories N] [--workers 1,2,4] [--dask] [--losses]

Each repository is a checkout with a lock-like requirements file and code for each side, of sizes that vary as those of
small services do. `--dask` maps over the workers of a cluster on this machine. `--losses` takes a worker away after a
quarter of the repositories and the scheduler after the half, and lets one repository kill its first worker and another
hang; what is expected is what processes of this machine say. Memory is the resident size of the client, and of the
largest worker, when a quarter is done and the most there was.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mlaudit.fleet.entries import fleet_entries
from mlaudit.fleet.executors import workers_of
from mlaudit.fleet.question import question_of
from mlaudit.fleet.run import fleet_report
from mlaudit.reporters._fleet_json import as_json
from mlaudit.request.options import Progress
from mlaudit.sources.bounded_process import Bounds, close_idle
from tests.dask_cluster import ROOT, DaskCluster

TRAIN = (
    "import joblib\nfrom sklearn.linear_model import LogisticRegression\n"
    "model = LogisticRegression().fit([[1]], [1])\njoblib.dump(model, 'models/model_{number}.joblib')\n"
)
SERVE = (
    "import joblib\nfrom fastapi import FastAPI\napp = FastAPI()\nmodel = joblib.load('models/model_{number}.joblib')\n"
)
NUMPY = ("1.26.4", "2.0.2", "2.1.3")
BOUNDS = Bounds(20.0, 2 << 30)
"""A hundred times what one repository takes, so that other work of the machine ends none."""
CLIENT = "import sys; from benchmarks.fleet import audited; sys.stdout.write(audited(*sys.argv[1:]))"
KILLS, HANGS = "kills-once", "hangs"


def generate(folder: Path, count: int) -> None:
    for number in range(count):
        root = folder / f"team{number % 100:02}" / f"service{number:05}"
        more = "".join(f"package-{other}==1.{number % 7}.{other}\n" for other in range(20 + number % 60))
        for side, code, numpy in (("train", TRAIN, NUMPY[number % 3]), ("serve", SERVE, NUMPY[number % 2])):
            (root / side).mkdir(parents=True)
            (root / side / "main.py").write_text(code.format(number=number))
            versions = f"numpy=={numpy}\nscikit-learn==1.5.{number % 3}\n"
            (root / side / "requirements.txt").write_text(versions + more)
        (root / ".git").mkdir()


def misbehave(folder: Path, count: int) -> None:
    """Give two repositories names at which `tests.fleet_work` kills a worker, and hangs."""
    for number, name in ((count // 3, KILLS), (count // 3 * 2, HANGS)):
        (old,) = folder.glob(f"*/service{number:05}")
        old.rename(old.with_name(name))


def audited(folder: str, jobs: str, state: str = "", scheduler: str = "") -> str:
    """The report on generated repositories, as JSON; words are those of a command line."""
    entries, question = fleet_entries([folder]), question_of(date(2026, 1, 1), what_if=["numpy==2.1.3"])
    with workers_of("dask" if scheduler else "processes", scheduler or None, int(jobs)) as workers:
        report = fleet_report(
            entries,
            question,
            workers,
            bounds=BOUNDS,
            state=Path(state) if state else None,
            progress=Progress(),
            function="tests.fleet_work:audit",
        )
    close_idle()
    return as_json(report)


def rows_of(state: Path) -> int:
    """How many repositories have a row in a state file."""
    try:
        connection = sqlite3.connect(f"file:{state}?mode=ro", uri=True)
        count: int = connection.execute("SELECT count(*) FROM rows").fetchone()[0]
        connection.close()
    except sqlite3.Error:
        return 0
    return count


@dataclass
class Memory:
    """Resident MiB of a kind of process: when a quarter is done, and the most."""

    quarter: float = 0.0
    most: float = 0.0

    def note(self, process_ids: list[int], *, early: bool) -> None:
        now = max([0.0, *(map(resident, process_ids))])
        self.most = max(self.most, now)
        if early:
            self.quarter = self.most


def resident(process_id: int) -> float:
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


@dataclass
class Measurement:
    """One run, while it goes on and after."""

    seconds: float = 0.0
    output: str = ""
    client: Memory = field(default_factory=Memory)
    worker: Memory = field(default_factory=Memory)


def measure(folder: Path, count: int, workers: int, *, dask: bool, losses: bool) -> Measurement:
    measured = Measurement()
    with tempfile.TemporaryDirectory() as temporary, _cluster(Path(temporary), workers if dask else 0) as cluster:
        state = Path(temporary) / "state.sqlite"
        words = [folder.name, str(workers), str(state), *([cluster.address] if cluster else [])]
        begin = time.perf_counter()
        with (Path(temporary) / "report.json").open("w+b") as said:
            client = subprocess.Popen(
                [sys.executable, "-c", CLIENT, *words], stdout=said, cwd=folder.parent, env=_env()
            )
            waiting = _losses(cluster, count) if cluster and losses else []
            while client.poll() is None:
                rows = rows_of(state)
                measured.client.note([client.pid], early=rows <= count // 4)
                measured.worker.note(cluster.process_ids if cluster else [], early=rows <= count // 4)
                while waiting and rows >= waiting[0][0]:
                    waiting.pop(0)[1]()
                time.sleep(0.1)
            measured.seconds = time.perf_counter() - begin
            said.seek(0)
            measured.output = said.read().decode()
        if client.returncode or waiting:
            raise SystemExit(f"exit code {client.returncode}; {len(waiting)} losses did not come")
    return measured


@contextmanager
def _cluster(folder: Path, workers: int) -> Iterator[DaskCluster | None]:
    with DaskCluster(folder, workers) if workers else nullcontext() as cluster:
        yield cluster


def _losses(cluster: DaskCluster, count: int) -> list[tuple[int, Callable[[], None]]]:
    """After how many rows what is taken away."""
    return [(count // 4, cluster.kill_worker), (count // 2, cluster.restart_scheduler)]


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repositories", type=int, default=200)
    arguments.add_argument("--workers", default="1,2,4")
    arguments.add_argument("--dask", action="store_true")
    arguments.add_argument("--losses", action="store_true", help="with --dask: the run loses workers and scheduler")
    chosen = arguments.parse_args()
    count = chosen.repositories
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "fleet"
        generate(folder, count)
        outputs: dict[str, list[str]] = {}
        if chosen.losses:
            misbehave(folder, count)
        for number in map(int, chosen.workers.split(",")):
            one = measure(folder, count, number, dask=chosen.dask, losses=chosen.losses)
            outputs[one.output] = _given_up(one.output)
            print(_line(count, number, one), flush=True)
        if chosen.losses:
            expected = measure(folder, count, 2, dask=False, losses=False).output
            outputs[expected] = _given_up(expected)
        print(f"{len(outputs)} different report{'s' if len(outputs) > 1 else ''}; given up:")
        for given_up in outputs.values():
            print(f"  {', '.join(given_up) or 'none'}")


def _given_up(report: str) -> list[str]:
    """The repositories without an answer, with the reason: on a machine with other work, its time may be over."""
    return [f"{one['name']}: {one['given_up']}" for one in json.loads(report)["repositories"] if one["given_up"]]


def _line(count: int, workers: int, one: Measurement) -> str:
    memory = ", ".join(
        f"{name} {of.quarter:.0f} → {of.most:.0f} MiB"
        for name, of in (("client", one.client), ("worker", one.worker))
        if of.most
    )
    return f"{workers} workers: {count} repositories, {one.seconds:.1f} s, {count / one.seconds:.1f}/s, {memory}"


if __name__ == "__main__":
    main()
