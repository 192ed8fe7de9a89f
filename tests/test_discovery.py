"""Discovery over `fixtures/discovery`, its laws over random trees, and the configuration that `init` writes from it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.discovery.environments import Discovery, discover, no_roots
from mlaudit.discovery.init_file import how_to_declare, quoted, render
from mlaudit.document.document import Document
from mlaudit.knowledge.roles import tokens, words
from mlaudit.parsers._registry import environment_format, is_named
from mlaudit.request.config_file import load
from mlaudit.sources.listing import walk

FIXTURES = Path(__file__).parent.parent / "fixtures" / "discovery"
CASES = sorted(path.parent.name for path in FIXTURES.glob("*/tree"))
CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))

# Formats by name, independent of the parsers that are registered, so that the laws are tested on all kinds.
FORMATS = {
    r"uv\.lock": "uv-lock",
    r"pylock(\..*)?\.toml": "pylock",
    r"conda-lock\.yml": "conda-lock",
    r"pyproject\.toml": "pyproject",
    r"MLmodel": "mlmodel",
    r"\.python-version": "python-version",
    r".*\.ipynb": "notebook",
    r"(.*\.)?Dockerfile(\..*)?": "dockerfile",
    r"(conda|environment)([-_.].*)?\.ya?ml": "conda-env",
    r"pip-freeze\.txt": "pip-freeze",
    r"((.*/)?requirements/[^/]*|(.*/)?[^/]*requirements[^/]*)\.(txt|in)": "requirements",
}


def recognise(path: str) -> str | None:
    name = path.rpartition("/")[2]
    return next((found for pattern, found in FORMATS.items() if re.fullmatch(pattern, name)), None) or next(
        (found for pattern, found in FORMATS.items() if "/" in pattern and re.fullmatch(pattern, path)), None
    )


def paths_of(case: str) -> tuple[str, ...]:
    """The files of a case; not by `walk`, so that each is tested alone."""
    root = FIXTURES / case / "tree"
    return tuple(path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file())


def plain(discovery: Discovery) -> object:
    return json.loads(json.dumps(asdict(discovery)))


def roots_of(case: str) -> Callable[[str], Sequence[str]]:
    """The projects of a case's locks and manifests, by their own words."""

    def roots(path: str) -> Sequence[str]:
        document = tomli.loads((FIXTURES / case / "tree" / path).read_text(encoding="utf-8"))
        if "package" in document:
            return [one["name"] for one in document["package"] if {"editable", "virtual"} & set(one.get("source", ()))]
        return [document["project"]["name"]] if "project" in document else []

    return roots


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    found = plain(discover(paths_of(case), recognise, roots_of(case)))
    expected = FIXTURES / case / "expected.json"
    if os.environ.get("MLAUDIT_REGENERATE"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_there_are_cases() -> None:
    assert len(CASES) > 20


@pytest.mark.parametrize("case", CASES)
def test_what_init_writes_loads_back(case: str) -> None:
    assert_round_trip(discover(paths_of(case), recognise, roots_of(case)))


def assert_round_trip(discovery: Discovery) -> None:
    loaded = load(Document("mlaudit.toml", render(discovery).encode("utf-8")))
    assert [(one.name, one.sources, one.follows) for one in loaded.environments] == [
        (one.name, one.documents, one.follows) for one in discovery.environments
    ]
    assert [one.role for one in loaded.environments] == [one.role or one.name for one in discovery.environments]


FOLDERS = st.sampled_from(
    ("train", "serve", "api", "batch", "docs", "src", "docker", "a", "b", "a-train", "b-serve", "requirements", "model")
)
FILES = st.sampled_from(
    (
        "requirements.txt",
        "requirements.in",
        "requirements-train.txt",
        "requirements-dev.txt",
        "requirements-base.txt",
        "requirements-cu121.txt",
        "requirements-py3.11.txt",
        "uv.lock",
        "pylock.toml",
        "pylock.cpu.toml",
        "conda-lock.yml",
        "pyproject.toml",
        "Dockerfile",
        "serve.Dockerfile",
        ".python-version",
        "MLmodel",
        "environment.yml",
        "pip-freeze.txt",
        "explore.ipynb",
        "main.py",
    )
)
TREES = st.lists(
    st.tuples(st.lists(FOLDERS, max_size=3), FILES).map(lambda parts: "/".join((*parts[0], parts[1]))),
    max_size=14,
    unique=True,
)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_a_case_does_not_matter(case: str) -> None:
    paths = paths_of(case)
    assert discover(reversed(paths), recognise) == discover(paths, recognise)


@given(TREES, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_order_of_paths_does_not_matter(tree: list[str], chance: random.Random) -> None:
    shuffled = list(tree)
    chance.shuffle(shuffled)
    assert discover(tree, recognise) == discover(shuffled, recognise)


def project_of(path: str) -> Sequence[str]:
    """A manifest is about its folder; a lock is about everything."""
    folder = path.rpartition("/")[0].rpartition("/")[2] or "root"
    return ("root", "a", "b", "train", "serve") if path.endswith(".lock") else (folder,)


@given(TREES, st.sampled_from((no_roots, project_of)))
@settings(max_examples=400, deadline=None)
def test_nothing_is_lost_and_names_are_unique(tree: list[str], roots: Callable[[str], Sequence[str]]) -> None:
    found = discover(tree, recognise, roots)
    assert accounted(found) == {path for path in tree if recognise(path)}
    names = [environment.name for environment in found.environments]
    assert len(names) == len(set(names))
    assert all(environment.sources for environment in found.environments)
    assert {name for pair in found.pairs for name in (pair.writer, pair.reader)} <= set(names)
    assert_round_trip(found)


def accounted(found: Discovery) -> set[str]:
    told = {entry.path for entry in found.ignored}
    for environment in found.environments:
        told.update((source.partition("#")[0] for source in environment.sources), environment.covered)
    return told


@given(TREES)
@settings(max_examples=200, deadline=None)
def test_names_alone_make_no_pair_certain(tree: list[str]) -> None:
    found = discover(tree, recognise)
    assert not any(pair.certain for pair in found.pairs)
    assert all(one.guessed == bool(one.follows) for one in found.environments)


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..") and "/" not in text and "\0" not in text))
@settings(max_examples=300, deadline=None)
def test_any_folder_name_survives_init(name: str) -> None:
    assert_round_trip(discover((f"{name}/requirements.txt", "serve/requirements.txt"), recognise))


@pytest.mark.parametrize("checkout", ["serving", "train", "docs", "api-tests", "environment"])
def test_the_name_of_the_checkout_does_not_matter(checkout: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "declared-nowhere" / "tree", tmp_path / checkout)
    found = plain(discover(walk(tmp_path / checkout, is_named).paths, recognise))
    assert found == json.loads((FIXTURES / "declared-nowhere" / "expected.json").read_text(encoding="utf-8"))


def test_registered_parsers_know_names() -> None:
    assert environment_format("a/uv.lock") == "uv-lock"
    assert environment_format("requirements/train.txt") == "requirements"
    assert environment_format("main.py") is None


def test_how_to_declare_names_two_environments() -> None:
    hint = how_to_declare(discover(("a/requirements.txt", "b/requirements.txt"), recognise))
    assert 'follows = "a" under "b"' in hint
    assert how_to_declare(discover(("train/requirements.txt", "api/requirements.txt"), recognise)) == ""
    assert how_to_declare(discover(("requirements.txt",), recognise)) == ""


def test_toml_strings() -> None:
    assert quoted('a"b\\c\n\x7f\ud800é') == '"a\\"b\\\\c\\U0000000A\\U0000007F\ufffdé"'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TrainJob", ("train", "job")),
        ("requirements-py3.10.txt", ("requirements", "py3.10", "txt")),
        ("uv.lock.d", ("uv", "lock", "d")),
        ("torch_cu121_linux.txt", ("torch", "cu121", "linux", "txt")),
        ("ubi9-python-3.12", ("ubi9", "python", "3.12")),
    ],
)
def test_tokens(name: str, expected: tuple[str, ...]) -> None:
    assert tokens(name) == expected


