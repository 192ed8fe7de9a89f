"""What looking finds in small trees: `fixtures/discovery/trees/*.toml` has their files, `*.out` what each shows.

The answers were written by the tool and then judged by eye: MLAUDIT_REGENERATE=1 writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.discovery.environments import discover, no_roots
from mlaudit.discovery.reader_code import reader_code
from mlaudit.discovery.recipes import AuditedTree
from mlaudit.discovery.survey import survey_with_code
from mlaudit.parsers._registry import is_named
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write
from tests.parser_cases import FIXTURES
from tests.test_survey import as_toml, plain, plain_parts, plain_uses, surveyed

TREES = FIXTURES / "discovery" / "trees"
FILES = sorted(path.stem for path in TREES.glob("*.toml"))


def trees(file: str) -> dict[str, Any]:
    """The files of each tree, by what the tree shows; of some only the paths, where only those are asked."""
    return tomli.loads((TREES / f"{file}.toml").read_text(encoding="utf-8"))


def expected(file: str) -> dict[str, str]:
    path = TREES / f"{file}.out"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(re.findall(r"(?ms)^## ([^\n]*)\n(.*?)(?=^## |\Z)", text))


def shown(folder: Path) -> Iterator[str]:
    """Environments, pairs, parts of recipes, uses and what surely runs in an image, in a line each."""
    found, parts = surveyed(folder)
    yield from lines({**plain(found.discovery), **plain_parts(parts), **plain_uses(found.uses)})
    for environment in found.discovery.environments:
        if environment.guessed or environment.documents != environment.sources:
            guessed = "guessed, " * environment.guessed
            yield f"declared: {environment.name} {guessed}of {' '.join(environment.documents)}\n"
    yield f"sure: {', '.join(f'{pair.writer} -> {pair.reader}' for pair in found.discovery.pairs if pair.is_sure)}\n"
    yield f"alone: {', '.join(one.name for one in found.discovery.unpaired)}\n"
    yield f"formats: {' '.join(f'{part.source}={part.format}' for part in parts)}\n"
    for name, scope in found.scopes.items():
        words = [*sorted(scope.files), *(f"{function}()" for function in sorted(scope.functions))]
        words += [f"without {path}:{function}" for path, function in sorted(scope.apart) if path in scope.files]
        words += [f"without {use.at}" for use in sorted(scope.settled, key=lambda use: str(use.at))]
        yield f"scope: {name} {'is' if scope.is_exact else 'may be'} {', '.join(words)}\n"
    for pair in found.discovery.pairs:
        yield from [f"unnamed: {pair.writer} -> {pair.reader} {' '.join(pair.unnamed)}\n"] * bool(pair.unnamed)
    for holder, run in [(part, run) for part in parts for run in part.runs]:
        executed = "; ".join(f"{' '.join(command.words)} ({command.at})" for command in run.executed)
        yield from [f"inside: {holder.source} {run.name} {run.container or ''}: {executed}\n"] * bool(executed)
    tree = AuditedTree(folder=folder, root=WorkingTree(folder), paths=walk(folder, is_named).paths)
    for one in found.discovery.environments:
        code = reader_code(one.sources, parts, tree)
        if code is not None:
            started = "?" if code.started is None else " ".join(code.started)
            yield f"code: {one.name} holds {' '.join(code.files)}; starts {started}; in {code.home}\n"


def lines(tables: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for table, rows in tables.items():
        for row in rows:
            values = "".join(as_toml({table: [row]})).strip().splitlines()[1:]
            yield f"{table}: {'; '.join(values)}\n"


@pytest.mark.parametrize(("file", "name"), [(file, name) for file in FILES for name in trees(file)])
def test_a_tree(file: str, name: str, tmp_path: Path) -> None:
    files = trees(file)[name]
    if isinstance(files, dict):
        write(tmp_path, files)
    actual = "".join(shown(tmp_path) if isinstance(files, dict) else lines(plain(discover(files)))) + "\n"
    if os.environ.get("MLAUDIT_REGENERATE"):
        answers = {**expected(file), name: actual}
        text = "".join(f"## {one}\n{answers[one]}" for one in trees(file) if one in answers)
        (TREES / f"{file}.out").write_text(text, encoding="utf-8")
    assert actual == expected(file)[name]


@pytest.mark.parametrize("gone", [(), (".py", ".sh", ".ipynb", ".mk", "akefile"), (".yml", ".yaml", ".toml", ".json")])
@pytest.mark.parametrize(
    ("file", "name"), [(file, name) for file in FILES for name, files in trees(file).items() if isinstance(files, dict)]
)
def test_a_tree_of_which_files_are_gone_since_they_were_listed(
    file: str, name: str, gone: tuple[str, ...], tmp_path: Path
) -> None:
    """No file of the listing is there, or none of some kinds: what cannot be opened takes part in nothing."""
    paths = list(trees(file)[name])
    write(tmp_path, {path: text for path, text in trees(file)[name].items() if gone and not path.endswith(gone)})
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=dict.fromkeys(paths))
    found = survey_with_code(tree, paths, no_roots)
    assert all(tree.document(use.at.path.partition("#")[0]) is not None for use in found.uses)
    assert gone or not any(pair.crosses for pair in found.discovery.pairs)


@pytest.mark.parametrize("broken", [b"\n\xff\xfe\n", b"\n{{{ [\n- : :\n\t'\n"], ids=["no text", "no format"])
@pytest.mark.parametrize(
    ("file", "name"),
    [
        (file, name)
        for file in ("azureml", "borders", "pipelines", "servers", "services", "tasks")
        for name, files in trees(file).items()
        if isinstance(files, dict)
    ],
)
def test_a_tree_of_which_no_file_can_be_read(file: str, name: str, broken: bytes, tmp_path: Path) -> None:
    """What is no text, or breaks off, states nothing: it takes part in nothing, and leaves the rest as it is."""
    files = trees(file)[name]
    write(tmp_path, {**files, "fit/requirements.txt": "numpy==1.26.4\n"})
    for path, text in files.items():
        (tmp_path / path).write_bytes(text.encode() + broken)
    tree = AuditedTree(folder=tmp_path, root=WorkingTree(tmp_path), paths=dict.fromkeys(files))
    found = survey_with_code(tree, list(files), no_roots)
    assert all(environment.documents for environment in found.discovery.environments)
    if broken.startswith(b"\n\xff"):
        assert not any(pair.crosses for pair in found.discovery.pairs)
