"""How tasks of pipelines run images that the tree builds: Airflow's container operators, Kubeflow's `ContainerOp`.

https://kubeflow-pipelines.readthedocs.io/en/sdk-1.8.22/source/kfp.dsl.html
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from itertools import pairwise

from mlaudit.discovery.recipes import AuditedTree, ImageRun
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.grammars import python_source
from mlaudit.grammars.container.build_context import own_image
from mlaudit.grammars.container.dockerfile_stages import MAX_PARENTS
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.grammars.task_environments import MENTIONED, task_kinds, tasks
from mlaudit.model.errors import Unreadable

MAX_WORDS = 200
"""Words of one command."""
_COMMANDS = ("command", "cmds")
_ARGUMENTS = ("arguments",)
_HANDED = ("InputArgumentPath", "InputPath")


def pipeline_runs(path: str, tree: AuditedTree) -> list[ImageRun]:
    """The tasks of a source that run an image which a Dockerfile of the tree builds."""
    document = tree.document(path)
    with document_budget():
        try:
            if document is None or MENTIONED.search(document.data) is None:
                return []
            return list(_runs(path, document, parse_tree(document.text)))
        except (Unreadable, BudgetExceeded, SyntaxError, ValueError, MemoryError, RecursionError):
            # The parser of the format shows what is wrong with it.
            return []


def _runs(path: str, document: Document, tree: ast.Module) -> Iterator[ImageRun]:
    handed = _TaskWiring(tree)
    for task in tasks(tree):
        kind, call = task.given[-1]
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        text = _literal(given.get(kind.image))
        own = own_image(document, text, MAX_PARENTS) if text else None
        if own is None:
            continue
        entrypoint = _listed(given, _COMMANDS, handed.values(call))
        arguments = _listed(given, _ARGUMENTS, handed.values(call))
        yield ImageRun(
            dockerfile=posixpath.normpath(posixpath.join(posixpath.dirname(path), own.file)),
            target=own.target,
            name=task.name,
            at=python_source.place(document, call),
            # An operator with a command as one text runs it as the image's entry point does.
            entrypoint=entrypoint or None,
            command=arguments or None,
            settings=tuple(option_settings((*entrypoint, *arguments))),
        )


def option_settings(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Options with their values, as the code in the image gets them."""
    for word, after in pairwise(words):
        if word.startswith("--") and "=" not in word and after not in ("", "VALUE") and not after.startswith("-"):
            yield word, after
    for word in words:
        name, _, value = word.partition("=")
        if name.startswith("--") and value not in ("", "VALUE"):
            yield name, value


def _listed(given: Mapping[str, ast.expr], names: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    """The words under the first of some keywords; what is computed is `VALUE`."""
    node = next((given[name] for name in names if name in given), None)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return tuple(word.text for command in commands(node.value, {}) for word in command.words)[:MAX_WORDS]
    members = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
    return tuple(_word(member, values) for member in members[:MAX_WORDS])


def _word(node: ast.expr, values: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Call) and _last(node.func) in _HANDED and node.args:
        return _word(node.args[0], values)
    return values.get(node.id, "VALUE") if isinstance(node, ast.Name) else "VALUE"


class _TaskWiring:
    """What functions that make tasks hand to one another: parameters with the paths of other tasks' outputs.

    Args:
        tree: the source.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._makers: dict[str, ast.FunctionDef] = {}
        self._outputs: dict[str, dict[str, str]] = {}
        self._inside: dict[int, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self._add(node)
        self._given: dict[str, dict[str, str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name not in self._makers:
                self._wire(node)

    def _add(self, function: ast.FunctionDef) -> None:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _last(node.func) in task_kinds():
                self._makers[function.name] = function
                self._inside[id(node)] = function.name
                listed = next((keyword.value for keyword in node.keywords if keyword.arg == "file_outputs"), None)
                if isinstance(listed, ast.Dict):
                    pairs = zip(listed.keys, listed.values, strict=True)
                    texts = {_literal(key): _literal(value) for key, value in pairs}
                    self._outputs[function.name] = {key: value for key, value in texts.items() if key and value}

    def _wire(self, pipeline: ast.FunctionDef) -> None:
        makers: dict[str, str] = {}
        for node in ast.walk(pipeline):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                maker = self._maker(node.value)
                if maker is not None:
                    makers[node.targets[0].id] = maker
        for node in ast.walk(pipeline):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._makers:
                names = [argument.arg for argument in self._makers[node.func.id].args.args]
                pairs = [
                    *zip(names, node.args, strict=False),
                    *((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None),
                ]
                for name, value in pairs:
                    path = self._output(value, makers)
                    if path is not None:
                        self._given.setdefault(node.func.id, {})[name] = path

    def _maker(self, node: ast.expr) -> str | None:
        """The function of a call, or of one whose methods are called on (`train_op(x).after(y)`)."""
        while isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                return node.func.id if node.func.id in self._makers else None
            node = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        return None

    def _output(self, node: ast.expr, makers: Mapping[str, str]) -> str | None:
        """The path behind `task.output` or `task.outputs["model"]`, handed over as a file or as it is."""
        if isinstance(node, ast.Call) and _last(node.func) in _HANDED and node.args:
            node = node.args[0]
        key = node.slice if isinstance(node, ast.Subscript) else None
        base = node.value if isinstance(node, ast.Subscript) else node
        if not isinstance(base, ast.Attribute) or not isinstance(base.value, ast.Name):
            return None
        maker = makers.get(base.value.id)
        outputs = self._outputs.get(maker, {}) if maker is not None else {}
        literal = _literal(key)
        if base.attr == "outputs" and literal is not None:
            return outputs.get(literal)
        return next(iter(outputs.values())) if base.attr == "output" and len(outputs) == 1 else None

    def values(self, call: ast.Call) -> Mapping[str, str]:
        """What the parameters of the function stand for that makes a task."""
        maker = self._inside.get(id(call))
        return self._given.get(maker, {}) if maker is not None else {}


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _last(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
