"""Requirements files of pip, and what pip-compile, `uv pip compile` and `uv export` write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting
from mlaudit.grammars.pypi import requirement, requirements_file
from mlaudit.grammars.pypi.requirements_text import Parsed, logical_lines, parsed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Statement
from mlaudit.parsers._registry import parser

SNIFFED_LINES = 400
"""Lines of an unnamed document that are looked at."""

_MAY_BE = lazy_pattern(r"\.(?:txt|in|pip|lock|req)$|^-$", re.IGNORECASE)
_CLAUSE = r"(?:===?|>=|<=|~=|!=|<|>)\s{0,8}[0-9][0-9A-Za-z.*+!_-]{0,128}\s{0,8}"
_LINE = lazy_pattern(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?:\[[^\]]{0,256}\])?\s{0,8}"
    rf"(?P<decided>{_CLAUSE}(?:,\s{{0,8}}{_CLAUSE}){{0,16}}|@\s{{1,8}}[a-z+]{{3,12}}:.{{1,2048}})?\s{{0,8}}(?:;.{{1,1024}})?\\?"
)
_OPTION = lazy_pattern(
    r"(?:-[rcef]|-i|--(?:requirement|constraint|editable|index-url|extra-index-url|find-links|hash|pre|no-binary|only-binary))"
    r"(?:[ =].{1,2048})?"
)


def _looks_like_it(doc: Document) -> bool:
    return _reads_like_it(doc) or _mostly_reads_like_it(doc)


_TEMPLATE = lazy_pattern(r"\{[{%]|\$\{")


def _reads_like_it(doc: Document) -> bool:
    """Whether every line is a requirement or an option of pip, and one at least says more than a name."""
    decided = False
    lines = doc.text[:65536].split("\n")
    for line in lines[: min(SNIFFED_LINES, len(lines) - 1)] or lines:
        plain = line.partition(" #")[0].partition(" --")[0].strip()
        if not plain or plain.startswith("#") or _TEMPLATE.search(plain):
            continue
        match = _LINE.fullmatch(plain[:4096])
        if match is None and _OPTION.fullmatch(plain[:4096]) is None:
            return False
        decided = decided or match is None or match["decided"] is not None
    return decided


def _mostly_reads_like_it(doc: Document) -> bool:
    """Whether two lines of three can be read as pip reads them, and one at least says more than a name."""
    if b"@EXPLICIT" in doc.head or not _MAY_BE.search(doc.path):
        return False
    good = bad = decided = 0
    for line, _ in zip(logical_lines(doc.text[:65536]), range(SNIFFED_LINES), strict=False):
        if line.text:
            understood = _understood(parsed(line.text[: requirement.MAX_LENGTH]))
            good, bad = good + (understood is not None), bad + (understood is None)
            decided += bool(understood)
    return decided > 0 and bad * 2 <= good


def _understood(line: Parsed) -> bool | None:
    """Whether a line says more than a name; None if it cannot be read."""
    if line.problem is not None:
        return None
    if not line.requirement:
        return True
    if line.address:
        # A list of paths may be anything.
        return "://" in line.requirement or line.requirement.startswith(("./", "../"))
    parsed = requirement.parse(line.requirement)
    if parsed.problem is not None:
        return None
    return bool(parsed.version or parsed.specifier or parsed.url)


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="list",
    files=[
        "*requirements*.txt",
        "*requirements*.in",
        "*requirements*.pip",
        "*requirements*.lock",
        "requirements/*.txt",
        "requirements/*.in",
        "*constraints*.txt",
        "*constraints*.in",
        "*reqs*.txt",
        "requirements",
        "*freeze*.txt",
        "*.freeze",
    ],
    content=_looks_like_it,
)
def read(doc: Document) -> Iterator[Statement]:
    """Requirements, includes and options of pip in their order."""
    readable, note = _decoded(doc)
    if note is not None:
        yield note
    yield from requirements_file.statements(readable)


def _decoded(doc: Document) -> tuple[Document, Fact | None]:
    """The document, and a note where it is in no declared encoding and not UTF-8. Raises Unreadable."""
    try:
        _ = doc.text
    except Unreadable as error:
        if "UTF-8" not in error.why:
            raise
        says = f"{error.why}; it is read as Latin-1, where pip uses the encoding of the machine it runs on"
        note = Fact(key="note", value=says, at=doc.place(error.line))
    else:
        return doc, None
    text = doc.data.decode("latin-1")
    return Document(doc.path, text.encode(), ask=doc.beside, defines=doc.defines), note
