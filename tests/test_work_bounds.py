"""No input makes the work grow faster than itself: limits say what is not read, and calls are counted, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.grammars.dump_text import TEXT
from mlaudit.model.globs import glob, wildcards
from mlaudit.model.nouns import Reading
from mlaudit.parsers._parse import STATEMENTS
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.wanted import Wanted


def _read(path: str, text: str, as_format: str, **beside: str) -> Reading:
    neighbours = {name: Document(name, value.encode(), ask=lambda _: None) for name, value in beside.items()}
    return read(Document(path, text.encode(), ask=neighbours.get), as_format)


def _limits(reading: Reading) -> str:
    return "; ".join(entry.why for entry in reading.unread if entry.exhausted)


def _doubling(line: str) -> str:
    return "".join(line.format(next=number + 1, last=number) for number in range(40))


DOUBLING = {
    "RUN": "FROM python:3.11\nRUN A0=xxxxxxxxxx; " + _doubling("A{next}=$A{last}$A{last}; ") + "pip install $A40\n",
    "ENV": "FROM python:3.11\nENV A0=xxxxxxxxxx\n" + _doubling("ENV A{next}=$A{last}$A{last}\n"),
    "ARG": "FROM python:3.11\nARG A0=xxxxxxxxxx\n" + _doubling('ARG A{next}="${{A{last}}}${{A{last}}}"\n'),
    "old ENV": "FROM python:3.11\nENV A0 xxxxxxxxxx\n" + _doubling("ENV A{next} $A{last}$A{last}\n"),
    "append": "FROM python:3.11\nRUN A=xxxxxxxxxx; " + "A+=$A; " * 40 + "pip install $A\n",
    "replace": "FROM python:3.11\nRUN A=xxxxxxxxxx; " + "A=${A//x/xx}; " * 40 + "pip install $A\n",
    "loop": "FROM python:3.11\nRUN A=xxxxxxxxxx; " + 'for A in "$A" "$A"; do true; done; ' * 40 + "\n",
}


@pytest.mark.parametrize("form", DOUBLING)
def test_variables_that_double_stop_at_a_limit_and_keep_what_stands_before(form: str) -> None:
    text = DOUBLING[form].replace("FROM python:3.11\n", "FROM python:3.11\nRUN pip install numpy==1.26.4\n", 1)
    reading = _read("Dockerfile", text, "dockerfile")
    assert "characters in one variable" in _limits(reading)
    assert [pin.version for pin in reading.pins if pin.name == "numpy"] == ["1.26.4"]
    assert not reading.complete


def test_the_places_where_variables_are_named_count_together() -> None:
    text = "FROM python:3.11\nENV A=" + "x" * 60_000 + "\n" + "RUN echo $A\n" * 40
    assert "characters of expanded variables" in _limits(_read("Dockerfile", text, "dockerfile"))


def test_here_documents_that_nothing_closes_stop_at_a_limit() -> None:
    text = "FROM python:3.11\n" + "".join(f"RUN cat <<E{number}\n" for number in range(2_000))
    assert "here-documents" in _limits(_read("Dockerfile", text, "dockerfile"))


def test_copies_between_stages_are_looked_up_a_limited_number_of_times() -> None:
    stages = ["FROM python:3.11 AS s0\nCOPY a /w/a\n"]
    stages += [f"FROM python:3.11 AS s{n}\n" + f"COPY --from=s{n - 1} /w /w\n" * 2 for n in range(1, 40)]
    text = "".join(stages) + "RUN pip install -r /w/requirements.txt\n"
    assert "look-ups of copied files" in _limits(_read("Dockerfile", text, "dockerfile"))


@pytest.mark.parametrize(("times", "known"), [(8, True), (9, False), (4_000, False)])
def test_a_text_that_one_command_writes_again_and_again_is_kept_a_few_times(times: int, *, known: bool) -> None:
    written = f"RUN echo 'numpy==1.26.4' >f\nRUN echo 'scipy==1.11.4{' ' * 4_000}'{' >>f' * times}\n"
    found = _read("Dockerfile", f"FROM python:3.11\n{written}RUN pip install -r f\n", "dockerfile")
    assert ("scipy" in {pin.name for pin in found.pins}) is known
    assert any("its text is not known" in entry.why for entry in found.unread) is not known


def test_folders_that_grow_stop_at_a_limit() -> None:
    text = "FROM python:3.11\nRUN " + "cd aaaaaaaaaa; " * 2_000 + "pip install a\n"
    assert "characters in the path of a recipe" in _limits(_read("Dockerfile", text, "dockerfile"))


def test_a_document_that_many_stages_include_is_parsed_once_and_placed_up_to_the_limit() -> None:
    lines = 2_000
    stages = STATEMENTS.most // lines + 10
    required = "".join(f"p{number}==1\n" for number in range(lines))
    text = "".join(
        f"FROM python:3.11 AS s{n}\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
        for n in range(stages)
    )
    reading = _read("Dockerfile", text, "dockerfile", **{"requirements.txt": required})
    assert "statements" in _limits(reading)
    assert STATEMENTS.most - stages * 4 < len(reading.pins) <= STATEMENTS.most
    assert len({id(pin.at) for pin in reading.pins if pin.name == "p7"}) == 1


def _calls(work: Callable[[], object]) -> int:
    """How many functions are called, those of the interpreter's own included."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


