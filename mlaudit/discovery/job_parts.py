"""The environments of CI workflows, notebooks and other recipes whose parts a parser names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.observation import Observation

_EXPRESSION = lazy_pattern(r"\$\{\{[^}]{0,200}\}\}")
MAX_COMMANDS = 300
"""Commands of one job that are looked at."""


def job_parts(path: str, stated_document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part for each named part of a document, the whole document where it names none."""
    roots = [root for root in stated_document.roots() if root.kind == "environment"]
    document = tree.document(path)
    if not roots or document is None:
        yield whole_part(path, stated_document, tree)
        return
    for root in roots:
        part = whole_part(path, stated_document, tree, root.name)
        running = tuple(_commands(document, root.name))
        yield replace(
            part,
            part=f"environment={root.name}",
            name=root.name,
            commands=running,
            evidence=(
                *part.evidence,
                *(Observation(at=command.at, says=f"runs {command.shown}") for command in running[:3]),
            ),
        )


def _commands(document: Document, job: str) -> Iterator[RunCommand]:
    """The commands of a job of GitHub Actions or GitLab CI."""
    with document_budget():
        try:
            yield from _read_commands(document, job)
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format shows what is wrong with it.
            return


def _read_commands(document: Document, job: str) -> Iterator[RunCommand]:
    root = document.yaml
    table = root.dig("jobs", job) if root.get("jobs").is_table else root.get(job)
    if not table.is_table:
        return
    count = 0
    here = _default_folder(table, _default_folder(root, ""))
    for node, folder in _scripts(table, here):
        text = _EXPRESSION.sub("VALUE", node.text())
        here = folder if folder is not None else here
        for command in commands(text, {}):
            count += 1
            if count > MAX_COMMANDS:
                return
            texts = tuple(word.text for word in command.words)
            if len(texts) == 2 and texts[0] in ("cd", "pushd"):
                here = posixpath.normpath(posixpath.join(here, texts[1]))
            yield RunCommand(words=texts, at=document.at(*node.route), folder=here)


def _default_folder(table: Node, outer: str) -> str:
    """`defaults.run.working-directory` of a workflow or job: the folder in which its steps run."""
    defaults = table.get("defaults")
    run = defaults.get("run") if defaults.is_table else Node(None)
    return _folder(run, outer)


def _folder(step: Node, outer: str) -> str:
    stated = step.get("working-directory") if step.is_table else Node(None)
    text = stated.text() if stated.is_text else ""
    return posixpath.normpath(text) if text and "$" not in text else outer


def _scripts(table: Node, folder: str) -> Iterator[tuple[Node, str | None]]:
    """The scripts of a job, each with the folder that it runs in, relative to the top of the repository.

    The lines of GitLab CI run in one shell, so that each but the first goes on where the one before it ended: None.
    """
    steps = table.get("steps")
    for step in steps.each() if steps.is_list else ():
        run = step.get("run") if step.is_table else step
        if run.is_text:
            yield run, _folder(step, folder)
    lists = [table.get(key) for key in ("before_script", "script")]
    lines = [line for listed in lists for line in (listed.each() if listed.is_list else [listed]) if line.is_text]
    for number, line in enumerate(lines):
        yield line, None if number else folder
