"""The environments that BentoML, Cog and Truss build: what a descriptor installs, and the code that it has served."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from mlaudit.discovery.job_parts import job_parts
from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars import python_source, sdk_images
from mlaudit.grammars.python_installs import builds_bento
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

    A descriptor without packages and lists belongs to the environment beside it; one whose list is nowhere in the tree
    does not: another list is not what it installs.
    """
    part = whole_part(path, document, tree)
    if part.installs or part.packages or part.unresolved:
        running = tuple(_commands(path, document.format, tree))
        shown = (Observation(at=command.at, says=f"serves {command.words[-1]}") for command in running)
        yield replace(part, commands=running, evidence=(*part.evidence, *shown))


def source_parts(path: str, document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """The parts of a Python source; one that builds a bento is served as the bento is."""
    source = tree.document(path)
    running = tuple(_of_source(source)) if source is not None else ()
    started = _started(source) if source is not None else {}
    for part in job_parts(path, document, tree):
        shown = (Observation(at=command.at, says=f"builds a bento of {command.words[-1]}") for command in running)
        own = tuple(started.get(part.name, ()))
        yield replace(part, commands=(*part.commands, *running, *own), evidence=(*part.evidence, *shown))


def _started(document: Document) -> Mapping[str, Sequence[RunCommand]]:
    """The scripts that jobs and servers of SDKs start, by the name of the part."""
    started: dict[str, list[RunCommand]] = {}
    with document_budget():
        try:
            tree = python_source.parsed(document) if b"entry_point" in document.data else None
            points = list(sdk_images.entry_points(document, tree)) if tree is not None else []
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format shows what is wrong with it.
            return {}
    for name, script, at in points:
        started.setdefault(name, []).append(RunCommand(words=("python", script), at=at))
    return started


def _of_source(document: Document) -> Iterator[RunCommand]:
    """The command by which BentoML would be asked to start what `bentoml.build("service.py:svc")` builds."""
    with document_budget():
        try:
            tree = python_source.parsed(document) if b"bentoml" in document.data else None
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format shows what is wrong with it.
            return
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and builds_bento(node) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                at = python_source.place(document, first)
                yield RunCommand(words=(_TOOLS["bentofile"], "serve", _module(first.value)), at=at)


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
    return _module(node.text() if node.is_text else ""), document.at(*node.route)


def _module(named: str) -> str:
    """The file of `service.py:svc` or `package.service:svc`; empty if nothing is named."""
    served = named.partition(":")[0]
    return served if not served or served.endswith(".py") else f"{served.replace('.', '/')}.py"


def _of_truss(document: Document) -> tuple[str, Place]:
    """The file of the model class: `model/model.py` where the descriptor names no other."""
    root = document.yaml
    folder, file = (root.get(key).maybe_text() or usual for key, usual in _TRUSS_DEFAULTS)
    return posixpath.join(folder, file), Place(path=document.path, line=1)
