"""Hostile text documents: whatever stands in them, a bounded reading comes back, with a reason for what is unread."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import MAX_INCLUDES, read
from mlaudit.parsers._registry import parsers
from tests.artifact_bytes import reasons, versions
from tests.parser_cases import FIXTURES

MAX_SEED = 40_000
"""Bytes of a fixture that is worth mutating."""


def reading(text: str | bytes, name: str, as_format: str | None = None, **beside: str) -> Reading:
    """What a document says; `beside` are the documents that it may include, by their stem."""

    def ask(path: str) -> Document | None:
        stem = path.removesuffix(".txt")
        return Document(path, beside[stem].encode(), ask=ask) if stem in beside else None

    return read(Document(name, text.encode() if isinstance(text, str) else text, ask=ask), as_format)


def _seeds() -> dict[str, list[tuple[str, bytes]]]:
    found: dict[str, list[tuple[str, bytes]]] = {}
    for case in sorted((FIXTURES / "parsers").glob("*/*/expected.json")):
        path = case.parent / json.loads(case.read_text(encoding="utf-8"))["input"]
        if path.is_file() and path.stat().st_size < MAX_SEED:
            found.setdefault(case.parent.parent.name, []).append((path.name, path.read_bytes()))
    return {name: seeds for name, seeds in found.items() if name in parsers()}


SEEDS = _seeds()
TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"\n", b"\r", b"\0", b"\xff", b"\xe2\x80\xa8", b"\t", b"\\\n"),
    *(b"${X}", b"{{ x }}", b"#", b": ", b"- ", b"==", b",", b";", b" and ", b"null", b"1e999", b"-1", b"<<EOF"),
    *(b"&a *a", b"(" * 40, b"!!python/object:os.system x", b"%s", b"@", b"../" * 5, b'"""', b"0" * 40, b"*"),
)


