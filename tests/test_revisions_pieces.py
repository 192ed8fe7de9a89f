"""Lines of commits and cores of locks at their limits."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast

import pytest

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.history import Commit
from mlaudit.revisions import lock_core, timeline
from mlaudit.revisions.lock_core import LockCores
from mlaudit.revisions.timeline import Line, moments, origin, touching


def commit(name: str, *parents: str, day: int = 1) -> Commit:
    when = datetime(2026, 1, day, tzinfo=timezone.utc)
    words = {"author": "a", "address": "a@b.example", "subject": name}
    return Commit(name=name, parents=parents, authored=when, committed=when, **words)


def line(*commits: Commit, slot: str | None = None) -> Line:
    nowhere = cast("Any", None)
    return Line(slot=cast("Any", slot), repository=nowhere, main=commits, known=known(*commits))


def known(*commits: Commit) -> dict[str, Commit]:
    return {one.name: one for one in commits}


HISTORY = known(
    commit("base"),
    commit("branch", "base"),
    commit("merge", "base", "branch"),
    commit("alone"),
    commit("circle", "first", "turn"),
    commit("turn", "circle"),
)


@pytest.mark.parametrize(
    ("name", "states", "brought"),
    [
        ("merge", {"merge": "2", "branch": "2", "base": "1"}, "branch"),
        ("merge", {"merge": "2", "branch": "1", "base": "1"}, "merge"),
        ("branch", {"branch": "2", "base": "1"}, "branch"),
        ("alone", {"alone": "2"}, "alone"),
    ],
)
def test_what_a_merge_states_came_with_its_branch(name: str, states: dict[str, str], brought: str) -> None:
    assert origin(HISTORY[name], HISTORY, states.get).name == brought


def test_a_walk_through_commits_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_WALKED", 5)
    assert origin(HISTORY["circle"], HISTORY, lambda _: "2").name in ("circle", "turn")


def test_a_commit_that_cannot_be_compared_counts_as_one_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    commits = line(commit("one"), commit("two"), commit("three"), commit("four"))
    changed = {"two": ["docs/a"], "three": ["app/b"]}

    def changed_paths(_: object, before: str, name: str) -> list[str]:
        if name == "four":
            raise Unreadable("its content is missing")
        return changed[name]

    monkeypatch.setattr(timeline, "changed_paths", changed_paths)
    reader = cast("Any", None)
    assert [one.name for one in touching(commits, reader, ["app"]).main] == ["one", "three", "four"]
    assert [one.name for one in touching(commits, reader, [""]).main] == ["one", "two", "three", "four"]


def test_moments_of_several_lines_begin_where_each_has_a_commit() -> None:
    # The clock of whoever made the second commit was late.
    own = line(commit("own-1", day=3), commit("own-2", day=2), commit("own-3", day=6))
    other = line(commit("other-1", day=4), commit("other-2", day=5), slot="image")
    told = [(one.audited, *one.revisions.values()) for one in moments([own, other])]
    assert told == [("own-2", "other-1"), ("own-2", "other-2"), ("own-3", "other-2")]
    assert [one.audited for one in moments([own])] == ["own-1", "own-2", "own-3"]


TABLES = """version = 1

[[package]]
name = "numpy"
version = "{numpy}"

[[package]]
name = "click"
version = "{click}"
"""


def lock(path: str = "uv.lock", numpy: str = "1", click: str = "1", more: str = "") -> Document:
    return Document(path, (TABLES.format(numpy=numpy, click=click) + more).encode())


def test_versions_of_packages_that_do_not_matter_are_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = LockCores(lambda package: package == "numpy")
    base = cores.core(lock())
    assert base is not None
    assert cores.core(lock(click="2")) == base
    assert cores.core(lock(numpy="2")) != base
    # A table that does not begin with a name, and packages in two versions, are kept as they are.
    fork = '\n[[package]]\nname = "click"\nversion = "{}"\n'
    assert cores.core(lock(more=fork.format("3"))) != cores.core(lock(more=fork.format("4")))
    nameless = '\n[[package]]\nversion = "{}"\n'
    assert cores.core(lock(more=nameless.format("3"))) != cores.core(lock(more=nameless.format("4")))
    assert cores.core(lock("requirements.txt")) is None
    assert cores.core(Document("uv.lock", b"version = 1\n")) is None
    monkeypatch.setattr(lock_core, "MOST_BYTES", 10)
    assert cores.core(lock()) is None
    monkeypatch.undo()
    monkeypatch.setattr(lock_core, "_MEMO", 0)
    assert LockCores(lambda package: package == "numpy").core(lock(click="2")) == base
