"""The quick look into a lock finds what the index of the whole text finds, in any layout."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from mlaudit.document.document import Document
from mlaudit.document.lock_positions import LockLocator
from mlaudit.document.node import Node
from mlaudit.document.positions import toml_locator
from mlaudit.parsers.uv_lock import _edge, _plain_texts
from tests.parser_cases import FIXTURES
from tests.test_locate import corpus_texts, needs_corpus, routes

LOCK = """version = 1
revision = 3
requires-python = ">=3.10"
resolution-markers = [
    "python_full_version >= '3.13'",
]

[manifest]
members = ["app"]
overrides = [{ name = "numpy", specifier = "==2.1.3" }]

[[package]]
name = "app"
source = { editable = "." }
dependencies = [
    { name = "numpy" },
]

[package.metadata]
requires-dist = [{ name = "numpy", specifier = ">=2" }]

[[package]]
name = "numpy"
version = "2.1.3"
source = { registry = "https://pypi.example/simple" }
wheels = [
    { url = "https://files.pypi.example/numpy-2.1.3.whl", hash = "sha256:aa", size = 1 },
]

[[package]]
name = "zlib"
version = "1"
"""
HEADER = '[[package]]\nname = "numpy"\nversion = "2.1.3"\n'


def all_alike(text: str) -> int:
    """How many places are the same by both locators, which must be all."""
    lock = tomli.loads(text)
    packages = lock.get("package", ())
    quick, full = LockLocator(text, len(packages)), toml_locator(text)
    every = [(), *(route for route, _ in routes(lock)), ("package", len(packages), "name"), ("nothing",)]
    assert [quick.at(*route) for route in every] == [full.at(*route) for route in every]
    return len(every)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("\n", "\r\n"),
        ("version = 1\nrev", "# a lock\nversion = 1\nrev"),
        (HEADER, HEADER.replace("[[package]]", "[[ package ]]")),
        (HEADER, HEADER.replace("[[package]]", '[["package"]]')),
        (HEADER, HEADER.replace("[[package]]", "[[package]]  # the second")),
        (HEADER, f"  {HEADER}"),
        (HEADER, HEADER.replace('"numpy"', "'numpy'")),
        (HEADER, HEADER.replace('"numpy"', '"num\\u0070y"')),
        (HEADER, HEADER.replace("name =", "name  =")),
        (HEADER, HEADER.replace('"2.1.3"', '"2.1.3"  # the newest')),
        (HEADER, '[[package]]\nversion = "2.1.3"\nname = "numpy"\n'),
        (HEADER, '[[package]]\n\nname = "numpy"\nversion = "2.1.3"\n'),
        (HEADER, 'x = """\n[[package]]\nname = "numpy"\n"""\n[[package]]\nname = "a"\nversion = "1"\n'),
        (HEADER, "x = '''\n[[package]]\nname = \"numpy\"\n'''\n" + HEADER),
        (HEADER, f"# [[package]]\n{HEADER}"),
        (HEADER, f'[[package.part]]\nname = "x"\n{HEADER}'),
        ('requires-python = ">=3.10"\n', ""),
        ('requires-python = ">=3.10"\n', 'requires-python = "é"\n'),
    ],
)
def test_every_place_is_the_one_of_the_index(old: str, new: str) -> None:
    text = LOCK.replace(old, new) if old else LOCK
    assert (text != LOCK) is bool(old)
    assert all_alike(text) > 20


def test_a_lock_without_packages_has_its_places() -> None:
    assert all_alike('version = 1\nrequires-python = ">=3.10"\n') == 5
    assert all_alike('version = 1\n\n[package]\nname = "a"\n'.replace("[package]", "[other]")) == 6


def test_the_usual_places_are_found_without_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlaudit.document.lock_positions.toml_locator", lambda _: pytest.fail("an index is made"))
    doc = Document("uv.lock", LOCK.encode())
    assert doc.lock_toml.get("version").value == 1
    assert doc.at("package", 1, "version").line == LOCK[: LOCK.index('"2.1.3"\nsource')].count("\n") + 1
    assert doc.at("requires-python").line == 3


def locks() -> list[Path]:
    folders = [FIXTURES / "parsers" / name for name in ("uv-lock", "poetry-lock", "pdm-lock")]
    return [path for folder in folders for path in folder.rglob("*.lock")]


def test_every_place_of_the_fixtures_is_the_one_of_the_index() -> None:
    checked = 0
    for path in locks():
        try:
            text = path.read_bytes().decode("utf-8")
            tomli.loads(text)
        except ValueError:
            continue
        checked += all_alike(text)
    assert checked > 1000


@pytest.mark.slow
@needs_corpus
def test_every_place_of_the_corpus_is_the_one_of_the_index() -> None:
    checked = 0
    for path in corpus_texts("uv.lock", "poetry.lock", "pdm.lock"):
        text = path.read_bytes().decode("utf-8")
        packages = tomli.loads(text)["package"]
        quick, full = LockLocator(text, len(packages)), toml_locator(text)
        places = [("package", at, key) for at in range(len(packages)) for key in ("name", "version")]
        every = [*places, ("requires-python",), ("manifest",), ("metadata",), ("package", 0)]
        assert [quick.at(*route) for route in every] == [full.at(*route) for route in every], path
        checked += len(every)
    assert checked > 5000


@pytest.mark.parametrize(
    ("stated", "plain"),
    [
        ({"name": "Num_py"}, True),
        ({"name": "numpy", "version": "2", "marker": "sys_platform == 'linux'", "specifier": ">=2"}, True),
        ({"name": "numpy", "specifier": ""}, True),
        ({"name": "numpy", "extra": ["a"]}, False),
        ({"name": "numpy", "source": {"registry": "https://pypi.example/simple"}}, False),
        ({"name": "numpy", "unknown": "x"}, False),
        ({"name": "numpy", "version": 2}, False),
        ({"version": "2"}, False),
        ("numpy", False),
    ],
)
def test_a_plain_requirement_is_the_edge_that_any_is(
    stated: object, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: dict[tuple[str, str | None, str | None], str] = {("numpy", "x", None): ">=1", ("num-py", "x", None): "<9"}
    node = Node(stated, ("package", 0, "dependencies", 0))
    assert (_plain_texts(node) is not None) is plain
    if plain:
        quick = _edge(node, when_extra="x", declared=declared)
        monkeypatch.setattr("mlaudit.parsers.uv_lock._plain_texts", lambda _: None)
        assert quick == _edge(node, when_extra="x", declared=declared)
