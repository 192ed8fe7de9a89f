"""Requirement lines that a recipe writes itself: here-documents, echoed lists, and lists that it filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.requirements_text import LogicalLine, logical_lines, parsed
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Statement

Install = Callable[[Call], Iterator[Statement]]
"""How the words of an install are read."""


def inline(call: Call, text: Script, install: Install, *, constraint: bool = False) -> Iterator[Statement]:
    """What the lines say; options and addresses are read as an install reads them."""
    kind = Kind.BOUND if constraint else Kind.PACKAGE
    recipe = call.recipe
    for line in logical_lines(text.text):
        read_line = parsed(line.text)
        if line.text.startswith("-") or read_line.address:
            yield from install(
                replace(call, script=text, words=_words(line, line.text if not read_line.address else ""))
            )
        elif line.text:
            start, end = line.span(0, len(line.text))[2:]
            stated = read_line.requirement if read_line.problem is None and read_line.requirement else line.text
            at = text.place(start, end)
            stated = requirement.without_empty_marker(stated)
            yield requirement.pin(recipe.doc, stated, at, kind=kind, scope=recipe.scope, hashes=read_line.hashes)


def _words(line: LogicalLine, options: str) -> tuple[Word, ...]:
    """The words of a line of options, or one that is the address before them."""
    start = line.span(0, len(line.text))[2]
    if not options:
        address = line.text.split(" --", 1)[0].rstrip()
        return (Word(text=address, start=start, end=start + len(address)),)
    matches = re.finditer(r"\S+", options)
    return tuple(Word(text=part[0], start=start + part.start(), end=start + part.end()) for part in matches)
