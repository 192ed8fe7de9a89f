"""Targets of Makefiles: the lines that each runs, and those that a command `make TARGET` of a recipe stands for.

https://www.gnu.org/software/make/manual/html_node/Rule-Syntax.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_LINES = 400
"""Lines that one target runs, those of its prerequisites counted too."""
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""The names that make looks for, in its order."""

_RULE = lazy_pattern(r"([\w./ -]{1,200}?)[ \t]{0,8}::?(?![=:])[ \t]{0,8}([\w./ \t|-]{0,400})(?:#.*)?$")
_VARIABLE = lazy_pattern(r"(?:export\s+)?(\w{1,128})\s{0,8}[:?]{0,2}=\s{0,8}([^#$]{1,200}?)\s*(?:#.*)?$")
_REFERENCE = lazy_pattern(r"\$[({](\w{1,128})[)}]")
_GIVEN = lazy_pattern(r"(\w{1,128})=(.{0,400})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One line of a task, as the shell gets it; of a script all lines, and no number."""

    number: int
    text: str


def target_scripts(call: Call) -> Iterator[Script]:
    """The lines that `make TARGET` runs, each a script of the Makefile; none where it is no file of the tree."""
    folder, name, named, given = "", "", list[str](), dict[str, str]()
    words = iter(call.words[1:])
    for word in words:
        assignment = _GIVEN.fullmatch(word.text)
        if word.unresolved:
            return
        if word.text in ("-C", "--directory"):
            folder = next((following.text for following in words), "")
        elif word.text in ("-f", "--file", "--makefile"):
            name = next((following.text for following in words), "")
        elif assignment is not None:
            given[assignment[1]] = assignment[2]
        elif not word.text.startswith("-"):
            named.append(word.text)
    yield from _lines_of(call, folder, (name,) if name else MAKEFILES, named, given)


def _lines_of(
    call: Call, folder: str, names: Sequence[str], named: Sequence[str], given: Mapping[str, str]
) -> Iterator[Script]:
    recipe = call.recipe
    located = (recipe.locate(recipe.path(f"{folder}/{name}" if folder else name)) for name in names)
    document = next((makefile for path in located if path and (makefile := call.doc.beside(path)) is not None), None)
    try:
        text = document.text if document is not None else ""
    except Unreadable:
        # What cannot be read states nothing.
        return
    if document is None or len(text) > MAX_SCRIPT:
        return
    known = targets(text, given)
    for target in named or list(known)[:1]:
        for line in known.get(target, ()):
            yield Script(document, line.text, [(0, -1)], document.place(line.number, 1))


def targets(text: str, given: Mapping[str, str] | None = None) -> Mapping[str, list[TaskLine]]:
    """The lines that each target of a Makefile runs, those of its prerequisites first.

    Args:
        text: of the Makefile.
        given: variables that the command line sets, whatever the Makefile says of them.
    """
    given = given or {}
    values: dict[str, str] = dict(given)
    own: dict[str, list[TaskLine]] = {}
    needs: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _joined_lines(text):
        filled = _REFERENCE.sub(lambda match: values.get(match[1], match[0]), line.text)
        rule = _RULE.fullmatch(filled)
        if line.text.startswith("\t"):
            shown = TaskLine(number=line.number, text=filled.strip().lstrip("@-+").replace("$$", "$"))
            for name in current:
                own[name].append(shown)
        elif rule is not None:
            current = [name for name in rule[1].split() if not name.startswith(".")]
            for name in current:
                own.setdefault(name, [])
                needs.setdefault(name, []).extend(rule[2].replace("|", " ").split())
        elif variable := _VARIABLE.fullmatch(filled):
            values[variable[1]] = given.get(variable[1], variable[2])
    return {name: list(_with_needed(name, own, needs))[:MAX_LINES] for name in own}


def _joined_lines(text: str) -> Iterator[TaskLine]:
    """Lines, with those that a backslash continues as one."""
    begun: list[str] = []
    for at, line in enumerate(text.splitlines(), 1):
        if line.endswith("\\"):
            begun.append(line[:-1])
        else:
            yield TaskLine(number=at - len(begun), text=" ".join((*begun, line)))
            begun = []


def _with_needed(
    name: str, own: Mapping[str, Sequence[TaskLine]], needs: Mapping[str, Sequence[str]]
) -> Iterator[TaskLine]:
    waiting, order = [name], dict[str, None]()
    while waiting and len(order) < MAX_LINES:
        target = waiting.pop()
        if target in own and target not in order:
            order[target] = None
            waiting.extend(needs.get(target, ()))
    for target in reversed(order):
        yield from own[target]
