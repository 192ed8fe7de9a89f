"""What Makefiles and shell scripts run in the environments that they install, as parts of recipes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.recipes import TASK_FORMATS, AuditedTree, RecipePart, RunCommand, installed_files
from mlaudit.discovery.role_signs import WORK, role_of_command
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.grammars.shell.install_command import statements
from mlaudit.grammars.shell.make_targets import TaskLine, targets
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import Script, whole_text
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.knowledge.roles import words as role_words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Statement

MAX_FILES = 400
"""Makefiles and scripts of one tree that are read."""
MAX_TEXT = 256 * 1024
"""Characters of one of them."""

_MAKEFILE = lazy_pattern(r"(?:GNU)?[Mm]akefile|[\w-]{1,60}\.mk")
_QUOTING = dict.fromkeys(map(ord, "'\"\\\n"))
"""What the shell takes out of a word."""
_CONTAINERS = lazy_pattern(r"(?:docker|podman)(?:[ -]compose)?\b")


def task_parts(tree: AuditedTree) -> Iterator[RecipePart]:
    """Targets and scripts that run work in an environment whose files they, or the others beside them, install."""
    paths = [path for path in tree.paths if _format(path) and why_ignored(path) is None][:MAX_FILES]
    for path in paths:
        document = tree.document(path)
        # What cannot be read runs nothing that is known.
        with document_budget(), suppress(Unreadable, BudgetExceeded):
            if document is not None and document.size <= MAX_TEXT:
                yield from _of_file(path, document, tree)


def commands_of_tasks(tree: AuditedTree) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Every command of Makefiles and shell scripts that starts containers or runs something in them."""
    paths = [path for path in tree.paths if _format(path) and why_ignored(path) is None][:MAX_FILES]
    for path in paths:
        document = tree.document(path)
        # What cannot be read runs nothing that is known.
        with document_budget(), suppress(Unreadable, BudgetExceeded):
            if document is not None and document.size <= MAX_TEXT and _CONTAINERS.search(document.text):
                yield from _every_command(path, document)


def _every_command(path: str, document: Document) -> Iterator[tuple[tuple[str, ...], Place]]:
    is_makefile = _format(path) == TASK_FORMATS[0]
    lines = {line.number: line.text for own in targets(document.text).values() for line in own} if is_makefile else {}
    for number, text in lines.items() if is_makefile else [(1, document.text)]:
        for command in commands(text, {}):
            yield tuple(word.text for word in command.words), document.place(number, 1)


def _format(path: str) -> str:
    if path.endswith((".sh", ".bash")):
        return TASK_FORMATS[1]
    return TASK_FORMATS[0] if _MAKEFILE.fullmatch(posixpath.basename(path)) else ""


def _of_file(path: str, document: Document, tree: AuditedTree) -> Iterator[RecipePart]:
    if _format(path) == TASK_FORMATS[0]:
        tasks = targets(document.text)
    elif _may_work(document.text):
        tasks = {"": [TaskLine(number=0, text=document.text)]}
    else:
        return
    parts = [_part(path, name, lines, document, tree) for name, lines in tasks.items()]
    lists = {recipe_part.installs for recipe_part in parts if recipe_part.installs}
    for recipe_part in parts:
        # A target that installs nothing runs in the environment that the only other one makes.
        part = (
            recipe_part if recipe_part.installs or len(lists) != 1 else replace(recipe_part, installs=next(iter(lists)))
        )
        if part.installs and any(role_of_command(command.words) in WORK for command in part.commands):
            yield part


@lru_cache(maxsize=1)
def _work_words() -> re.Pattern[str]:
    """What a command that works has in it: the name of a program, the start of a phrase, a word of a script's name."""
    rows = [row for row in role_words().runs if row.role in WORK]
    words_of_work = {
        word for row in rows for word in (*row.programs, *row.scripts, *(phrase.split()[0] for phrase in row.phrases))
    }
    return re.compile("|".join(map(re.escape, sorted(word.lower() for word in words_of_work))))


def _may_work(text: str) -> bool:
    """Whether a script may run a command that shows what an environment is for; most of a tree run none."""
    return _work_words().search(text.translate(_QUOTING).lower()) is not None


def _part(path: str, name: str, lines: Sequence[TaskLine], document: Document, tree: AuditedTree) -> RecipePart:
    recipe, whole = Recipe(document), whole_text(document)
    stated: list[Statement] = []
    running: list[RunCommand] = []
    for line in lines:
        script = Script(document, line.text, [(0, -1)], document.place(line.number, 1)) if line.number else whole
        stated += statements(script, recipe)
        running += _commands(script)
    home = posixpath.dirname(path)
    entered = [command.words[1] for command in running if command.words[0] == "cd" and len(command.words) == 2]
    installs, missing = installed_files(path, stated, tree)
    return RecipePart(
        path=path,
        format=_format(path),
        name=name,
        installs=installs,
        unresolved=missing,
        commands=tuple(running),
        folders=tuple(dict.fromkeys(posixpath.normpath(posixpath.join(home, folder)) for folder in entered)),
    )


def _commands(script: Script) -> Iterator[RunCommand]:
    for command in commands(script.text, {}):
        words = command.words[1:] if command.words[:1] and command.words[0].text == "exec" else command.words
        if words:
            at = script.place(words[0].start, words[-1].end)
            yield RunCommand(words=tuple(word.text for word in words), at=at)
