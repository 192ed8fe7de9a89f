"""Every format that is edited: only the bytes of versions change, whatever the file's encoding and line ends are."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from mlaudit.document.document import Document
from mlaudit.grammars.rewriting import MAX_PROPOSALS, Proposal
from mlaudit.model.nouns import Kind, Pin, Place
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from mlaudit.parsers._rewriting import lock_tool_of, rewriter_of
from mlaudit.repair import documents
from mlaudit.repair.documents import EditedDocument, Refused
from mlaudit.repair.nouns import MeantPin

ROOT = Path(__file__).parent.parent
CASES = tomli.loads((ROOT / "fixtures" / "fix.toml").read_text(encoding="utf-8"))["case"]
EDITABLE = [case for case in CASES if "after" in case]


def edited(path: str, data: bytes, changes: Mapping[str, str], *, drop_hashes: bool = False) -> bytes:
    """The bytes after packages took other versions."""
    document = EditedDocument(Document(path, data), Path(path), drop_hashes=drop_hashes)
    pins = [pin for pin in document.pins if pin.package in changes and pin.kind is not Kind.IMAGE]
    assert {pin.package for pin in pins} == set(changes)
    document.change([MeantPin(pin, changes[pin.package]) for pin in pins])
    return document.new


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_only_versions_change(case: dict[str, Any]) -> None:
    before, drop = case["before"].encode(), case.get("drop-hashes", False)
    if "refused" in case:
        with pytest.raises(Refused, match=case["refused"]):
            edited(case["path"], before, case["changes"], drop_hashes=drop)
        return
    assert edited(case["path"], before, case["changes"], drop_hashes=drop).decode() == case["after"]
    # What says so already is left alone.
    assert edited(case["path"], case["after"].encode(), case["changes"]).decode() == case["after"]


@pytest.mark.parametrize("case", EDITABLE, ids=lambda case: case["name"])
def test_line_ends_stay(case: dict[str, Any]) -> None:
    before, after = (case[key].replace("\n", "\r\n").encode() for key in ("before", "after"))
    assert edited(case["path"], before, case["changes"], drop_hashes=case.get("drop-hashes", False)) == after


REQUIREMENTS = "# größe\nnumpy==1.26.4  # ü\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "latin-1"),
        (b"# -*- coding: cp1252 -*-\n", "cp1252"),
    ],
)
def test_marks_and_encodings_stay(mark: bytes, encoding: str) -> None:
    before = mark + REQUIREMENTS.encode(encoding)
    after = mark + REQUIREMENTS.replace("1.26.4", "2.1.3").encode(encoding)
    assert edited("requirements.txt", before, {"numpy": "2.1.3"}) == after


NAMES = st.sampled_from(["numpy", "scipy", "pandas", "torch", "xgboost", "polars", "a", "py39", "x-1.0"])
VERSIONS = st.from_regex(r"[1-9]\.[0-9]{1,2}(\.[0-9]{1,2})?(rc1|\.post1)?", fullmatch=True)
OPERATORS = st.sampled_from(["==", " == ", "===", ">=", "~=", "<=", ">", "<", "!=", ""])
TAILS = st.sampled_from(["", "  # a comment", " ; python_version >= '3.9'", "\\\n", "  #==1.0"])
LINES = st.tuples(NAMES, st.sampled_from(["", "[x]", "[x,y]"]), OPERATORS, VERSIONS, TAILS)


def _line(parts: tuple[str, str, str, str, str]) -> str:
    name, extras, operator, version, tail = parts
    return f"{name}{extras}{operator}{version if operator else ''}{tail}"


def _as_pyproject(lines: list[str]) -> tuple[str, str]:
    plain = [line.partition("  #")[0].removesuffix("\\\n") for line in lines]
    listed = ",\n".join(f'  "{line}"  # {number}' for number, line in enumerate(plain)).replace("  #", ", #")
    return "pyproject.toml", f'[project]\nname = "own"\nversion = "1"\ndependencies = [\n{listed}\n]\n'


def _as_requirements(lines: list[str]) -> tuple[str, str]:
    return "requirements.txt", "".join(f"{line}\n" for line in lines)


def _as_conda(lines: list[str]) -> tuple[str, str]:
    plain = [line.partition("  #")[0].removesuffix("\\\n") for line in lines]
    listed = "".join(f'      - "{line}"\n' for line in plain)
    return "environment.yml", f"name: x\ndependencies:\n  - numpy=1.26.4\n  - pip:\n{listed}"


def _as_dockerfile(lines: list[str]) -> tuple[str, str]:
    plain = [line.partition("  #")[0].partition(" ;")[0].removesuffix("\\\n").replace(" ", "") for line in lines]
    words = " \\\n    ".join(f"'{line}'" for line in plain)
    return "Dockerfile", f"FROM python:3.11\nRUN pip install \\\n    {words}\n"


def stated(path: str, data: bytes) -> list[tuple[str, str | None, str | None]]:
    """What a file says of each package, in its order."""
    return [(pin.package, pin.version, pin.specifier) for pin in read(Document(path, data)).pins]


@settings(deadline=None, max_examples=80)
@given(
    lines=st.lists(LINES, min_size=1, max_size=6),
    form=st.sampled_from([_as_requirements, _as_pyproject, _as_conda, _as_dockerfile]),
    to=VERSIONS,
    chosen=st.integers(0, 5),
)
def test_a_file_says_the_same_but_what_is_meant(
    lines: list[tuple[str, str, str, str, str]], form: Any, to: str, chosen: int
) -> None:
    path, text = form([_line(line) for line in lines])
    before = text.encode()
    pins: tuple[Pin, ...] = EditedDocument(Document(path, before), Path(path)).pins
    packages = [pin.package for pin in pins if pin.kind is Kind.PACKAGE]
    if not packages:
        return
    package = packages[chosen % len(packages)]
    try:
        after = edited(path, before, {package: to})
    except Refused:
        return
    old, new = stated(path, before), stated(path, after)
    assert len(old) == len(new)
    for was, now in zip(old, new, strict=True):
        if was[0] == package:
            # What is the same version already, 1.0 for 1.0.0, stays as it is written.
            assert now[1] is None or Version(now[1]) == Version(to), now
            assert now[1] is not None or (now[2] or "").startswith("=="), now
        else:
            assert was == now
    assert edited(path, after, {package: to}) == after


SEVERAL = "numpy==1.26.4\n-r base.txt\n!!! what nobody reads\nscipy==1.14.1\n"


@pytest.mark.parametrize(
    ("replaced", "by", "why"),
    [
        ("numpy==1.26.4", "numpy==2.1.3\npandas==2.2.3", "the file would state more or fewer things"),
        (
            "numpy==1.26.4",
            "-r other.txt",
            "after the edit the file would not state 2.1.3, or would state something else",
        ),
        (
            "numpy==1.26.4",
            "numpy[extra]==2.1.3",
            "after the edit the file would not state 2.1.3, or would state someth",
        ),
        ("1.26.4\n-r base", "2.1.3\n-r other", "what it includes would change with it"),
        ("1.26.4\n-r base.txt\n!!! what", "2.1.3\n-r base.txt\n!!!", "what could not be read of it would change"),
        (SEVERAL, SEVERAL.replace("1.26.4", "2.1.3").replace("1.14.1", "2.1.3"), "scipy would change with it"),
        (None, "", "its statement has no version that can be replaced"),
    ],
)
def test_no_proposal_counts_that_says_something_else(
    replaced: str | None, by: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a rewriter proposes: the file is read again, and may differ in nothing but what was meant."""
    start = SEVERAL.index(replaced or "")
    wrong = [] if replaced is None else [Proposal(start, start + len(replaced), by)]
    monkeypatch.setattr(documents, "rewriter_of", lambda _: lambda *_: wrong)
    with pytest.raises(Refused, match=re.escape(why)):
        edited("requirements.txt", SEVERAL.encode(), {"numpy": "2.1.3"})


