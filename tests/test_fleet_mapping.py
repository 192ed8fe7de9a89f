"""Work that executors lose: each task is answered exactly once, and what cannot go on says so."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import CancelledError, Executor, Future
from pathlib import Path
from typing import Any

import pytest

from mlaudit.fleet import mapping
from mlaudit.fleet.entries import FleetEntry, fleet_entries
from mlaudit.fleet.executors import workers_of
from mlaudit.fleet.mapping import BATCH, MAX_TRIES, FleetTask, Workers, answered
from mlaudit.fleet.question import question_of
from mlaudit.model.errors import UsageError
from mlaudit.sources.bounded_process import BoundedAnswer, Bounds
from tests.checkout import committed, write


class KilledWorker(Exception):
    """As Dask calls it."""


class Losing(Executor):
    """Answers a request with its number, after the batch that has it was lost some times."""

    def __init__(self, losses: dict[int, int], error: type[BaseException]) -> None:
        self.losses, self.error = dict(losses), error
        self.handed: list[list[int]] = []

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        numbers = [request["number"] for request in arguments[2]]
        self.handed.append(numbers)
        future: Future[Any] = Future()
        lost = [number for number in numbers if self.losses.get(number)]
        for number in lost:
            self.losses[number] -= 1
        if lost and self.error is CancelledError:
            future.cancel()
            future.set_running_or_notify_cancel()
        elif lost:
            future.set_exception(self.error("tcp://127.0.0.1:1"))
        else:
            future.set_result([(number, "") for number in numbers])
        return future


def _answers(executor: Executor, count: int = 3 * BATCH, *, alive: str = "") -> list[tuple[str, BoundedAnswer]]:
    tasks = (FleetTask(f"r{number}", {"number": number}) for number in range(count))
    workers = Workers(executor=executor, count=1, alive=lambda: alive)
    return [(task.name, answer) for task, answer in answered("m:f", tasks, workers, Bounds())]


@pytest.mark.parametrize("error", [CancelledError, KilledWorker])
def test_what_a_lost_worker_had_is_asked_again_one_by_one(error: type[BaseException]) -> None:
    executor = Losing({3: MAX_TRIES - 1}, error)
    found = _answers(executor)
    assert sorted(found) == sorted((f"r{number}", BoundedAnswer(number)) for number in range(3 * BATCH))
    # Whoever was in the batch is asked alone, so that one that kills its worker takes no other with it again.
    assert Counter(map(len, executor.handed)) == {BATCH: 3, 1: BATCH + 1}


@pytest.mark.parametrize(("error", "called"), [(CancelledError, "cancelled"), (KilledWorker, "KilledWorker")])
def test_what_is_lost_every_time_is_given_up(error: type[BaseException], called: str) -> None:
    executor = Losing({3: 99, 20: 99}, error)
    found = dict(_answers(executor))
    assert len(found) == 3 * BATCH
    lost = {name: answer.why for name, answer in found.items() if answer.why}
    assert lost == dict.fromkeys(("r3", "r20"), f"no worker answered for it in {MAX_TRIES} tries ({called})")
    assert sum(numbers.count(3) for numbers in executor.handed) == MAX_TRIES


def test_workers_have_two_batches_each_and_no_more() -> None:
    shown: list[list[str]] = []
    tasks = (FleetTask(f"r{number}", {"number": number}) for number in range(5 * BATCH))
    workers = Workers(executor=Losing({}, KilledWorker), count=2, alive=lambda: "")
    assert len(list(answered("m:f", tasks, workers, Bounds(), shown.append))) == 5 * BATCH
    assert shown == [["r0", "r8", "r16", "r24"], ["r32"]]


class Dead(Executor):
    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        raise RuntimeError("closed")


class Silent(Executor):
    """Takes work and answers after some looks at it, or never."""

    def __init__(self, looks: int | None) -> None:
        self.looks = looks
        self.future: Future[Any] = Future()

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        return self.future

    def alive(self) -> str:
        if self.looks is None:
            return "the connection is closed"
        self.looks -= 1
        if not self.looks:
            self.future.set_result([(0, "")])
        return ""


@pytest.mark.parametrize(
    ("alive", "says"),
    [
        ("the connection is closed", r"the connection is closed; with --state FILE, the same command goes on where"),
        ("", r"the executor takes no more work \(RuntimeError\); with --state"),
    ],
)
def test_an_executor_that_takes_no_work_ends_the_run(alive: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        _answers(Dead(), alive=alive)


def test_silence_ends_the_run_only_where_the_executor_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "_PATIENCE", 0.0)
    slow = Silent(3)
    tasks = [FleetTask("r0", {"number": 0})]
    assert len(list(answered("m:f", tasks, Workers(executor=slow, count=1, alive=slow.alive), Bounds()))) == 1
    gone = Silent(None)
    with pytest.raises(UsageError, match="the connection is closed; with --state"):
        list(answered("m:f", tasks, Workers(executor=gone, count=1, alive=gone.alive), Bounds()))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("threads", None, None), "expected one of processes, dask"),
        (("processes", "tcp://127.0.0.1:1", None), "it needs --executor dask"),
        (("processes", None, 0), "--jobs 0: expected a number from 1 on"),
    ],
)
def test_executors_that_mean_nothing(words: tuple[str, str | None, int | None], says: str) -> None:
    with pytest.raises(UsageError, match=says), workers_of(*words):
        pass


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"fail_on": "panic"}, "--fail-on panic: expected one of"),
        ({"select": ["MLA999"]}, "--select"),
        ({"what_if": ["numpy"]}, "expected PACKAGE==VERSION"),
        ({"what_if": ["==1"]}, "expected PACKAGE==VERSION"),
        ({"what_if": ["numpy==x"]}, "expected PACKAGE==VERSION"),
    ],
)
def test_questions_that_mean_nothing(words: dict[str, Any], says: str) -> None:
    from datetime import date

    with pytest.raises(UsageError, match=says):
        question_of(date(2026, 1, 1), **words)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\n b # more\n\n# c\n#d\n", ["a", "b"]),
        ("b\n./b\na/../b\n", ["b"]),
        ("gone\n", ["gone"]),
        ("one#two\n", ["one#two"]),
    ],
)
def test_a_list_names_each_repository_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, names: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "one#two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    (tmp_path / "repos.txt").write_text(text)
    found = fleet_entries(["repos.txt"])
    assert [one.name for one in found] == names
    assert [one.kind for one in found] == ["missing" if name == "gone" else "checkout" for name in names]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"a\n\nx\0y\n", r"repos.txt:3: it has a NUL character"),
        (b"a\nhttps://git.example/x/y\n", r"repos.txt:2: https://git.example/x/y is an address"),
        (b"# none\n", r"repos.txt: no repository"),
        (b"a\n" * 9, "at most 0 MiB"),
    ],
)
def test_a_list_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlaudit.fleet.entries.MAX_LIST", 16 if says.startswith("at most") else 1 << 20)
    (tmp_path / "repos.txt").write_bytes(text)
    with pytest.raises(UsageError, match=says):
        fleet_entries(["repos.txt"])


def test_repositories_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("host/owner/name", "one", "one/inner", ".hidden/two", "a/b/c/deep", "plain/src"):
        (tmp_path / "all" / name).mkdir(parents=True)
        if not name.startswith("plain"):
            (tmp_path / "all" / name / ".git").mkdir()
    for part in ("objects", "refs"):
        (tmp_path / "all/bare.git" / part).mkdir(parents=True)
    (tmp_path / "all/bare.git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "all/host/x.mlaudit-list.json").write_text("{}")
    (tmp_path / "all/host/other.json").write_text("{}")
    (tmp_path / "all/link").symlink_to("one")
    assert [(one.name, one.kind) for one in fleet_entries(["all"])] == [
        ("all/bare.git", "bare"),
        ("all/host/owner/name", "checkout"),
        ("all/host/x.mlaudit-list.json", "inventory"),
        ("all/one", "checkout"),
    ]
    assert [(one.name, one.kind) for one in fleet_entries(["all/plain"])] == [("all/plain", "checkout")]


def test_stamps_change_with_the_content(tmp_path: Path) -> None:
    write(tmp_path / "x", {"requirements.txt": "numpy==2.1.3\n"})
    commit = committed(tmp_path / "x")
    git = FleetEntry(name="x", path=str(tmp_path / "x/.git"), kind="bare")
    assert git.stamp() == commit
    inventory = FleetEntry(name="i", path=str(tmp_path / "i.json"), kind="inventory")
    assert inventory.stamp() == ""
    (tmp_path / "i.json").write_bytes(b"{}")
    assert inventory.stamp() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert FleetEntry(name="b", path=str(tmp_path), kind="bare").stamp() == ""
    assert FleetEntry(name="c", path=str(tmp_path / "x"), kind="checkout").stamp() == ""