def test_the_table_of_words_is_coherent() -> None:
    table = words()
    ignored = frozenset[str]().union(*(row.files | row.folders for row in table.ignored))
    told = frozenset[str]().union(*(row.words | row.weak for row in table.roles))
    assert not ignored & told
    assert not table.neutral_files & (told | ignored)
    assert not any(table.variant_rank(word) is not None for word in table.neutral_files | told | ignored)
    assert {table.side(role) for role in table.descriptors.values()} == {"writer", "reader"}


def names_below(paths: Iterable[str]) -> set[str]:
    return {path.rpartition("/")[2] for path in paths}


def test_walk_enters_no_foreign_folder_and_none_twice(tmp_path: Path) -> None:
    for folder in (".git", ".venv", "node_modules", "a/site-packages", "__pycache__", "build", "a/b"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"in-{folder.rpartition('/')[2]}.txt").touch()
    (tmp_path / "myenv").mkdir()
    (tmp_path / "myenv" / "pyvenv.cfg").touch()
    (tmp_path / "linked").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "linked.txt").symlink_to(tmp_path / "a" / "b" / "in-b.txt")
    os.mkfifo(tmp_path / "pipe")
    found = walk(tmp_path, is_named)
    assert found.paths == ("a/b/in-b.txt", "linked.txt")
    assert [entry.at.path for entry in found.unread] == ["linked"]


def test_walk_says_where_it_stopped(tmp_path: Path) -> None:
    deep = tmp_path / "1" / "2" / "3"
    deep.mkdir(parents=True)
    for name in "cab":
        (tmp_path / name).touch()
    cut = walk(tmp_path, is_named, max_files=2)
    assert cut.paths == ("a", "b")
    assert "more than 2 files" in cut.unread[0].why
    assert [entry.at.path for entry in walk(tmp_path, is_named, max_depth=1).unread] == ["1/2"]
    assert "cannot be listed" in walk(tmp_path / "missing", is_named).unread[0].why


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real repositories is not here (MLAUDIT_CORPUS)")
def test_real_repositories() -> None:
    roots = [root for root in sorted(CORPUS.iterdir()) if root.is_dir()]
    found = {root.name: discover(walk(root, is_named).paths, recognise) for root in roots}
    pairs = {(name, pair.project) for name, discovery in found.items() for pair in discovery.pairs}
    assert ("zenml-io+zenml-projects", "oncoclear") in pairs
    assert not found["kserve+kserve"].pairs, "model servers side by side are no training and serving"
    assert not found["pytorch+serve"].pairs
    builds = [one for one in found["pytorch+serve"].environments if one.sources[0].startswith("requirements/torch_")]
    assert len(builds) > 20, "each build is an environment of its own"
    for discovery in found.values():
        assert_round_trip(discovery)
