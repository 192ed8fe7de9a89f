"""Requirements text against pip and packaging, the laws of its lines, and what pyproject.toml declares."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from pathlib import Path, PurePath
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet

from mlaudit.document.document import Document
from mlaudit.grammars.pypi import (
    poetry_text,
    pyproject_text,
    requirement,
    requirement_address,
    requirements_file,
    requirements_text,
    wheel_indexes,
)
from mlaudit.grammars.pypi.requirements_text import logical_lines
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from mlaudit.sources.working_tree import WorkingTree

CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))

PROJECT_FILES = {"pyproject.toml", "setup.cfg", "setup.py"}

names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
releases = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
spelled = st.one_of(
    releases, st.builds("{}{}".format, releases, st.sampled_from(["a1", "rc2", ".post1", ".dev3", "+cu121"]))
)
clauses = st.builds(
    "{}{}{}".format,
    st.sampled_from(["==", ">=", "<=", "!=", "<", ">", "~=", "==="]),
    st.sampled_from(["", " "]),
    spelled,
)
wildcards = st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), releases)
markers = st.sampled_from(
    [
        "",
        "; python_version < '3.9'",
        ' ; sys_platform == "linux"',
        ";extra == 'gpu' and python_version>='3.8'",
        " ; os_name == 'nt' or (platform_machine == 'x86_64')",
        "; python_version",
        "; (",
    ]
)
requirements = st.builds(
    "{}{}{}{}{}".format,
    names,
    st.sampled_from(["", "[a]", "[a, b.c]", " [x-y]"]),
    st.sampled_from(["", " "]),
    st.lists(st.one_of(clauses, wildcards), max_size=3).map(", ".join),
    markers,
)


def reading(text: str | bytes, name: str = "requirements.txt", defines: dict[str, str] | None = None) -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    return read(Document(name, data, defines=defines))


@settings(deadline=None)
@given(requirements)
@example("numpy==1.26.4")
@example("numpy==1.0, <=2.0")
@example("a>=1,<2 ; extra == 'X_y'")
def test_a_requirement_is_what_packaging_reads(text: str) -> None:
    found = requirement.parse(text)
    try:
        expected = Pep508(text)
    except InvalidRequirement:
        assert found.problem is not None
        return
    assert found.problem is None
    assert found.name == expected.name
    assert found.extras == tuple(sorted(expected.extras))
    assert found.marker == (str(expected.marker) if expected.marker else None)
    if found.version is None:
        # packaging writes of two clauses that mean the same only one; the set is what is promised.
        assert SpecifierSet(found.specifier or "") == expected.specifier
    else:
        assert any(clause.version == found.version for clause in expected.specifier)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1=.<>~![]{}@#;\\'\" \t\r\n\f-r$:/+(),\u2028\0"), max_size=200))
@example("\\\n")
@example("#\\\n\\\n")
@example("a==1 \\\n # x\n")
def test_logical_lines_hold_all_of_the_text_and_know_where(text: str) -> None:
    for line in logical_lines(text):
        if line.text:
            number, column, start, _ = line.span(0, 1)
            assert text[start] == line.text[0]
            assert 1 <= number <= text.count("\n") + text.count("\r") + 1
            assert column >= 1
    kept = Counter(character for line in logical_lines(text) for character in line.text + line.comment)
    given_ones = Counter(text)
    assert all(count <= given_ones[character] for character, count in kept.items() if not character.isspace())


@settings(deadline=None)
@given(st.lists(requirements.map(str.strip), min_size=1, max_size=6), st.data())
def test_a_line_cut_by_continuations_is_the_same_line(lines: list[str], data: st.DataObject) -> None:
    cut = []
    for line in lines:
        at = data.draw(st.integers(0, len(line)))
        cut.append(line[:at] + "\\\n" + line[at:])
    assert [line.text for line in logical_lines("\n".join(cut))] == [
        line.text for line in logical_lines("\n".join(lines))
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(requirements, st.sampled_from(["# x", "", "-r base.txt", "--hash=sha256:00", "-e ."])), max_size=8
    )
)
def test_every_line_is_a_statement_and_every_pin_lies_where_its_text_stands(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = reading(text)
    told = {place.line for place in [entry.at for entry in found.pins + found.includes + found.unread]}
    spoken = {
        number for number, line in enumerate(lines, 1) if line.strip() and line[0] not in "#" and "--hash" not in line
    }
    assert spoken <= told
    for pin in found.pins:
        if pin.kind is not Kind.PROJECT and pin.at.path == "requirements.txt":
            assert normalized(requirement.leading_name(text[pin.at.start : pin.at.end])) == pin.name


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(
        ["requirements.txt", "pyproject.toml", "pip-list.txt", "pip-inspect.json", ".python-version", "pyvenv.cfg"]
    ),
)
@example(b"\xff\xfe\x00", "requirements.txt")
@example(b"# -*- coding: rot13 -*-\n", "requirements.txt")
@example(b"# -*- coding: idna -*-\nx==1\n", "requirements.txt")
def test_no_bytes_raise(data: bytes, name: str) -> None:
    assert reading(data, name).path == name


@settings(deadline=None)
@given(st.text(max_size=120))
@example("git+https://[x")
@example("-e https://[")
@example("https://x/" + "-".join(["a.b"] * 20) + ".whl")
@example("name @ file:///" + "a" * 300)
def test_no_line_raises(text: str) -> None:
    reading(text)
    reading(f"-e {text}")
    requirement_address.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a==1 \\\n" * 20_000,
        "a==1" + " " * 200_000 + "x #c\n",
        "a==1" + " #" * 100_000,
        "a==1" + "#" * 200_000,
        "a==1; " + "(" * 4000,
        "a" + ",".join(f">={number}" for number in range(20_000)),
        "https://example.com/a-1-" + "-".join([".".join(["aa"] * 80)] * 3) + ".whl",
        "--pre " * 50_000,
        "-e " + "./" * 50_000,
        "git+https://example.com/" + "@" * 50_000,
        "[" * 50_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_hostile_lines_are_read_or_told(text: str) -> None:
    found = reading(text)
    assert found.pins or found.unread


def test_equal_lines_are_parsed_once() -> None:
    requirements_text.parsed.cache_clear()
    requirement.parse.cache_clear()
    reading("numpy>=1.20,<2\n" * 1000)
    assert requirements_text.parsed.cache_info().misses == 1
    assert requirement.parse.cache_info().misses == 1


def test_plain_files_need_neither_pips_grammar_nor_its_option_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pip_requirements_parser", None)
    text = "-r base.txt\n--extra-index-url https://example.com/simple\nnumpy==1.26.4 --hash=sha256:00\nscipy>=1\n"
    assert [pin.name for pin in reading(text).pins] == ["numpy", "scipy"]


def test_credentials_are_nowhere_in_what_is_read() -> None:
    text = """
