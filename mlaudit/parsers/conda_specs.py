"""Lists of conda match specs, one a line, for `conda create --file` and `conda install --file`."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.pypi.requirements_text import comment_start
from mlaudit.grammars.variables import expanded
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Statement
from mlaudit.parsers._registry import parser

EXPORTED = b"# This file may be used to create an environment using:"
"""The first line of `conda list --export`, which names installed packages."""

SNIFFED_LINES = 200
"""Lines of an unnamed document that must all read like match specs."""

_LINE = lazy_pattern(
    r"(?:(?P<channel>[\w./:-]{1,200})::)?[A-Za-z0-9_][\w.-]{0,200}"
    r"(?:\s{0,4}(?P<single>=(?!=)[^=\s]{1,64}(?:=[^=\s]{1,128})?)|\s{0,4}[<>=!~]=?[^\[\]@;]{1,256}|(?P<bracket>\[.{1,256}\]))?"
)


def _reads_like_it(doc: Document) -> bool:
    """Whether every line is a match spec and one at least is no requirement of pip (`::`, `=1.2`, `[version=...]`)."""
    if EXPORTED in doc.head:
        return False
    decided = False
    for line in doc.text[:65536].split("\n")[:SNIFFED_LINES]:
        plain = line[: comment_start(line)].strip()
        if not plain:
            continue
        match = _LINE.fullmatch(plain[:1024])
        if match is None:
            return False
        bracket = match["bracket"] or ""
        decided = decided or bool(match["channel"] or match["single"]) or "version" in bracket
    return decided


@parser(
    kind="list",
    files=["*.env.in", "*_env.in", "conda-requirements*.txt", "requirements-conda*.txt"],
    content=_reads_like_it,
)
def read(doc: Document) -> Iterator[Statement]:
    """One pin per line, its `$VARIABLE`s replaced by what `--define` gives."""
    from mlaudit.grammars import waivers
    from mlaudit.grammars.conda.conda_pins import CondaPins

    specs: list[tuple[str, Place]] = []
    start = 0
    for number, raw in enumerate(doc.text.split("\n"), start=1):
        cut = comment_start(raw)
        line = raw[:cut].strip()
        column = len(raw) - len(raw.lstrip()) + 1
        if cut < len(raw):
            yield from waivers.waiver(doc, raw[cut:], doc.place(number, column))
        if line:
            at = doc.place(number, column, start + column - 1, start + column - 1 + len(line))
            specs.append((expanded(line, doc.defines) or line if doc.defines else line, at))
        start += len(raw) + 1
    yield from CondaPins(doc).declared(specs)
