"""The output of `uv tree` and `uv pip tree`.

Source: https://docs.astral.sh/uv/reference/cli/#uv-tree. The first shows a lock, the second an environment, and nothing
in the text tells them apart, so versions count as locked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.dump_text import DumpLine, lines
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Kind, Layer, Statement
from mlaudit.model.versions import parsed
from mlaudit.parsers._registry import parser

_LINE = lazy_pattern(
    r"(?:[\s│|]{0,1000}(?:[├└]──|\|--|`--) )?(?P<name>[A-Za-z0-9][\w.-]{0,200})(?:\[(?P<extras>[^\]]{0,500})\])?"
    r" v(?P<version>[^\s()]{1,128})(?P<asides>(?: {1,8}\([^()]{0,500}\)){0,8})"
)
_BARE = lazy_pattern(r"(?:[\s│|]{0,1000}(?:[├└]──|\|--|`--) )?[A-Za-z0-9][\w.-]{0,200}(?: \(\*\))?")
_LEGEND = lazy_pattern(
    r"\(\*\) Package tree already displayed|(?:Resolved|Using|warning:|Audited|No packages).{0,1000}"
)
_FOLDER = lazy_pattern(r"\((?:file://|\.{0,2}/|[A-Za-z]:\\|[^():]{0,400}/)[^()]{0,400}\)")
_MARK = lazy_pattern(r"(?m)^[ \t│|]{0,400}(?:[├└]──|\|--|`--) [A-Za-z0-9][\w.-]{0,200}(?:\[[^\]\n]{0,200}\])? v\d")


def _looks_like_it(doc: Document) -> bool:
    return _MARK.search(doc.text[:65536]) is not None


@parser(
    kind="dump",
    files=["uv-tree*.txt", "uv_tree*.txt", "uv-pip-tree*.txt"],
    content=_looks_like_it,
    marks=["──".encode(), b"|--", b"`--"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every package once for each version; forks of a universal tree show several."""
    if not doc.text.strip():
        raise Unreadable("it is empty; `uv tree` prints lines like `├── numpy v1.26.4`")
    packages_read: set[tuple[str, str]] = set()
    for line in lines(doc):
        match = _LINE.fullmatch(line.text)
        if match is None:
            if not _LEGEND.match(line.text) and not _BARE.fullmatch(line.text):
                yield doc.unread("expected `name v1.2.3`, as `uv tree` prints it", line.at(), what=line.text)
        elif (key := (normalized(match["name"]), match["version"])) not in packages_read:
            packages_read.add(key)
            yield _package(doc, line, match)


def _package(doc: Document, line: DumpLine, match: re.Match[str]) -> Statement:
    at = line.of(match, "version")
    if parsed(match["version"]) is None:
        why = f"`{match['version'][:80]}` is no version (PEP 440)"
        return doc.unread(why, at, what=line.text, package=package_of(match["name"]))
    asides = match["asides"] or ""
    local = _FOLDER.search(asides) is not None
    return doc.pin(
        Layer.LOCKED,
        match["name"],
        match["version"],
        at=at,
        kind=Kind.LOCAL if local else Kind.PACKAGE,
        source="path" if local else "index",
        extras=tuple(extra.strip() for extra in (match["extras"] or "").split(",") if extra.strip()),
    )
