"""Requirements files of pip, and what pip-compile, `uv pip compile` and `uv export` write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit import requirements_file
from mlaudit.document import Document
from mlaudit.model import Statement
from mlaudit.registry import parser

SNIFFED_LINES = 400
"""Lines of an unnamed document that must all read like requirements."""

_CLAUSE = r"(?:===?|>=|<=|~=|!=|<|>)\s{0,8}[0-9][0-9A-Za-z.*+!_-]{0,128}\s{0,8}"
_LINE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?:\[[^\]]{0,256}\])?\s{0,8}"
    rf"(?P<decided>{_CLAUSE}(?:,\s{{0,8}}{_CLAUSE}){{0,16}}|@\s{{1,8}}[a-z+]{{3,12}}:.{{1,2048}})?\s{{0,8}}(?:;.{{1,1024}})?\\?"
)
_OPTION = re.compile(
    r"(?:-[rcef]|-i|--(?:requirement|constraint|editable|index-url|extra-index-url|find-links|hash|pre|no-binary|only-binary))"
    r"(?:[ =].{1,2048})?"
)


def _reads_like_it(doc: Document) -> bool:
    """Whether every line is a requirement or an option of pip, and one at least says more than a name."""
    decided = False
    lines = doc.text[:65536].split("\n")
    for line in lines[: min(SNIFFED_LINES, len(lines) - 1)] or lines:
        plain = line.partition(" #")[0].partition(" --")[0].strip()
        if not plain or plain.startswith("#"):
            continue
        found = _LINE.fullmatch(plain[:4096])
        if found is None and _OPTION.fullmatch(plain[:4096]) is None:
            return False
        decided = decided or found is None or found["decided"] is not None
    return decided


@parser(
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
        "*freeze*.txt",
        "*.freeze",
    ],
    content=_reads_like_it,
)
def read(doc: Document) -> Iterator[Statement]:
    """Requirements, includes and options of pip in their order."""
    yield from requirements_file.statements(doc)
