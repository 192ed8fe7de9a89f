"""`conda list` as a table, with `--json` or `--export`, and the tables of mamba, micromamba and `pixi list`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import waivers
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, platform_facts
from mlaudit.grammars.dump_text import limited_text
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Layer, Pin, Place, Statement, Unread
from mlaudit.parsers._registry import parser

_TABLE = lazy_pattern(
    rb"(?mi)^# packages in environment at |^[ \t]{0,256}(?:Name|Package)[ \t]{1,256}Version"
    rb"[ \t]{1,256}Build[ \t]{1,256}(?:Channel|Size|Kind)"
)
_EXPORT = lazy_pattern(rb"(?m)^# This file may be used to create an environment using:")
_JSON = lazy_pattern(rb'"(?:build_string|dist_name|build_number)"\s*:')
_PLATFORM = lazy_pattern(r"#\s*platform:\s*([\w-]{1,40})\s*")
_PIP_BUILDS = lazy_pattern(r"(?:pypi|dev|pip)_\d{1,3}|<pip>")
_PIP_CHANNELS = frozenset(("pypi", "<pip>", "<develop>", "dev"))
_INSTALLED = Standing(layer=Layer.INSTALLED)


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if head.lstrip()[:1] == b"[":
        return _JSON.search(head) is not None and b'"name"' in head
    explicit = re.search(rb"(?m)^@EXPLICIT\s*$", head) is not None
    return (_TABLE.search(head) is not None or _EXPORT.search(head) is not None) and not explicit


@parser(
    kind="dump",
    files=["conda-list*.txt", "conda_list*.txt", "conda-list*.json", "conda_list*.json"],
    content=_looks_like_it,
    marks=[
        b"build",
        b'"dist_name"',
        b"# packages in environment at ",
        b"# This file may be used to create an environment using:",
    ],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every package that is in the dump, conda's and pip's."""
    text = doc.text.strip()
    if not text:
        raise Unreadable("it is empty; `conda list` writes a table, `conda list --json` a list")
    yield Fact(key="complete", value="yes", at=doc.place(1, 1))
    if text.startswith("["):
        yield from _from_json(doc)
    elif text.startswith("{"):
        raise Malformed(f"expected the list that `conda list --json` writes, found a table {text[:60]}")
    else:
        yield from _from_lines(doc)


def _from_json(doc: Document) -> Iterator[Statement]:
    pins = CondaPins(doc)
    platforms: set[str] = set()
    for node in doc.json.each():
        yield from doc.guarded([node], lambda entry: _json_entry(doc, pins, entry, platforms))


def _json_entry(doc: Document, pins: CondaPins, node: Node, platforms: set[str]) -> Iterator[Statement]:
    """The keys are `build_string` and `channel` for conda, `build`, `source` and `kind` for pixi."""
    name, version = node.get("name").text(), node.get("version").maybe_text()
    channel = node.get("channel").maybe_text() or node.get("source").maybe_text() or ""
    build = node.get("build_string").maybe_text() or node.get("build").maybe_text()
    subdir = node.get("platform").maybe_text() or node.get("subdir").maybe_text() or ""
    at = doc.at(*node.route, "version" if node.get("version").exists else "name")
    if subdir and subdir != "noarch" and not platforms:
        platforms.add(subdir)
        yield from platform_facts(subdir, at)
    if node.get("kind").maybe_text() == "pypi":
        channel = "pypi"
    yield from _installed(doc, pins, (name, version, build, channel), at)


def _installed(
    doc: Document, pins: CondaPins, row: tuple[str, str | None, str | None, str], at: Place
) -> Iterator[Pin | Unread]:
    name, version, build, channel = row
    if version is None:
        yield doc.unread("it has no version", at, what=name)
    elif channel in _PIP_CHANNELS or (build and _PIP_BUILDS.fullmatch(build)):
        local = "develop" in channel or channel == "dev" or (build or "").startswith("dev")
        yield doc.pin(Layer.INSTALLED, name, version, at=at, source="path" if local else "index")
    else:
        origin = conda_spec.split_channel(channel)[0]
        yield from pins.installed(name, version, build, at, _INSTALLED, origin=origin)


def _from_lines(doc: Document) -> Iterator[Statement]:
    pins = CondaPins(doc)
    for line, at in _lines(doc):
        platform = _PLATFORM.fullmatch(line)
        if platform:
            yield from platform_facts(platform.group(1), at)
        elif line.startswith("#"):
            yield from waivers.waiver(doc, line, at)
        elif not _is_rule(line):
            yield from _line(doc, pins, line, at)


def _lines(doc: Document) -> Iterable[tuple[str, Place]]:
    """Every line that is not blank; mamba's and pixi's tables may be framed."""
    start = 0
    for number, raw in enumerate(limited_text(doc).split("\n"), start=1):
        line = raw.strip().strip("│|").strip()
        column = len(raw) - len(raw.lstrip("│| \t")) + 1
        if line:
            yield line, doc.place(number, column, start + column - 1, start + column - 1 + len(line))
        start += len(raw) + 1


def _is_rule(line: str) -> bool:
    """Headers and rulers of tables, and the title of micromamba's."""
    words = line.split()
    heading = [word.lower() for word in words[:2]] in (["name", "version"], ["package", "version"])
    titled = line.startswith(("List of packages in environment", "Environment:"))
    return heading or titled or not line.strip("─━-=+┌┐└┘├┤┬┴┼ ")


def _line(doc: Document, pins: CondaPins, line: str, at: Place) -> Iterator[Pin | Unread]:
    exported = line.split("=")
    if len(exported) == 3 and not any(" " in part for part in exported):
        yield from _installed(doc, pins, (exported[0], exported[1], exported[2], ""), at)
        return
    words = line.split()
    if len(words) == 2 and words[1].startswith("<"):
        words.insert(1, "")
    if not 2 <= len(words) <= 9 or not words[1]:
        yield doc.unread("expected `name version build channel`, as `conda list` writes it", at, what=line)
        return
    build, channel = _build_and_channel(words[2:])
    yield from _installed(doc, pins, (words[0], words[1], build, channel), at)


def _build_and_channel(words: list[str]) -> tuple[str | None, str]:
    """What follows name and version: conda's columns, or pixi's with the size and kind of a package."""
    if "pypi" in words[1:] or words[:1] == ["pypi"]:
        return None, "pypi"
    if "conda" in words[2:]:
        return words[0], words[-1]
    if not words:
        return None, ""
    return words[0], words[1] if len(words) > 1 else ""
