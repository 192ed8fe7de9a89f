"""git submodules: `.gitmodules`, and the commits that `git submodule status` and `git ls-tree` print.

Source: https://git-scm.com/docs/gitmodules. The commit of a submodule is in git's tree, not in that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Place, Statement
from mlaudit.parsers._registry import parser

_SECTION = lazy_pattern(r"\[submodule \"(?P<name>[^\"]{1,1000})\"\](?:\s{0,8}[#;].{0,1000})?")
_SETTING = lazy_pattern(r"(?P<key>[A-Za-z][A-Za-z0-9-]{0,40})\s{0,40}=\s{0,40}(?P<value>.{0,2000})")
_STATUS = lazy_pattern(
    r"(?P<state>[-+U])?(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<path>.{1,1000}?)(?: \((?P<described>[^()]{1,200})\))?"
)
_TREE = lazy_pattern(
    r"(?P<mode>\d{6}) (?P<type>commit|blob|tree) (?P<commit>[0-9a-f]{40}|[0-9a-f]{64})\t(?P<path>.{1,1000})"
)
_STATES = {"-": "not checked out", "+": "another commit is checked out than the one recorded", "U": "in conflict"}
_MARK = lazy_pattern(rb"(?m)^\s{0,16}\[submodule \"|^[-+U ][0-9a-f]{40} \S|^160000 commit [0-9a-f]{40}\t")


def _looks_like_it(doc: Document) -> bool:
    return _MARK.search(doc.head) is not None


@parser(kind="aside", files=[".gitmodules"], content=_looks_like_it)
def read(doc: Document) -> Iterator[Statement]:
    """Every submodule, with its commit where the document shows one."""
    if doc.text.lstrip().startswith(("[", "#", ";")):
        yield from _settings(doc)
        return
    for line in lines(doc):
        yield from _commit(doc, line)


def _commit(doc: Document, line: DumpLine) -> Iterator[Statement]:
    tree = _TREE.fullmatch(line.text)
    if tree and tree["type"] != "commit":
        return
    match = tree or _STATUS.fullmatch(line.text)
    if match is None:
        why = "expected ` commit path (name)` of `git submodule status`, or a line of `git ls-tree`"
        yield doc.unread(why, line.at(), what=line.text)
        return
    state = _STATES.get(match["state"] or "") if match is not tree else None
    at = line.of(match, "commit")
    yield _pin(doc, match["path"], match["commit"], at, Layer.LOCKED, detail=state)


def _pin(
    doc: Document,
    path: str,
    commit: str | None,
    at: Place,
    layer: Layer,
    origin: str | None = None,
    detail: str | None = None,
) -> Statement:
    from mlaudit.grammars.model_refs import reference

    name = f"submodule:{path.strip()}"
    return reference(doc, Kind.DATA, name, commit, at, layer=layer, origin=origin, detail=detail, source="git")


@dataclass(slots=True)
class _Submodule:
    """One submodule of .gitmodules as its settings come."""

    name: str
    at: Place
    path: str = ""
    url: str | None = None
    branch: str | None = None


def _settings(doc: Document) -> Iterator[Statement]:
    sections: list[_Submodule] = []
    for line in lines(doc):
        if line.text.startswith(("#", ";")):
            continue
        section, setting = _SECTION.fullmatch(line.text), _SETTING.fullmatch(line.text)
        if section:
            sections.append(_Submodule(section["name"], line.of(section, "name")))
        elif setting and sections:
            _remember(sections[-1], line, setting)
        else:
            yield doc.unread('expected `[submodule "name"]` and settings like `path = ...`', line.at(), what=line.text)
    if not sections:
        raise Unreadable("it names no submodule")
    why = "a .gitmodules file names no commits; `git submodule status` prints them"
    yield Fact(key="note", value=why, at=sections[0].at)
    for submodule in sections:
        detail = f"branch {submodule.branch}" if submodule.branch else None
        yield _pin(doc, submodule.path or submodule.name, None, submodule.at, Layer.DECLARED, submodule.url, detail)


def _remember(section: _Submodule, line: DumpLine, setting: re.Match[str]) -> None:
    key, value = setting["key"].lower(), setting["value"].strip().strip('"')
    if key == "path":
        section.path, section.at = value, line.of(setting, "value")
    elif key == "url":
        section.url = value
    elif key == "branch":
        section.branch = value
