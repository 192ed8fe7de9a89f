"""The bytes by which parsers are chosen before they are imported rule out none whose content test holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.parsers._marks import possible_artifacts, possible_parsers
from mlaudit.parsers._registry import Parser, parsers
from tests.command_line import ENVIRONMENT
from tests.parser_cases import FIXTURES

SEEKING = tuple(one for one in parsers().values() if one.content is not None and one.access != "tree")
FILES = sorted(path for path in (FIXTURES / "parsers").rglob("*") if path.is_file() and path.name != "expected.json")
SMALL = [path for path in FILES if path.stat().st_size < 8192]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be")


def claims(parser: Parser, doc: Document) -> bool:
    try:
        return parser.content is not None and parser.content(doc)
    except (Unreadable, Malformed):
        return False


def ruled_out(doc: Document) -> list[str]:
    """The formats whose content test holds, and that are not asked."""
    possible = {one.format for one in possible_parsers(doc)}
    artifacts = {one.format for one in possible_artifacts(doc)}
    holding = [one for one in SEEKING if claims(one, doc)]
    missed = [one for one in holding if one.artifact and one.access == "binary" and one.format not in artifacts]
    return [one.format for one in holding if one.format not in possible] + [one.format for one in missed]


@pytest.mark.parametrize("folder", sorted((FIXTURES / "parsers").iterdir()), ids=lambda folder: folder.name)
def test_no_fixture_loses_a_format_that_its_content_shows(folder: Path) -> None:
    missed = {
        path.relative_to(FIXTURES).as_posix(): formats
        for path in FILES
        if path.is_relative_to(folder) and (formats := ruled_out(Document(path.as_posix(), path.read_bytes())))
    }
    assert missed == {}


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A fixture that was cut, doubled, written in capitals, lengthened or encoded otherwise."""
    path = draw(st.sampled_from(SMALL))
    data = path.read_bytes()
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    data = draw(st.sampled_from([data, data[start:], data[:end], data[:start] + data[end:], data[start:end] * 2]))
    text = data.decode("utf-8", "replace")
    declared = b"# -*- coding: utf-7 -*-\n" + text.encode("utf-7", "replace")
    kept = st.sampled_from([data, data, data.upper(), data.swapcase(), data.replace(b"\n", b"\r\n"), declared])
    encoded = st.sampled_from(ENCODINGS).map(lambda name: text.encode(name, "replace"))
    padded = st.sampled_from([b"#\n", b"\n", "# ä\n".encode() * 25_000]).map(lambda front: front + data)
    return Document(path.as_posix(), draw(st.one_of(kept, encoded, padded)))


@given(documents())
@settings(deadline=None, max_examples=60)
def test_no_changed_fixture_does_either(doc: Document) -> None:
    assert ruled_out(doc) == []


def test_a_text_that_its_name_does_not_tell_imports_few_parsers() -> None:
    code = """
import sys
from mlaudit.document.document import Document
from mlaudit.parsers._read import is_model_file, recognized
print(recognized(Document("a.txt", b"numpy==2.1.3\\npandas>=2\\n")).format)
print(is_model_file(Document("notes", b"numpy==2.1.3\\n")), is_model_file(Document("weights", b"\\x93NUMPY\\x01\\0")))
print(*sorted(name[16:] for name in sys.modules if name.startswith("mlaudit.parsers.") and "._" not in name))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout.splitlines() == [
        "requirements",
        "False True",
        "conda_specs git_modules numpy_array requirements",
    ]