GROWING: dict[str, tuple[str, str, Callable[[int], str]]] = {
    "one word many times": ("Dockerfile", "dockerfile", lambda n: "FROM a:1\nRUN pip install " + "a " * n + "\n"),
    "indexes and words": (
        "Dockerfile",
        "dockerfile",
        lambda n: "FROM a:1\nRUN pip install " + "-i https://x.example/whl/cu118 a " * n + "\n",
    ),
    "installs of one package": ("Dockerfile", "dockerfile", lambda n: "FROM a:1\n" + "RUN pip install a==1\n" * n),
    "pieces of one word": ("Dockerfile", "dockerfile", lambda n: "FROM a:1\nRUN pip install " + "\\a" * n + "\n"),
    "assignments": ("Dockerfile", "dockerfile", lambda n: "FROM a:1\nRUN " + "A=1 " * n + "pip install a\n"),
    "one package": ("requirements.txt", "requirements", lambda n: "a==1\n" * n),
    "versions of one package": (
        "requirements.txt",
        "requirements",
        lambda n: "".join(f"numpy==1.{number}\n" for number in range(n)),
    ),
    "bounds of one package": (
        "requirements.txt",
        "requirements",
        lambda n: "".join(f"numpy>=1.{number}\n" for number in range(n)),
    ),
    "local parts of one version": (
        "requirements.txt",
        "requirements",
        lambda n: "".join(f"numpy==1.0+a{number}\n" for number in range(n)),
    ),
    "rows of conda": ("list.txt", "conda-list", lambda n: "# Name Version Build Channel\n" + "a 1 b_0 c\n" * n),
    "rows of pip": ("list.txt", "pip-list", lambda n: "Package Version\n------- -------\n" + "a       1\n" * n),
}


@pytest.mark.parametrize("name", GROWING)
def test_twice_the_input_is_at_most_a_little_more_than_twice_the_work(name: str) -> None:
    path, as_format, text = GROWING[name]

    def work(size: int) -> int:
        return _calls(
            lambda: environment(
                EnvironmentRequest(name="here", role=""), [_read(path, text(size), as_format)], Wanted()
            )
        )

    work(16)
    small, large = work(400), work(800)
    assert large <= 2.3 * small


def test_stars_cost_what_they_are_long() -> None:
    pattern, path = "*a" * 25 + "*x", "a" * 60
    assert wildcards(pattern, path) is None
    assert wildcards("*/train/*.txt", "a/b/train/c.txt") is None
    assert wildcards("*/train/*.txt", "a/train/b.c.txt") == ("a", "b.c")
    assert wildcards("a*b*", "aXbYbZ") == ("XbY", "Z")
    found = glob("*a" * 200)
    assert found is not None
    assert found.matches("a" * 400)
    assert not found.matches("a" * 400 + "b")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("[!a]b", "cb", True), ("[]x]", "]", True), ("a?c", "abc", True), ("[a-c]*", "d", False), ("[", "[", True)],
)
def test_patterns_mean_what_they_mean_for_a_shell(pattern: str, text: str, expected: bool) -> None:
    found = glob(pattern)
    assert found is not None
    assert found.matches(text) is expected


@pytest.mark.parametrize(
    ("as_format", "text"),
    [
        ("requirements", "numpy>={long}\n"),
        ("requirements", "numpy=={long}\n"),
        ("conda-list", "# Name Version Build Channel\nnumpy {long} b_0 c\n"),
        ("pip-list", "numpy=={long}\n"),
        ("uv-lock", 'version = 1\n[[package]]\nname = "numpy"\nversion = "{long}"\nsource = {{ registry = "x" }}\n'),
    ],
)
@pytest.mark.parametrize("digits", [300, 5_000])
def test_a_version_longer_than_any_is_told_and_not_compared(as_format: str, text: str, digits: int) -> None:
    reading = _read("document", text.format(long="9" * digits), as_format)
    assert reading.unread
    assert not [pin for pin in reading.pins if pin.name == "numpy"]


@pytest.mark.parametrize(
    ("path", "as_format", "line"),
    [
        ("requirements.txt", "requirements", "numpy==1.26.4\n"),
        ("list.txt", "conda-list", "numpy 1.26.4 b_0 c\n"),
        ("list.txt", "pip-list", "numpy==1.26.4\n"),
        ("Dockerfile", "dockerfile", "FROM python:3.11\n"),
    ],
)
def test_a_list_of_more_bytes_than_any_is_not_split_into_lines(path: str, as_format: str, line: str) -> None:
    reading = _read(path, line * (TEXT.most // len(line) + 1), as_format)
    assert TEXT.name in _limits(reading)
    assert not reading.complete
