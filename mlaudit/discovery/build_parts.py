"""The environments that BentoML and Cog build: what their descriptor installs, and the code that it has served."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.observation import Observation

_SERVED = {"bentofile": "service", "cog": "predict"}
"""The key of a descriptor that names the code which it has served: `service.py:svc`, `predict.py:Predictor`."""


def build_parts(path: str, found: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part where the descriptor says what is installed: nothing else of its folder is in the image then.

    A descriptor without packages and lists belongs to the environment beside it.
    """
    part = whole_part(path, found, tree)
    if part.installs or part.packages:
        running = tuple(_commands(path, found.format, tree))
        shown = (Observation(at=one.at, says=f"serves {one.words[-1]}") for one in running)
        yield replace(part, commands=running, evidence=(*part.evidence, *shown))


def _commands(path: str, format_name: str, tree: AuditedTree) -> Iterator[RunCommand]:
    """The command that starts the served code, as the tool would be asked for it."""
    document = tree.document(path)
    if document is None:
        return
    with document_budget():
        try:
            node = document.yaml.get(_SERVED[format_name])
            served = node.text().partition(":") if node.is_text else ("", "", "")
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format tells what is wrong with it.
            return
        module = served[0] if served[0].endswith(".py") else f"{served[0].replace('.', '/')}.py"
        if served[0]:
            yield RunCommand(
                words=("bentoml" if format_name == "bentofile" else "cog", "serve", module), at=document.at(*node.route)
            )