@st.composite
def mutated(draw: st.DrawFn, seeds: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A fixture with pieces cut out, repeated, moved and replaced."""
    name, data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 1, 4, 20, 200))))
        put = draw(
            st.one_of(st.just(b""), st.sampled_from(TOKENS), st.binary(max_size=4), st.just(data[start:end] * 5))
        )
        data = data[:start] + put + (b"" if draw(st.booleans()) else data[start:end]) + data[end:]
    return name, data


@pytest.mark.parametrize("format_name", sorted(SEEDS))
def test_a_mutated_document_is_read_or_unread(format_name: str) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated(SEEDS[format_name]), st.booleans())
    def check(document: tuple[str, bytes], told: bool) -> None:
        name, data = document
        found = read(Document(name, data), format_name if told else None)
        assert found.pins or found.facts or found.unread or found.roots or found.includes or not found.complete

    check()


def _nested_yaml(levels: int) -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join((*rows, f"dependencies: *a{levels - 1}"))


LONG_KEY = "a." * 20_000 + "a = 1"
MANY_HEADERS = "\n".join(f"[{'a.' * 200}b{n}]" for n in range(5_000))
WHOLE: dict[str, tuple[str, str, str]] = {
    "x81 a dotted key of 20,000 parts": ("uv.lock", f"version = 1\n{LONG_KEY}\n", "more than 50 parts"),
    "x82 5,000 headers of 200 parts": ("uv.lock", f"version = 1\n{MANY_HEADERS}\n", "more than 50 parts"),
    "x83 100,000 brackets of TOML": ("uv.lock", f"version = {'[' * 100_000}", "nested"),
    "x83 100,000 brackets of JSON": ("Pipfile.lock", "[" * 100_000, "nested too deeply"),
    "x83 100,000 brackets of YAML": ("environment.yml", "dependencies: " + "[" * 100_000, "nested more than"),
    "x84 aliases of aliases": ("environment.yml", _nested_yaml(9), "alias"),
    "x85 an alias to itself": ("environment.yml", "dependencies: &a [numpy, *a]\n", "itself"),
    "comments behind a comma": (
        "devcontainer.json",
        '{"image": "a", "build": {},' + "/**/" * 50_000 + "x",
        "not valid JSON",
    ),
    "a comment that does not end": (
        "devcontainer.json",
        '{"image": "a", "build": {}}' + "/*" * 50_000,
        "not valid JSON",
    ),
    "quotation marks in a text": ("devcontainer.json", '{"image": "a", "build": ' + '"\\' * 200_000, "not valid JSON"),
    "x91 10 MB of blanks": ("uv.lock", " " * 10_000_000, "empty"),
    "x99 NUL bytes": ("requirements.txt", "numpy==1.26.4\n\0\0", "binary"),
}


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.partition(" ")[0] + "-" + case.split()[-1])
def test_a_bomb_is_refused_with_a_reason(case: str) -> None:
    name, text, why = WHOLE[case]
    found = reading(text, name)
    assert found.unread
    assert why in reasons(found)
    assert not found.pins


def test_x87_scalars_stay_text() -> None:
    found = reading("dependencies:\n  - python=3.10\n  - cudatoolkit=11.0\n", "environment.yml")
    assert versions(found)["python"] == "3.10"
    assert versions(found)["cuda"] == "11.0"


def test_x86_a_merge_of_many_is_read() -> None:
    merged = f"a: &a {{x: 1}}\nb:\n  <<: [{', '.join(['*a'] * 30_000)}]\n"
    assert versions(reading("dependencies: [numpy==1.26.4]\n" + merged, "environment.yml")) == {"numpy": "1.26.4"}


def test_x88_a_lock_of_many_packages_is_read_whole() -> None:
    entry = "- {{name: p{0}, version: 1.{0}, manager: conda, platform: linux-64, url: https://x/p{0}-1.{0}-0.conda}}\n"
    text = "version: 1\nmetadata: {platforms: [linux-64]}\npackage:\n" + "".join(map(entry.format, range(8_000)))
    assert len(reading(text, "conda-lock.yml").pins) == 8_000


LINES: dict[str, Callable[[int], str]] = {
    "x89 blanks in front of a word and a comment": lambda n: f"a==1{' ' * n}x #c",
    "x89 blanks in front of a comment": lambda n: f"a==1{' ' * n}#c",
    "x90 continuations": lambda n: "a==1 \\\n" * n,
    "x90 continued hashes": lambda n: "a==1" + " \\\n    --hash=sha256:00" * n,
    "x96 brackets of a marker": lambda n: f"a==1; {'(' * n}python_version > '3'",
    "x97 clauses of a specifier": lambda n: "a" + ",".join(["!=1.0"] * n),
    "x100 letters": lambda n: "a" * n,
    "x100 dots and digits": lambda n: f"a=={'1.' * n}",
    "x100 brackets of extras": lambda n: f"a{'[' * n}",
    "x100 quotes": lambda n: f"-e {chr(34) * n}",
    "x100 slashes": lambda n: f"{'a/' * n} b",
    "x100 at signs": lambda n: f"git+ssh://{'a@' * n}",
}


@pytest.mark.parametrize("case", LINES, ids=lambda case: case.replace(" ", "-"))
def test_a_long_line_costs_no_more_than_its_length(case: str) -> None:
    found = reading("numpy==1.26.4\n" + LINES[case](200_000) + "\n\nscipy==1.11.4\n", "requirements.txt")
    assert versions(found)["numpy"] == "1.26.4"
    assert versions(found)["scipy"] == "1.11.4"
    assert found.unread or "a" in versions(found)


def test_x91_a_long_freeze_is_read_whole() -> None:
    text = "".join(f"package-{number}==1.{number}\n" for number in range(20_000))
    assert len(reading(text, "freeze.txt").pins) == 20_000


def test_x92_a_cycle_of_includes_ends() -> None:
    found = reading("-r b.txt\nx==1\n", "requirements.txt", b="-r requirements.txt\ny==1\n", requirements="-r b.txt\n")
    assert versions(found) == {"x": "1", "y": "1"}


def test_x92_a_chain_of_includes_is_bounded() -> None:
    chain = {f"r{number}": f"-r r{number + 1}.txt\np{number}==1\n" for number in range(MAX_INCLUDES + 50)}
    found = reading("-r r0.txt\n", "requirements.txt", **chain)
    assert len(found.pins) < MAX_INCLUDES
    assert f"more than {MAX_INCLUDES}" in reasons(found)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../etc/passwd", "http://x.example/r.txt", "file:///etc/passwd"]
)
def test_x93_an_include_leaves_neither_the_root_nor_the_machine(target: str) -> None:
    found = reading(f"-r {target}\nnumpy==1.26.4\n", "requirements.txt")
    assert versions(found) == {"numpy": "1.26.4"}
    assert found.unread


def test_x94_no_secret_of_an_address_is_told() -> None:
    lines = (
        "--index-url https://u:hunter2@x.example/s",
        "x @ https://u:hunter2@x.example/x-1.0.zip",
        "a b @ u:hunter2@",
    )
    found = reading("\n".join((*lines, "y @ https://u:${SECRET}@x.example/y-2.0.zip")), "requirements.txt")
    assert versions(found)["y"] == "2.0"
    texts = repr((found.pins, found.facts, found.includes, found.unread))
    assert "://u:hunter2" not in texts
    assert "***" in texts


def test_x95_the_tags_of_a_wheel_are_not_multiplied() -> None:
    tags = "-".join(".".join(f"{kind}{number}" for number in range(200)) for kind in ("py", "abi", "linux"))
    found = reading(f"./x-1.0-{tags}.whl\nnumpy==1.26.4\n", "requirements.txt")
    assert versions(found)["numpy"] == "1.26.4"


def test_x98_metadata_is_read_at_its_head() -> None:
    found = reading("Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.4\n" + "x" * 30_000_000, "PKG-INFO", "egg-info")
    assert versions(found)["numpy"] == "1.26.4"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_x99_line_ends_and_marks(encoding: str, end: str) -> None:
    text = end.join(("# \u2028 comment", "numpy==1.26.4", "scipy==1.11.4"))
    assert versions(reading(text.encode(encoding), "requirements.txt"))["scipy"] == "1.11.4"


def test_x99_bytes_of_another_encoding_are_told() -> None:
    found = reading(b"numpy==1.26.4\n# caf\xe9\nscipy==1.11.4\n", "requirements.txt")
    assert versions(found) == {"numpy": "1.26.4", "scipy": "1.11.4"}
    assert "not valid UTF-8" in found.facts[0].value


@pytest.mark.parametrize("encoding", ["no-such", "undefined", "hex", "rot13", "idna", "gb2312", "utf-16", "utf-7"])
def test_x99_a_declared_encoding_is_read_or_refused(encoding: str) -> None:
    reading(f"# coding: {encoding}\nnumpy==1.26.4\n", "requirements.txt")
    namespace = "http://cyclonedx.org/schema/bom/1.4"
    found = reading(f'<?xml version="1.0" encoding="{encoding}"?><bom xmlns="{namespace}"/>', "bom.xml")
    assert "encoding" in reasons(found)


def test_x99_a_large_output_of_a_cell_is_searched() -> None:
    output = {"output_type": "stream", "text": "x" * 20_000_000 + "\nSuccessfully installed numpy-1.26.4\n"}
    cell = {"cell_type": "code", "source": "%pip install scipy==1.11.4", "outputs": [output]}
    found = reading(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}), "train.ipynb")
    assert versions(found) == {"scipy": "1.11.4", "numpy": "1.26.4"}


REPEATED: dict[str, Callable[[str], str]] = {
    "Dockerfile": lambda part: f"FROM python:3.11\nRUN {part}\n",
    "environment.yml": lambda part: f"dependencies: [{json.dumps(part)}]\n",
    "environment.yaml": lambda part: f"dependencies: [numpy]\n{part}",
    "setup.cfg": lambda part: f"[options]\ninstall_requires =\n  {part}\n",
    "setup.py": lambda part: f"from setuptools import setup\nsetup(install_requires=[{part!r}])\n",
    "pyproject.toml": lambda part: (
        f"[project]\ndependencies = [{json.dumps(part)}]\n[tool.poetry.dependencies]\na = {json.dumps(part)}\n"
    ),
    "Pipfile": lambda part: f"[packages]\na = {json.dumps(part)}\n",
    "train.ipynb": lambda part: json.dumps({"cells": [{"cell_type": "code", "source": f"!{part}"}], "nbformat": 4}),
    "pip-list.txt": lambda part: f"Package Version\n------- -------\n{part}\n",
    "spec-file.txt": lambda part: f"@EXPLICIT\nhttps://x.example/{part}\n",
}
PARTS = (
    "\n",
    "---\n",
    "a",
    "a ",
    "1.",
    "(",
    "[",
    "{",
    "'",
    '"',
    "$",
    "${",
    "$(",
    "<<",
    "<<E ",
    "=",
    "|",
    ",",
    "-",
    "\\",
    "#",
    "&&",
    "%",
    "@",
    "a@",
    "a/",
    "^1 ",
)


@pytest.mark.parametrize("name", REPEATED)
@pytest.mark.parametrize("part", PARTS)
def test_x100_patterns_are_linear(name: str, part: str) -> None:
    found = reading(REPEATED[name](part * (60_000 // len(part))), name)
    assert found.format != "unknown"
