"""What looking finds by evidence: trees of `fixtures/discovery/*/files`, and the environments and pairs in each.

`expected.toml` was written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes it anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.discovery.environments import Discovery, no_roots
from mlaudit.discovery.init_file import quoted, render
from mlaudit.discovery.recipes import AuditedTree
from mlaudit.discovery.survey import survey
from mlaudit.environments.named_files import stating
from mlaudit.parsers._registry import is_named
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree
from tests.command_line import report, run

FIXTURES = Path(__file__).parent.parent / "fixtures" / "discovery"
CASES = sorted(path.parent.name for path in FIXTURES.glob("*/files"))


def found_in(folder: Path) -> Discovery:
    root = WorkingTree(folder)
    paths = walk(folder, is_named).paths
    tree = AuditedTree(folder=folder, root=root, paths=dict.fromkeys(paths))
    return survey(tree, stating(paths, folder, root), no_roots)


def plain(found: Discovery) -> dict[str, list[dict[str, Any]]]:
    return {
        "environment": [
            {
                "name": one.name,
                "role": one.role,
                "sources": [*one.sources, *one.installs],
                **_stated(
                    folder=one.folder,
                    covered=[*one.covered],
                    reason=one.reason,
                    evidence=[str(observation) for observation in one.evidence],
                    exchanges=[
                        f"{each.side} {each.kind} {each.scope}:{each.name}, {each.form} {' '.join(each.kinds)} ({each.at})"
                        for each in one.exchanges
                    ],
                    loads=[f"{path} ({at})" for path, at in one.loads],
                ),
            }
            for one in found.environments
        ],
        "pair": [
            {
                "writer": one.writer,
                "reader": one.reader,
                "certain": one.certain,
                "crosses": [f"{cross.artifact}, {cross.form}" for cross in one.crosses],
                "places": [*(str(cross.written) for cross in one.crosses), *(str(cross.read) for cross in one.crosses)],
                **_stated(
                    project=one.project,
                    reason=one.reason,
                    kinds=[*one.kinds],
                    settings=[f"{key}={value}" for cross in one.crosses for key, value in (*cross.settings, *cross.stated)],
                    named=[str(at) for cross in one.crosses for at in cross.named],
                    parted=[f"{each.name} ({each.written}, {each.read})" for each in one.parted],
                ),
            }
            for one in found.pairs
        ],
        "ignored": [{"path": one.path, "why": one.why} for one in found.ignored],
    }


def _stated(**values: object) -> dict[str, Any]:
    """What is not empty of some values."""
    return {key: value for key, value in values.items() if value}


def as_toml(data: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for table, rows in data.items():
        for row in rows:
            yield f"[[{table}]]\n"
            for key, value in row.items():
                yield f"{key} = {_value(value)}\n"
            yield "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(quoted, value))}]" if isinstance(value, list) else quoted(str(value))


@pytest.mark.parametrize("case", CASES)
def test_evidence(case: str) -> None:
    actual = plain(found_in(FIXTURES / case / "files"))
    expected = FIXTURES / case / "expected.toml"
    if os.environ.get("MLAUDIT_REGENERATE"):
        expected.write_text("".join(as_toml(actual)).rstrip() + "\n", encoding="utf-8")
    wanted = tomli.loads(expected.read_text(encoding="utf-8"))
    assert {key: rows for key, rows in actual.items() if rows} == wanted


def test_there_is_a_case_for_each_kind_of_evidence() -> None:
    assert len(CASES) >= 18


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_check_finds_the_same_before_and_after_init(case: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / case / "files", tmp_path / "tree")
    before = report(tmp_path / "tree", "check")
    done = run(tmp_path / "tree", "init")
    assert done.returncode == 0, done.stderr
    after = report(tmp_path / "tree", "check")

    def said(data: dict[str, Any]) -> object:
        pairs = sorted((one["writer"], one["reader"], one["certain"]) for one in data["pairs"])
        sources = {one["name"]: one["sources"] for one in data["environments"]}
        findings = sorted((one["code"], one["severity"], str(one["package"])) for one in data["findings"])
        return pairs, sources, findings

    assert said(before) == said(after)


def test_init_says_what_shows_a_pair() -> None:
    text = render(found_in(FIXTURES / "stages-of-one-dockerfile" / "files"))
    assert "# training writes model.joblib" in text
    assert "crosses = {" in text
