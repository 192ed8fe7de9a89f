"""What looking finds by evidence: trees of `fixtures/discovery/*/files`, and the environments and pairs in each.

`expected.toml` was written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes it anew.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.code.nouns import ArtifactName, ArtifactUse
from mlaudit.discovery.environments import Discovery, no_roots
from mlaudit.discovery.init_file import quoted, render
from mlaudit.discovery.recipes import AuditedTree, ImageRun, RecipePart, RunCommand
from mlaudit.discovery.survey import Survey, recipe_parts, survey_with_code
from mlaudit.environments.named_files import stating
from mlaudit.model.exchanges import Exchange
from mlaudit.parsers._registry import is_named
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree
from tests.command_line import report, run
from tests.nightly import some_now

FIXTURES = Path(__file__).parent.parent / "fixtures" / "discovery"
CASES = sorted(path.parent.name for path in FIXTURES.glob("*/files"))


def surveyed(folder: Path) -> tuple[Survey, list[RecipePart]]:
    root = WorkingTree(folder)
    paths = walk(folder, is_named).paths
    tree = AuditedTree(folder=folder, root=root, paths=dict.fromkeys(paths))
    named = stating(paths, folder, root)
    return survey_with_code(tree, named, no_roots), recipe_parts(tree, named)


def found_in(folder: Path) -> Discovery:
    return surveyed(folder)[0].discovery


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
                    exchanges=list(map(_exchange, one.exchanges)),
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
                    settings=[
                        f"{key}={value}" for cross in one.crosses for key, value in (*cross.settings, *cross.stated)
                    ],
                    named=[str(at) for cross in one.crosses for at in cross.named],
                    parted=[f"{each.name} ({each.written}, {each.read})" for each in one.parted],
                ),
            }
            for one in found.pairs
        ],
        "ignored": [{"path": one.path, "why": one.why} for one in found.ignored],
    }


def plain_parts(parts: list[RecipePart]) -> dict[str, list[dict[str, Any]]]:
    """What recipes make, before anything is joined to it."""
    return {
        "part": [
            {
                "source": one.source,
                "flags": " ".join(
                    flag for flag in ("states", "unresolved", "has_python", "has_packages") if getattr(one, flag)
                ),
                **_stated(
                    name=one.name,
                    installs=[*one.installs],
                    packages=sorted(one.packages),
                    commands=list(map(_command, one.commands)),
                    built_by=list(map(_command, one.built_by)),
                    copies=[*(one.copies or ())],
                    folders=[*one.folders],
                    runs=list(map(_run, one.runs)),
                    models=[f"{model.name} ({model.at})" for model in one.models],
                ),
            }
            for one in parts
        ]
    }


def _exchange(one: Exchange) -> str:
    return f"{one.side} {one.kind} {one.scope}:{one.name}, {' '.join((one.form, *one.kinds))} ({one.at})"


def _command(one: RunCommand) -> str:
    return f"{shlex.join(one.words)} in {one.folder or '?'} ({one.at})"


def _run(one: ImageRun) -> str:
    words = [f"{one.name} ({one.at})", f"{one.dockerfile}#{one.target} in {one.folder or '?'}"]
    words += [
        f"{key} {shlex.join(said)}" for key in ("entrypoint", "command") if (said := getattr(one, key)) is not None
    ]
    words += [f"{name}={value}" for name, value in one.settings]
    words += [f"{mount.scope} {mount.source} at {mount.target}" for mount in one.mounts]
    return "; ".join(words)


def plain_uses(uses: Iterable[ArtifactUse]) -> dict[str, list[dict[str, Any]]]:
    """Each use of an artifact in a line, as `survey` joins them."""
    lines = [
        f"{use.at}: {use.call} {use.direction.value} {use.form} {', '.join(map(_name, use.names))}"
        f"{' by ' + ' '.join(sorted(use.files)) if use.files else ''}"
        for use in uses
    ]
    return {"uses": [{"of": lines}] if lines else []}


def _name(name: ArtifactName) -> str:
    return f"{name.kind.value}:{name.scope}:{name.text}{'~' + name.variable if name.variable else ''}"


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
    found, parts = surveyed(FIXTURES / case / "files")
    actual = {**plain(found.discovery), **plain_parts(parts), **plain_uses(found.uses)}
    expected = FIXTURES / case / "expected.toml"
    if os.environ.get("MLAUDIT_REGENERATE"):
        expected.write_text("".join(as_toml(actual)).rstrip() + "\n", encoding="utf-8")
    wanted = tomli.loads(expected.read_text(encoding="utf-8"))
    assert {key: rows for key, rows in actual.items() if rows} == wanted


def test_there_is_a_case_for_each_kind_of_evidence() -> None:
    assert len(CASES) >= 18


@pytest.mark.slow
@pytest.mark.parametrize("case", some_now(CASES))
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


@pytest.mark.parametrize("case", ["names-alone-are-a-guess", "model-registered-by-hand", "tasks-of-every-kind"])
def test_what_init_writes(case: str) -> None:
    written = render(found_in(FIXTURES / case / "files"))
    expected = FIXTURES / case / "init.toml"
    if os.environ.get("MLAUDIT_REGENERATE"):
        expected.write_text(written, encoding="utf-8")
    assert written == expected.read_text(encoding="utf-8")


def test_init_says_what_shows_a_pair() -> None:
    text = render(found_in(FIXTURES / "stages-of-one-dockerfile" / "files"))
    assert "# training writes model.joblib" in text
    assert "crosses = {" in text
