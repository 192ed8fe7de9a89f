"""Tools that are run, sources of packages that are bounded, the index of code, and what a fleet adds up."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from mlaudit.fleet.reduction import Reduction
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.sources import code_index, package_sources
from mlaudit.sources.code_index import IndexedCode, code_in_index, patched
from mlaudit.sources.native_tools import run_tool
from mlaudit.sources.package_sources import PackageSources


def tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program `locker` on the PATH."""
    path = folder / "locker"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_tool_that_ends_well_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, monkeypatch, 'echo "$@" > done.txt')
    run_tool(("locker", "lock", "--upgrade"), tmp_path)
    assert (tmp_path / "done.txt").read_text(encoding="utf-8") == "lock --upgrade\n"


@pytest.mark.parametrize(
    ("script", "words", "says"),
    [
        ("exit 0", ("no-such-locker",), "no-such-locker is not installed, or not on the PATH"),
        ("echo 'no  solution' >&2; exit 3", ("locker", "lock"), "locker lock ended with 3: no solution"),
        ("echo 'only out'; exit 1", ("locker",), "locker ended with 1: only out"),
    ],
)
def test_a_tool_that_fails_is_told(
    script: str, words: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, monkeypatch, script)
    with pytest.raises(UsageError) as raised:
        run_tool(words, tmp_path)
    assert str(raised.value) == says


def test_sources_of_a_package_past_a_limit_end_with_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.py", "b.py", "inner/c.py"):
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(f"# {name}\n", encoding="utf-8")
    code = PackageSources(tmp_path, "site-packages")
    assert list(code.sources("shop")) == [b"# a.py\n", b"# b.py\n", b"# inner/c.py\n"]
    with pytest.raises(Unreadable, match="it is not a folder whose names can be listed"):
        list(code.list("gone"))
    monkeypatch.setattr(package_sources, "MAX_SOURCES", 1)
    assert list(PackageSources(tmp_path, "site-packages").sources("shop")) == [b"# a.py\n", None]
    monkeypatch.setattr(package_sources, "MAX_DEPTH", -1)
    assert list(PackageSources(tmp_path, "site-packages").sources("shop")) == [None]


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("a\nb\nc", [[0, 2], "d"], "a\nb\nd"),
        ("", ["x\ny"], "x\ny"),
        ("a", [[0]], None),
        ("a", [["0", 1]], None),
        ("a", ["x" * (code_index.MAX_TEXT + 1)], None),
    ],
)
def test_a_text_is_made_of_the_one_before(before: str, change: list[Any], after: str | None) -> None:
    assert patched(before, change) == after


def test_the_releases_of_a_package_follow_one_another(tmp_path: Path) -> None:
    releases = [
        {"version": "1.0", "files": {"shop/__init__.py": ["a = 1"], "shop/old.py": ["b = 2"], "shop/fast.so": True}},
        {"version": "1.1", "files": {"shop/__init__.py": [[0, 1], "c = 3"], "shop/old.py": False}},
    ]
    path = tmp_path / "shop.xz"
    path.write_bytes(lzma.compress(json.dumps({"format": code_index.FORMAT, "releases": releases}).encode()))
    first, second = (code_in_index(path, "shop", version) for version in ("1.0", "1.1"))
    assert code_in_index(path, "shop", "2.0") is None
    assert code_in_index(tmp_path / "gone.xz", "gone", "1.0") is None
    shown = [
        (sorted(code.names("shop") or ()), code.read("shop/__init__.py"))
        for code in (first, second)
        if code is not None
    ]
    assert shown == [
        (["__init__.py", "fast.so", "old.py"], b"a = 1"),
        (["__init__.py", "fast.so"], b"a = 1\nc = 3"),
    ]


def test_sources_of_the_index_end_where_one_is_lacking() -> None:
    code = IndexedCode("shop", "1.0", {"shop/a.py": "a", "shop/b.py": None, "shop/c.py": "c", "other/d.py": "d"})
    assert list(code.sources("shop")) == [b"a", None]
    assert list(code.sources("other")) == [b"d"]
    assert code.read_binary("shop/fast.so") is None


def row(name: str, **more: Any) -> dict[str, Any]:
    """The row of a repository of a model and an environment without a watched package."""
    environments = [
        {"name": "model", "is_model": True, "versions": {}},
        {"name": "serving", "is_model": False, "versions": {}},
    ]
    plain = {"repository": name, "kind": "checkout", "why": "", "exit_code": 0, "environments": environments}
    return {**plain, "pairs": [], "risks": [], "packages": [], "findings": [], **more}


def test_a_fleet_counts_what_was_given_up() -> None:
    reduction = Reduction()
    reduction.add(row("shop"))
    reduction.add({"repository": "lost", "kind": "bare", "why": "it has no commit"})
    reduction.add_spanning({"address": ("s3", "", "churn"), "writer": "a:x", "reader": "b:y", "why": "b was not read"})
    report = reduction.report([("numpy", "2.1.3")], ["a note"])
    assert [(repository.name, repository.why) for repository in report.repositories] == [
        ("shop", ""),
        ("lost", "it has no commit"),
    ]
    assert [(pair.writer, pair.reader, pair.address, pair.why) for pair in report.pairs] == [
        ("a:x", "b:y", "s3 churn", "b was not read")
    ]
    assert (report.environments, report.clusters, report.asked, report.notes, report.exit_code) == (
        1,
        (),
        ("numpy==2.1.3",),
        ("a note",),
        2,
    )
