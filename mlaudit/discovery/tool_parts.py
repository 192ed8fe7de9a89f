"""The environments that tox and nox make, with what runs in each."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress

from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.observation import Observation
from mlaudit.parsers.noxfile import session_commands
from mlaudit.parsers.tox_ini import environment_commands

MAX_COMMANDS = 300
"""Commands of one environment that are looked at."""


def tool_parts(path: str, stated_document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part for each environment of tox, or session of nox."""
    document = tree.document(path)
    running = _running(document, stated_document.format) if document is not None else {}
    for root in stated_document.roots():
        part = whole_part(path, stated_document, tree, root.name)
        own = tuple(running.get(root.name, ())[:MAX_COMMANDS])
        shown = (Observation(at=command.at, says=f"runs {command.shown}") for command in own[:3])
        yield replace(
            part, part=f"environment={root.name}", name=root.name, commands=own, evidence=(*part.evidence, *shown)
        )


def _running(document: Document, format_name: str) -> dict[str, list[RunCommand]]:
    """The commands by the environment that they run in; both tools run them where their file is."""
    read = environment_commands if format_name == "tox-ini" else session_commands
    folder = posixpath.dirname(document.path)
    running: dict[str, list[RunCommand]] = {}
    # The parser of the format shows what is wrong with a document that cannot be read.
    with document_budget(), suppress(Unreadable, Malformed, BudgetExceeded):
        for name, script in read(document):
            for command in commands(script.text, {}):
                if command.words:
                    words = tuple(word.text for word in command.words)
                    at = script.place(command.words[0].start, command.words[-1].end)
                    running.setdefault(name, []).append(RunCommand(words=words, at=at, folder=folder))
    return running
