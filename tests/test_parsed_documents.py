"""What was parsed once is used again where parsing would give the same, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import PurePosixPath

import pytest

from mlaudit.document.budget import document_budget
from mlaudit.document.document import Document
from mlaudit.model.caches import clear_content_caches
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Include, Pin, Statement
from mlaudit.parsers import _parse
from mlaudit.parsers._parse import ParsedDocument, parse_document, parsed_documents
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parser_of

LOCK = (
    '[[package]]\nname = "numpy"\nversion = "1.26.4"\noptional = false\npython-versions = ">=3.9"\n\n'
    '[metadata]\nlock-version = "2.0"\npython-versions = "*"\ncontent-hash = "x"\n'
)
PROJECT = '[tool.poetry]\nname = "api"\n[tool.poetry.dependencies]\nnumpy = "*"\n'


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    clear_content_caches()
    yield
    clear_content_caches()


def document(files: Mapping[str, str], path: str, defines: Mapping[str, str] | None = None) -> Document:
    """A document whose neighbours are the other files; they are read when somebody looks at them."""

    def ask(relative: str) -> Document | None:
        inner = str(PurePosixPath(path).parent / relative)
        return document(files, inner) if inner in files else None

    data = files[path].encode()
    return Document(path, opener=lambda: BytesIO(data), size=len(data), ask=ask, defines=defines)


def parsed(files: Mapping[str, str], path: str, format_name: str, **defines: str) -> ParsedDocument:
    parser = parser_of(format_name)
    assert parser is not None
    with document_budget():
        return parse_document(document(files, path, defines), parser)


def test_equal_documents_are_parsed_once() -> None:
    files = {"api/requirements.txt": "numpy==1.26.4\n-r base.txt\n", "api/base.txt": "scipy==1.11.0\n"}
    first = parsed(files, "api/requirements.txt", "requirements")
    assert [type(one) for one in first.statements] == [Pin, Include]
    assert parsed(dict(files), "api/requirements.txt", "requirements") is first
    # An include is followed behind it, so that another text of the included file makes no difference here.
    files["api/base.txt"] = "scipy==1.12.0\n"
    assert parsed(files, "api/requirements.txt", "requirements") is first
    assert [pin.version for pin in read(document(files, "api/requirements.txt")).pins] == ["1.26.4", "1.12.0"]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "numpy==1.26.5\n"},
        {"path": "web/requirements.txt"},
        {"format": "pip-freeze"},
        {"define": "1"},
    ],
)
def test_what_differs_is_parsed_anew(change: dict[str, str]) -> None:
    text = "numpy==1.26.4\n"
    first = parsed({"api/requirements.txt": text}, "api/requirements.txt", "requirements")
    path = change.get("path", "api/requirements.txt")
    again = parsed(
        {path: change.get("text", text)},
        path,
        change.get("format", "requirements"),
        **({"NAME": change["define"]} if "define" in change else {}),
    )
    assert again is not first


@pytest.mark.parametrize(
    ("beside", "same"),
    [(PROJECT, True), (PROJECT.replace("api", "web"), False), (None, False)],
    ids=["the same neighbour", "another text", "none"],
)
def test_neighbours_count_as_far_as_they_are_asked_for(beside: str | None, *, same: bool) -> None:
    files = {"poetry.lock": LOCK, "pyproject.toml": PROJECT, "README.md": "read by nobody"}
    first = parsed(files, "poetry.lock", "poetry-lock")
    assert first.answers
    changed = {"poetry.lock": LOCK, **({"pyproject.toml": beside} if beside else {})}
    assert (parsed(changed, "poetry.lock", "poetry-lock") is first) is same


def test_neither_an_error_nor_another_parser_is_kept() -> None:
    parser = parser_of("requirements")
    assert parser is not None
    files = {"requirements.txt": "numpy==1.26.4\n"}

    def fails_once(document: Document) -> Iterator[Statement]:
        failures.append(document.path)
        if len(failures) == 1:
            raise Unreadable("the disk is busy")
        yield from parser.read(document)

    failures: list[str] = []
    failing = replace(parser, read=fails_once)
    first = [parse_document(document(files, "requirements.txt"), one).failed for one in (failing, failing, failing)]
    assert first == [True, False, False]
    assert len(failures) == 2
    assert parse_document(document(files, "requirements.txt"), parser).statements


def test_a_document_that_states_nothing_is_explained_alike_each_time() -> None:
    files = {"pyproject.toml": "# nothing\n"}
    readings = [read(document(files, "pyproject.toml")) for _ in range(2)]
    assert [fact.value for fact in readings[0].facts] == ["it contains only comments and empty values"]
    assert readings[0] == readings[1]


def test_work_counts_whether_or_not_it_is_done_again() -> None:
    parser = parser_of("dockerfile")
    assert parser is not None
    files = {"Dockerfile": "FROM python:3.11\nENV A=aaaaaaaaaaaa\nRUN B=$A$A$A$A && pip install numpy==1.26.4\n"}
    with document_budget() as first:
        done = parse_document(document(files, "Dockerfile"), parser)
    with document_budget() as second:
        assert parse_document(document(files, "Dockerfile"), parser) is done
    assert first.used == second.used
    assert done.spent


def test_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parse, "KEPT_STATEMENTS", 10)
    for number in range(30):
        parsed({f"{number}.txt": "numpy==1.26.4\nscipy==1.11.0\n"}, f"{number}.txt", "requirements")
    assert parsed_documents() == 5
    assert clear_content_caches() >= 5
    assert parsed_documents() == 0
