"""The environments that BentoML, Cog and Truss build: what a descriptor installs, and the code that it has served."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation

_TOOLS = {"bentofile": "bentoml", "cog": "cog", "truss-config": "truss"}
_TRUSS_DEFAULTS = (("model_module_dir", "model"), ("model_class_filename", "model.py"))
"""Keys that state where Truss finds the model class (https://docs.baseten.co/reference/truss-configuration)."""
_SERVED = {"bentofile": "service", "cog": "predict"}
"""The key of a descriptor that names the code which it has served: `service.py:svc`, `predict.py:Predictor`."""


def build_parts(path: str, document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part where the descriptor states what is installed: nothing else of its folder is in the image then.

    A descriptor without packages and lists belongs to the environment beside it.
    """
    part = whole_part(path, document, tree)
    if part.installs or part.packages:
        running = tuple(_commands(path, document.format, tree))
        shown = (Observation(at=command.at, says=f"serves {command.words[-1]}") for command in running)
        yield replace(part, commands=running, evidence=(*part.evidence, *shown))


def _commands(path: str, format_name: str, tree: AuditedTree) -> Iterator[RunCommand]:
    """The command by which the tool would be asked to start the served code."""
    document = tree.document(path)
    if document is None:
        return
    with document_budget():
        try:
            command = _of_truss(document) if format_name == "truss-config" else _named(document, _SERVED[format_name])
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format shows what is wrong with it.
            return
        module, at = command
        if module:
            yield RunCommand(words=(_TOOLS[format_name], "serve", module), at=at)


def _named(document: Document, key: str) -> tuple[str, Place]:
    """The module before the colon of `service.py:svc` or `service:svc`; empty if the key is missing."""
    node = document.yaml.get(key)
    served = node.text().partition(":")[0] if node.is_text else ""
    module = served if not served or served.endswith(".py") else f"{served.replace('.', '/')}.py"
    return module, document.at(*node.route)


def _of_truss(document: Document) -> tuple[str, Place]:
    """The file of the model class: `model/model.py` where the descriptor names no other."""
    root = document.yaml
    folder, file = (root.get(key).maybe_text() or usual for key, usual in _TRUSS_DEFAULTS)
    return posixpath.join(folder, file), Place(path=document.path, line=1)
