"""A document that states nothing, or is bounded, says so; none passes for one that was read and compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlaudit.document.document import Document
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from tests.artifact_bytes import reasons
from tests.checkout import write
from tests.command_line import run

EMPTY = {"nothing": b"", "line ends": b"\n\n", "blanks": b"  \t ", "mark": b"\xef\xbb\xbf"}
COMMENTS = {"comments": b"# one\n\n# two\n"}
SINGLE = {"null": b"null", "list": b"[]", "table": b"{}", "text": b'"numpy"'}
NAMED = sorted(name for name, parser in parsers().items() if parser.access == "text" and not parser.artifact)
BY_CONTENT = sorted(name for name in NAMED if not parsers()[name].files)


def _read(format_name: str, data: bytes) -> Reading:
    pattern = next(iter(parsers()[format_name].files), "document")
    return read(Document(pattern.replace("*", "x"), data), format_name)


def notes(found: Reading) -> str:
    return " | ".join(fact.value for fact in found.facts if fact.key == "note")


@pytest.mark.parametrize("content", EMPTY)
@pytest.mark.parametrize("format_name", NAMED)
def test_an_empty_document_says_that_it_is_empty(format_name: str, content: str) -> None:
    found = _read(format_name, EMPTY[content])
    assert not found.pins
    assert found.unread or "it is empty" in notes(found)


@pytest.mark.parametrize("format_name", NAMED)
def test_a_document_of_comments_is_not_silent(format_name: str) -> None:
    found = _read(format_name, COMMENTS["comments"])
    assert not found.pins
    assert found.unread or found.facts


@pytest.mark.parametrize("content", SINGLE)
@pytest.mark.parametrize("format_name", BY_CONTENT)
def test_content_of_another_kind_is_told_where_the_user_names_the_format(format_name: str, content: str) -> None:
    found = _read(format_name, SINGLE[content])
    assert found.unread or found.pins or notes(found) or found.roots


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "version = 1\n"),
        ("poetry.lock", ""),
        ("Pipfile.lock", "{}"),
        ("pylock.toml", ""),
        ("conda-lock.yml", "version: 1\n"),
        ("pdm.lock", "# nothing\n"),
        ("environment.yml", "# nothing\n"),
        ("environment.yml", "name: x\n"),
        ("Dockerfile", "RUN pip install numpy==1.26.4\n"),
        ("Dockerfile", "# nothing\n"),
        ("train.ipynb", "{}"),
        ("bom.json", "{}"),
        ("requirements.txt", ""),
        ("requirements.txt", "# nothing\n"),
    ],
)
def test_a_user_who_names_a_file_without_content_is_told(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text})
    done = run(tmp_path, "list", name)
    assert "not read" in done.stdout or "note: " in done.stdout, done.stdout


def test_a_note_on_an_empty_file_reaches_the_report(tmp_path: Path) -> None:
    write(tmp_path, {"training/requirements.txt": "numpy==1\n", "serving/requirements.txt": ""})
    done = run(tmp_path, "compare", "training/requirements.txt", "serving/requirements.txt")
    assert "serving/requirements.txt: it is empty" in " ".join(done.stdout.split())


def _bill(levels: int) -> dict[str, object]:
    component: dict[str, object] = {"type": "library", "name": "numpy", "version": "1", "purl": "pkg:pypi/numpy@1"}
    for level in range(levels):
        component = {"type": "library", "name": f"n{level}", "version": "1", "components": [component]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [component]}


def _tree(levels: int) -> list[dict[str, object]]:
    node: dict[str, object] = {"package_name": "numpy", "installed_version": "1", "dependencies": []}
    for level in range(levels):
        node = {"package_name": f"n{level}", "installed_version": "1", "dependencies": [node]}
    return [node]


LEVEL = '{"type": "library", "name": "n", "version": "1", "components": ['
BRANCH = '{"package_name": "n", "installed_version": "1", "dependencies": ['
NESTED: dict[str, tuple[Callable[[int], object], str, str]] = {
    "cyclonedx": (_bill, "bom.json", LEVEL),
    "pipdeptree": (_tree, "tree.json", BRANCH),
}


@pytest.mark.parametrize("format_name", NESTED)
def test_what_is_nested_is_read_or_told(format_name: str) -> None:
    make, name, level = NESTED[format_name]
    within = read(Document(name, json.dumps(make(150)).encode()), format_name)
    assert any(pin.name == "numpy" for pin in within.pins)
    assert not within.unread
    deep = f"{level * 100_000}{']}' * 100_000}"
    text = f'{{"bomFormat": "CycloneDX", "components": [{deep}]}}' if format_name == "cyclonedx" else f"[{deep}]"
    assert "nested too deeply" in reasons(read(Document(name, text.encode()), format_name))


def test_a_bound_on_lines_is_told() -> None:
    found = read(Document(".python-version", b"# x\n" * 20_000 + b"3.11\n"))
    assert "lines" in reasons(found)
    found = read(Document("setup.cfg", b"# x\n" * 110_000 + b"[options]\ninstall_requires =\n  numpy==1\n"))
    assert "lines" in reasons(found) or found.pins


def test_a_model_that_was_not_read_does_not_excuse_a_list(tmp_path: Path) -> None:
    configuration = (
        '[environments.training]\nsources = ["training.txt"]\nrole = "training"\n'
        '[environments.serving]\nsources = ["serving.txt"]\nrole = "serving"\nfollows = ["training"]\n'
        'reads = ["model.pkl"]\n'
    )
    files = {"training.txt": "scikit-learn==1.5.2\nscipy==1.14.1\n", "mlaudit.toml": configuration}
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    for serving, severity in (("scipy==1.14.1\n", "warning"), ("-r missing.txt\nscipy==1.14.1\n", "info")):
        write(tmp_path, {**files, "model.pkl": pointer, "serving.txt": serving})
        said = run(tmp_path, "check", "--format", "concise").stdout
        assert f"MLA003 [{severity}] training has scikit-learn 1.5.2" in said
        assert "t is a pointer of Git LFS" in said