-i https://user:hunter2@packages.example/simple
--extra-index-url "https://packages.example/simple?token=hunter2"
lib @ git+https://user:hunter2@example.com/lib.git
https://user:hunter2@example.com/x
-e git+https://user:hunter2@example.com/y.git#egg=y
broken === = https://user:hunter2@example.com
-r https://user:hunter2@example.com/base.txt
"""
    assert "hunter2" not in repr(reading(text).pins) + repr(reading(text).facts) + repr(reading(text).unread)


@pytest.mark.parametrize(
    ("url", "variant"),
    [
        ("https://download.pytorch.org/whl/cu121", "cu121"),
        ("https://download.pytorch.org/whl/cpu/torch_stable.html", "cpu"),
        ("https://download.pytorch.org/whl/nightly/rocm6.2/", "rocm6.2"),
        ("https://download.pytorch.org/whl/torch_stable.html", None),
        ("https://example.com/whl/cu121", None),
        ("https://[broken/whl/cu121", None),
        ("./whl/cu121", None),
    ],
)
def test_an_index_decides_the_build_by_its_address(url: str, variant: str | None) -> None:
    found = wheel_indexes.wheel_index(url)
    assert (found.variant if found else None) == variant


def test_whether_a_document_is_of_the_format_without_a_name() -> None:
    sniff = parsers()["requirements"].content
    assert sniff is not None
    taken = [
        "numpy==1.26.4\nscipy\n",
        "# x\n-r base.txt\n",
        "a @ git+https://example.com/a\n",
        "numpy==1.0 --hash=sha256:0\n",
    ]
    refused = [
        "",
        "numpy\nscipy\n",
        "Package Version\n",
        "name: env\n",
        '{"a": 1}',
        "python=3.11=abc\n",
        "FROM python:3.11\n",
        "a = 1\n",
    ]
    assert all(sniff(Document("-", text.encode())) for text in taken)
    assert not any(sniff(Document("-", text.encode())) for text in refused)


def _by_pip(path: Path) -> list[tuple[str, str, str | None]] | None:
    """Names, specifiers and markers as pip reads them; None where pip refuses the file."""
    constructors = pytest.importorskip("pip._internal.req.constructors")
    req_file = pytest.importorskip("pip._internal.req.req_file")
    session = pytest.importorskip("pip._internal.network.session").PipSession()
    from pip._internal import exceptions  # type: ignore[import-not-found,unused-ignore]  # pip has no types

    def entry(line: Any) -> tuple[str, str, str | None]:
        try:
            one = constructors.install_req_from_parsed_requirement(line)
        except getattr(exceptions, "InvalidEggFragment", ()):
            # Newer versions of pip refuse extras behind `#egg=`, which files that older ones installed still have.
            return "?", "", None
        specifier = _clauses(str(one.req.specifier)) if one.req else ""
        return normalized(one.name or "?"), specifier, str(one.markers) if one.markers else None

    try:
        return [entry(line) for line in req_file.parse_requirements(str(path), session)]
    except exceptions.InstallationError:
        return None


def _by_us(pin: Pin) -> tuple[str, str, str | None]:
    from_wheel = pin.version is not None and (pin.origin or "").partition("#")[0].endswith(".whl")
    exact = f"=={pin.version}" if pin.version and (pin.source == "index" or from_wheel) else pin.specifier or ""
    return pin.name, _clauses(exact), pin.marker


def _clauses(specifier: str) -> str:
    """A specifier in one spelling, whatever version of packaging wrote it; the case of a local version says nothing."""
    return str(Pep508(f"x{specifier.lower()}").specifier)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here (MLAUDIT_CORPUS names it)")
def test_all_real_requirements_files_are_read_as_pip_reads_them() -> None:
    format_ = parsers()["requirements"]
    named = (path for path in CORPUS.rglob("*") if format_.names(path.relative_to(CORPUS).as_posix()))
    paths = sorted((path for path in named if path.is_file()), key=lambda path: path.stat().st_size)
    # pip takes a second for each of the large compiled files, which are alike: the smallest of them stands for all.
    large = sum(path.stat().st_size > 65536 for path in paths)
    paths = paths[: len(paths) - large + 1]
    compared = 0
    for path in paths:
        found = read(WorkingTree(CORPUS).document(path), "requirements")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = _by_pip(path)
        if expected is None:
            assert found.unread, path
            continue
        # pip's parser ends at the lists; what a local project among them declares is read by us as well.
        listed = [pin for pin in found.pins if PurePath(pin.at.path).name not in PROJECT_FILES]
        ours = Counter(_by_us(pin) for pin in listed if pin.kind is not Kind.PYTHON)
        # pip learns the name of a bare repository only once it has downloaded it; ours is its last path segment.
        nameless = [entry for entry in expected if entry[0] == "?"]
        missing = Counter(entry for entry in expected if entry[0] != "?") - ours
        extra = sum((ours - Counter(expected)).values())
        assert not missing, path
        assert extra == len(nameless), path
        assert not found.unread, path
        compared += len(expected)
    assert compared > 2000


@settings(deadline=None)
@given(
    st.sampled_from(["python_version", "python_full_version"]),
    st.sampled_from(["==", "!=", "<", ">=", ">", "<="]),
    st.booleans(),
)
def test_a_negated_marker_holds_where_the_marker_does_not(variable: str, operator: str, joined: bool) -> None:
    marker = f"{variable} {operator} '3.10'" + (" or os_name == 'nt'" if joined else " and os_name == 'posix'")
    opposite = requirement.negated(marker)
    assert opposite is not None
    for version in ("3.9", "3.10", "3.11"):
        for system in ("nt", "posix"):
            environment = {"python_version": version, "python_full_version": version, "os_name": system}
            assert Marker(marker).evaluate(environment) is not Marker(opposite).evaluate(environment)


@pytest.mark.parametrize(
    "marker", ["(a == 'b')", "sys_platform < 'linux'", "a == 'b' and c == 'd' or e == 'f'", "'x' in a", ""]
)
def test_a_marker_that_is_not_plain_is_not_negated(marker: str) -> None:
    assert requirement.negated(marker) is None


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("^1.2.3", (">=1.2.3,<2.0.0",)),
        ("^0.2", (">=0.2,<0.3",)),
        ("^0.0.3", (">=0.0.3,<0.0.4",)),
        ("^0", (">=0,<1",)),
        ("^1!2.3", (">=1!2.3,<1!3.0",)),
        ("~1", (">=1,<2",)),
        ("~1.2.3", (">=1.2.3,<1.3.0",)),
        ("~=1.4", ("~=1.4",)),
        ("1.2.3", ("==1.2.3",)),
        ("=1.2", ("==1.2",)),
        ("1.2.*", ("==1.2.*",)),
        ("!=1.5.*", ("!=1.5.*",)),
        ("*", ("",)),
        (">=1.0 <2.0", (">=1.0,<2.0",)),
        (">=1,<2 || ^3.1", (">=1,<2", ">=3.1,<4.0")),
        ("@latest", None),
        ("^", None),
        ("", None),
        ("1" * 2000, None),
    ],
)
def test_poetrys_constraints_in_pep_440(constraint: str, expected: tuple[str, ...] | None) -> None:
    assert poetry_text.pep440(constraint) == expected


@pytest.mark.parametrize(
    ("alternatives", "expected"),
    [
        ((">=1,<2",), ">=1,<2"),
        ((">=1,<2", ">=3.1,<4.0"), ">=1,<4.0"),
        (("==2.0.0", ">2,<3"), ">=2.0.0,<3"),
        (("<2", ">=3,<4"), "<4"),
        (("==1.*", ">=3"), ""),
    ],
)
def test_one_range_around_alternatives(alternatives: tuple[str, ...], expected: str) -> None:
    assert poetry_text.hull(alternatives) == expected


POETRY = b"""
[tool.poetry]
name = "service"
[tool.poetry.dependencies]
python = "^3.10"
numpy = "^1.26"
redis = {version = "^5.0", optional = true}
unasked = {version = "1", optional = true}
[tool.poetry.extras]
cache = ["redis (>=5)"]
[tool.poetry.group.test.dependencies]
pytest = "*"
[tool.poetry.group.docs]
optional = true
include-groups = ["test"]
[tool.poetry.group.docs.dependencies]
sphinx = "7.2.6"
"""


def test_what_a_poetry_lock_learns_from_the_pyproject_beside_it() -> None:
    doc = Document("pyproject.toml", POETRY)
    groups = pyproject_text.poetry_groups(doc)
    assert {group: [edge.name for edge in edges] for group, edges in groups.items()} == {
        "main": ["numpy", "redis"],
        "test": ["pytest"],
        "docs": ["pytest", "sphinx"],
    }
    assert groups["main"][1].when_extra == "cache"
    root = pyproject_text.root(doc)
    assert (root.name, root.extras, root.groups, root.default_groups) == (
        "service",
        ("cache",),
        ("test", "docs"),
        ("test",),
    )
    assert root.requires_python == ">=3.10,<4.0"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", ("dev",)),
        ('default-groups = ["lint", "Dev"]', ("lint", "dev")),
        ('default-groups = "all"', ("lint", "dev")),
        ("default-groups = []", ()),
    ],
)
def test_the_groups_that_uv_installs_unasked(setting: str, expected: tuple[str, ...]) -> None:
    text = f'[dependency-groups]\nlint = ["ruff"]\ndev = ["pytest"]\n[tool.uv]\n{setting}\n'
    assert pyproject_text.default_groups(Document("pyproject.toml", text.encode())) == expected


def test_files_of_the_same_text_are_read_once_and_each_keeps_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements_file, "_READ", {})
    texts: list[str] = []
    read_lines = logical_lines

    def counted(text: str) -> Any:
        texts.append(text)
        return read_lines(text)

    monkeypatch.setattr(requirements_file, "logical_lines", counted)
    text = b"numpy==2.1.3  # the reason\npandas>=2,<3\n"
    first, second = (
        list(requirements_file.statements(Document(f"{folder}/requirements.txt", text))) for folder in ("a", "b")
    )
    assert [(str(one.at), one.version) for one in first if isinstance(one, Pin)] == [
        ("a/requirements.txt:1:1", "2.1.3"),
        ("a/requirements.txt:2:1", None),
    ]
    places = [str(one.at) for one in second if isinstance(one, Pin)]
    assert places == ["b/requirements.txt:1:1", "b/requirements.txt:2:1"]
    assert len(texts) == 1
    other = Document("c/requirements.txt", b"numpy==${V}\n", defines={"V": "1.0"})
    another = Document("c/requirements.txt", b"numpy==${V}\n", defines={"V": "2.0"})
    versions = [next(iter(requirements_file.statements(one))) for one in (other, another)]
    assert versions[0] != versions[1]


def test_what_asks_other_files_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[Any, Any] = {}
    monkeypatch.setattr(requirements_file, "_READ", kept)
    for text in (b"-e ./project\n", b"-r other.txt\n", b"name @ file:///a/b.whl\n", b"not a requirement!\n"):
        list(requirements_file.statements(Document("a/requirements.txt", text)))
    assert kept == {}
