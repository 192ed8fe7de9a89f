"""Fleets: whatever order, executor and misbehaviour, each repository counts once and the report is the same."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mlaudit.api import check
from mlaudit.cli.app import run
from mlaudit.environments.inventory import inventory_environments
from mlaudit.fleet.entries import fleet_entries
from mlaudit.fleet.executors import workers_of
from mlaudit.fleet.mapping import Workers
from mlaudit.fleet.question import FleetQuestion, question_of
from mlaudit.fleet.run import AUDIT, fleet_report
from mlaudit.model.errors import UsageError
from mlaudit.model.fleet import FleetReport
from mlaudit.model.report import Environment
from mlaudit.reporters._fleet_json import as_json
from mlaudit.reporters._fleet_lines import as_table
from mlaudit.reporters._fleet_page import page_report
from mlaudit.reporters._fleet_tables import COLUMNS, as_csv, as_parquet
from mlaudit.reporters._inventory import as_json as as_inventory
from mlaudit.reporters._registry import Style, render
from mlaudit.request.options import Options, Progress
from mlaudit.sources.bounded_process import Bounds, close_idle
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import committed, write
from tests.reference import schema

DAY = date(2026, 1, 1)
NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="bounds of one repository need fork")

TRAIN = """
import joblib, mlflow
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit([[1]], [1])
joblib.dump(model, "models/churn.joblib")
mlflow.sklearn.log_model(model, "model", registered_model_name="churn-classifier")
"""
SERVE = """
import joblib
from fastapi import FastAPI
app = FastAPI()
model = joblib.load("models/churn.joblib")
"""
READ = """
import mlflow.sklearn
from fastapi import FastAPI
app = FastAPI()
model = mlflow.sklearn.load_model("models:/churn-classifier/3")
"""
WRITER = {"train/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\nmlflow==2.16.0\n", "train/train.py": TRAIN}
PAIRED = {
    "train/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n",
    "train/train.py": TRAIN.replace("mlflow.sklearn", "print"),
    "serve/requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.2\n",
    "serve/app.py": SERVE,
}
READER = {"requirements.txt": "numpy==1.26.0\nscikit-learn==1.5.2\nmlflow==2.16.0\n", "app.py": READ}


class Inline(Executor):
    """An executor that audits in this process, without bounds."""

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        function, _, requests = arguments
        module, _, name = function.partition(":")
        future: Future[Any] = Future()
        work = getattr(import_module(module), name)
        future.set_result([(json.loads(json.dumps(work(json.loads(json.dumps(one))))), "") for one in requests])
        return future


ROOMY = Bounds()
INLINE = Workers(executor=Inline(), count=1, alive=lambda: "")


@pytest.fixture
def processes() -> Iterator[Workers]:
    with workers_of("processes", None, 2) as workers:
        yield workers
    close_idle()


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A writer, a reader of what it registers, a pair in one checkout, the same bare, and as an inventory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "fleet"
    for name, files in {"writer": WRITER, "reader": READER, "paired": PAIRED}.items():
        write(folder / name, files)
        committed(folder / name)
    subprocess.run(["git", "clone", "-q", "--bare", folder / "paired", folder / "bare.git"], check=True)
    listed = _listed(folder / "paired")
    (folder / "kept.mlaudit-list.json").write_text(as_inventory(listed))
    return folder


def _listed(folder: Path) -> tuple[Environment, ...]:
    return check([str(folder)], Options(root=folder, today=DAY)).environments


def _question(**words: Any) -> FleetQuestion:
    return question_of(DAY, what_if=["numpy==2.1.3"], **words)


def _report(
    words: list[str],
    workers: Workers,
    *,
    bounds: Bounds = ROOMY,
    state: Path | None = None,
    function: str = AUDIT,
) -> FleetReport:
    entries = fleet_entries(words)
    progress = Progress()
    return fleet_report(entries, _question(), workers, bounds=bounds, state=state, progress=progress, function=function)


def _verdicts(report: FleetReport, repository: str) -> list[tuple[str, str | None, str | None, str, int | None]]:
    return [
        (one["code"], one["expected"], one["actual"], one["path"], one["line"])
        for pair in report.pairs
        if pair.reader.startswith(f"fleet/{repository}:") and not pair.address
        for one in pair.findings
    ]


def test_checkouts_bare_repositories_and_inventories_say_the_same(fleet: Path) -> None:
    report = _report(["fleet"], INLINE)
    said = _verdicts(report, "paired")
    assert ("MLA101", "2.1.3", "1.26.0", "serve/requirements.txt", 1) in said
    assert _verdicts(report, "bare.git") == _verdicts(report, "kept.mlaudit-list.json") == said
    kinds = {one.name: (one.kind, bool(one.revision)) for one in report.repositories}
    assert kinds["fleet/bare.git"] == ("bare", True)
    assert kinds["fleet/kept.mlaudit-list.json"] == ("inventory", False)


def test_a_pair_spans_two_repositories_that_name_one_model(fleet: Path) -> None:
    (pair,) = (one for one in _report(["fleet"], INLINE).pairs if one.address)
    assert (pair.writer, pair.reader) == ("fleet/writer:training", "fleet/reader:serving")
    assert pair.address == "registry mlflow churn-classifier"
    (first, *_) = pair.findings
    assert (first["code"], first["path"], first["line"]) == ("MLA101", "fleet/reader:requirements.txt", 1)
    assert pair.severity == "error"


def test_nothing_depends_on_executor_order_or_names_of_arguments(fleet: Path, processes: Workers) -> None:
    names = sorted(f"fleet/{one.name}" for one in fleet.iterdir())
    (fleet.parent / "repos.txt").write_text("# nightly\n" + "".join(f"{name}\n" for name in reversed(names)))
    inline = as_json(_report(["fleet"], INLINE))
    assert as_json(_report([*names, "fleet"], INLINE)) == inline
    assert as_json(_report(["repos.txt"], processes)) == inline


def test_what_a_fleet_reduces_to(fleet: Path) -> None:
    report = _report(["fleet"], INLINE)
    numpy = {one.version: one.count for one in report.versions if one.package == "numpy"}
    assert numpy == {"2.1.3": 4, "1.26.0": 4}
    assert report.drifts[0].package == "numpy"
    assert (report.drifts[0].differing, report.drifts[0].compared) == (4, 4)
    assert [one.count for one in report.clusters] == [3, 3]
    assert {one.environment for one in report.risks} == {
        "fleet/bare.git:serving",
        "fleet/kept.mlaudit-list.json:serving",
        "fleet/paired:serving",
        "fleet/reader:serving",
    }
    assert report.exit_code == 1
    assert (
        "models/churn.joblib" in next(one for one in report.risks if one.environment == "fleet/paired:serving").models
    )


def test_the_formats(fleet: Path) -> None:
    report = _report(["fleet"], INLINE)
    table = as_table(report, Style())
    assert max(map(len, table.splitlines())) <= 80
    assert "fleet/writer:training → fleet/reader:serving" in table
    rows = as_csv(report).splitlines()
    assert rows[0] == ",".join(COLUMNS)
    assert [row.split(",")[0] for row in rows[1:]] == [
        *(one.reader.rpartition(":")[0] for one in report.pairs for _ in one.findings),
        "fleet/writer",
    ]
    page = render("html")(page_report(report), Style())
    assert "fleet/reader:serving" in page
    assert "Everything that the sources state was read" not in page


def test_the_json_keeps_to_its_schema(fleet: Path) -> None:
    text = as_json(_report(["fleet"], INLINE))
    assert list(jsonschema.Draft202012Validator(schema("fleet-1")).iter_errors(json.loads(text))) == []


def test_parquet_has_the_rows_of_csv(fleet: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet is an extra")
    from io import BytesIO

    import pyarrow.parquet as pq

    report = _report(["fleet/paired"], INLINE)
    table = pq.read_table(BytesIO(as_parquet(report)))
    assert table.column_names == list(COLUMNS)
    assert table.num_rows == len(as_csv(report).splitlines()) - 1


def test_an_inventory_gives_back_its_environments(fleet: Path) -> None:
    before = _listed(fleet / "paired")
    document = WorkingTree(fleet).document(fleet / "kept.mlaudit-list.json")
    after = inventory_environments(document)
    for one, other in zip(before, after, strict=True):
        assert (one.name, one.role, one.follows, one.guessed) == (other.name, other.role, other.follows, other.guessed)
        assert dict(one.kinds_from) == dict(other.kinds_from)
        assert one.exchanges == other.exchanges
        assert {name: cell.shown for name, cell in one.cells.items()} == {
            name: cell.shown for name, cell in other.cells.items()
        }
    assert as_inventory(after).count('"layer"') == as_inventory(before).count('"layer"')


def test_reports_and_inventories_pickle(fleet: Path) -> None:
    report = check([str(fleet / "paired")], Options(root=fleet / "paired", today=DAY))
    again, environments = pickle.loads(pickle.dumps((report, report.environments)))  # noqa: S301  made here
    assert render("json")(again, Style()) == render("json")(report, Style())
    assert as_inventory(environments) == as_inventory(report.environments)


@pytest.mark.slow
@NEEDS_FORK
def test_a_poisoned_repository_costs_its_own_row(fleet: Path, processes: Workers) -> None:
    for name in ("hangs", "eats", "fails", "kills"):
        write(fleet / name, PAIRED)
        committed(fleet / name)
    (fleet / "broken.mlaudit-list.json").write_text('{"schema": "mlaudit.list/9"}')
    report = _report(["fleet"], processes, bounds=Bounds(5.0, 1 << 30), function="tests.fleet_work:audit")
    lost = {one.name.removeprefix("fleet/"): one.why for one in report.repositories if one.why}
    assert lost["hangs"] == "it took longer than 5 seconds"
    assert lost["eats"] == "it needed more than 1024 MiB of memory"
    assert "ValueError: no such luck" in lost["fails"]
    assert "without an answer" in lost["kills"]
    assert "mlaudit.list/9" in lost["broken.mlaudit-list.json"]
    assert len(lost) == 5
    assert len(report.repositories) == 10
    assert ("MLA101", "2.1.3", "1.26.0", "serve/requirements.txt", 1) in _verdicts(report, "paired")
    assert report.exit_code == 2
    assert "it took longer than 5 seconds" in as_table(report, Style())


@pytest.mark.slow
@NEEDS_FORK
def test_a_run_goes_on_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log, state = tmp_path / "log", tmp_path / "state.sqlite"
    monkeypatch.setenv("FLEET_LOG", str(log))
    for number in range(20):
        write(tmp_path / f"fleet/r{number:02}", {"train/requirements.txt": "numpy==2.1.3\n"})
        (tmp_path / f"fleet/r{number:02}/.git").mkdir()
    script = (
        "from pathlib import Path; from tests import test_fleet as t; from mlaudit.fleet.executors import workers_of\n"
        "with workers_of('processes', None, 1) as workers:\n"
        "    t._report(['fleet'], workers, state=Path('state.sqlite'), function='tests.fleet_work:audit_logged')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    running = subprocess.Popen([sys.executable, "-c", script], env=environment)
    deadline = time.monotonic() + 60
    while _rows(state) < 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    done = _rows(state)
    assert 8 <= done < 20
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    logged = log.read_text().splitlines()
    assert set(logged) == {f"r{number:02}" for number in range(20)}
    assert all(logged.count(f"r{number:02}") == 1 for number in range(8))
    resumed = _report(["fleet"], INLINE, state=state)
    assert as_json(resumed) == as_json(_report(["fleet"], INLINE))


def _rows(state: Path) -> int:
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as found:
            count: int = found.execute("SELECT count(*) FROM rows").fetchone()[0]
        found.close()
    except sqlite3.Error:
        return 0
    return count


def test_a_finished_run_is_asked_again_only_about_what_may_have_changed(fleet: Path) -> None:
    state = fleet.parent / "state.sqlite"
    first = _report(["fleet"], INLINE, state=state)
    write(fleet / "paired", {"serve/requirements.txt": "numpy==2.1.3\nscikit-learn==1.5.2\n"})
    shutil.rmtree(fleet / "writer")
    second = _report(["fleet"], INLINE, state=state)
    assert _verdicts(second, "bare.git") == _verdicts(first, "bare.git")
    assert not [one for one in _verdicts(second, "paired") if one[0] == "MLA101"]
    assert "fleet/writer" not in {one.name for one in second.repositories}
    assert as_json(second) == as_json(_report(["fleet"], INLINE))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["https://github.com/x/y"], "address"),
        (["gone"], "no such file"),
        (["empty.txt"], "no repository"),
    ],
)
def test_words_that_name_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(UsageError, match=says):
        fleet_entries(words)


def test_options_that_mean_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PACKAGE==VERSION"):
        question_of(DAY, what_if=["numpy"])
    with pytest.raises(UsageError, match="processes, dask"), workers_of("threads", None, None):
        pass
    other = tmp_path / "notes.txt"
    other.write_text("these are notes and no database, and they stay what they are\n" * 100)
    with pytest.raises(UsageError, match="cannot be used"):
        _report([str(tmp_path)], INLINE, state=other)
    assert other.read_text().startswith("these are notes")


@pytest.mark.slow
@NEEDS_FORK
def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bytes(fleet: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra")
    if not Path("/proc").is_dir():
        pytest.skip("the worker is found through /proc")
    write(fleet / "kills-once", PAIRED)
    committed(fleet / "kills-once")
    expected = as_json(_report(["fleet"], INLINE))
    script = """