def test_of_many_proposals_a_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [Proposal(0, 5, f"numpy{number}") for number in range(MAX_PROPOSALS)]
    right = Proposal(SEVERAL.index("1.26.4"), SEVERAL.index("1.26.4") + 6, "2.1.3")
    for proposals, is_edited in (([*wrong[1:], right], True), ([*wrong, right], False)):
        monkeypatch.setattr(documents, "rewriter_of", lambda _, proposals=proposals: lambda *_: proposals)
        with contextlib.nullcontext() if is_edited else pytest.raises(Refused):
            assert edited("requirements.txt", SEVERAL.encode(), {"numpy": "2.1.3"}).startswith(b"numpy==2.1.3\n")


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        (
            Pin(name="numpy", package="numpy", version="1.26.4", at=Place(path="requirements.txt", line=1)),
            "the exact position of its version is not known",
        ),
        (
            Pin(name="numpy", package="numpy", version="1.26.4", at=Place(path="requirements.txt", start=90, end=99)),
            "comes from outside of the file",
        ),
    ],
)
def test_what_the_file_does_not_say_is_not_edited(pin: Pin, why: str) -> None:
    document = EditedDocument(Document("requirements.txt", SEVERAL.encode()), Path("requirements.txt"))
    with pytest.raises(Refused, match=why):
        document.change([MeantPin(pin, "2.1.3")])


LOCK_COMMANDS = {
    "uv-lock": "uv lock --upgrade-package numpy==2.1.3",
    "poetry-lock": "poetry update --lock numpy",
    "pdm-lock": "pdm update --no-sync --update-reuse numpy",
    "pipfile-lock": "pipenv upgrade --lock-only numpy==2.1.3",
    "pixi-lock": "pixi update numpy",
    "conda-lock": "conda-lock lock --file environment.yml --update numpy",
    "pylock": "uv pip compile pyproject.toml --output-file pylock.toml --upgrade-package numpy==2.1.3",
}


def test_every_lock_is_edited_by_its_tool_alone() -> None:
    made = {}
    for name in parsers():
        tool = lock_tool_of(name)
        assert tool is None or rewriter_of(name) is None, name
        if tool is not None:
            made[name] = " ".join(tool.command("numpy", "2.1.3", tool.manifests[0]))
    assert made == LOCK_COMMANDS


def test_the_command_for_a_lock_names_that_lock() -> None:
    tool = lock_tool_of("pylock")
    assert tool is not None
    words = tool.words("numpy", "2.1.3", "requirements.in", "pylock.gpu.toml")
    assert words[:6] == ("uv", "pip", "compile", "requirements.in", "--output-file", "pylock.gpu.toml")