import sys, distributed
from tests import test_fleet as t
from mlaudit.fleet.executors import workers_of
if __name__ == "__main__":
    words = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**words) as cluster:
        with workers_of("dask", cluster.scheduler_address, None) as workers:
            sys.stdout.write(t.as_json(t._report(["fleet"], workers, function="tests.fleet_work:audit")))
"""
    (fleet.parent / "run.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    ran = subprocess.run(
        [sys.executable, "run.py"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (fleet / "kills-once/killed").exists(), ran.stderr[-2000:]
    assert ran.stdout == expected, ran.stderr[-2000:]


def test_the_command_writes_every_format_and_exits_as_check_does(fleet: Path) -> None:
    outputs = [f"{name}=out.{name}" for name in ("json", "csv", "html")]
    words = [word for output in outputs for word in ("--format", output)]
    code = run(["fleet", "fleet/paired", "fleet/paired", "--jobs", "1", "--what-if", "numpy==2.1.3", *words])
    assert code == 1
    said = json.loads(Path("out.json").read_text())
    assert (said["summary"]["repositories"], said["summary"]["audited"], said["exit_code"]) == (1, 1, 1)
    assert Path("out.csv").read_text().startswith("repository,")
    assert "<h3>At risk if numpy==2.1.3</h3>" in Path("out.html").read_text()
    assert run(["fleet", "fleet/writer", "--jobs", "1", "--format", "json=out.json"]) == 3
    close_idle()
