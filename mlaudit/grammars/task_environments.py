"""Tasks of pipelines that run in an environment of their own: Airflow's operators and decorators, Metaflow's steps.

Which calls and decorators these are is in `sdk_images.toml`. Literal packages and images are read; what is computed is
reported as unread. Nothing of a source is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars import python_source
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.pypi import python_text, requirement
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, Layer, Pin, Place, Root, Statement
from mlaudit.model.packaged import packaged_toml
from mlaudit.model.scope import PinScope

NODES = Limit(name="nodes of sources with tasks", most=1_000_000)
MAX_TASKS = 200
"""Tasks of one source that are read."""

MENTIONED = lazy_pattern(
    rb"PythonVirtualenvOperator|task\.(?:virtualenv|docker|kubernetes|external_python)|DockerOperator"
    rb"|KubernetesPodOperator|ContainerOp\b|@(?:pypi|conda)(?:_base)?\b"
)
"""What a source holds that makes such tasks."""
_RANGE = lazy_pattern(r"[<>=!~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """How a call or decorator states what a task runs in.

    Attributes:
        function: the keyword that names the function; empty for decorators and containers.
        named: keywords that name the task.
        packages: keywords with requirements: a list, a file, or a table of versions.
        python, image: keywords with the Python and the image.
        base: it decorates a class, and its packages go to every step.
    """

    function: str = ""
    named: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    python: str = ""
    image: str = ""
    base: str = ""


@lru_cache(maxsize=1)
def task_kinds() -> Mapping[str, TaskKind]:
    """The calls and decorators, by their last name."""
    rows = packaged_toml("knowledge/sdk_images.toml")["tasks"]["kinds"]
    return {
        str(name): TaskKind(
            function=row.get("function", ""),
            named=tuple(row.get("named", ())),
            packages=tuple(row.get("packages", ())),
            python=row.get("python", ""),
            image=row.get("image", ""),
            base=row.get("base", ""),
        )
        for name, row in rows.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: what it is called, and the calls that say its environment, the outermost first."""

    name: str
    given: tuple[tuple[TaskKind, ast.Call], ...]


def read(doc: Document, tree: ast.Module) -> Iterator[Statement]:
    """A root for every task, with what is installed where it runs."""
    values = _constants(tree)
    used: dict[str, int] = {}
    for number, task in enumerate(tasks(tree)):
        if number >= MAX_TASKS:
            yield doc.unread(f"it has more than {MAX_TASKS} tasks with environments; the others are not read")
            return
        used[task.name] = used.get(task.name, 0) + 1
        part = task.name if used[task.name] == 1 else f"{task.name}-{used[task.name]}"
        statements = [statement for kind, call in task.given for statement in _stated(doc, kind, call, values, part)]
        if any(isinstance(statement, (Pin, Include)) for statement in statements):
            yield Root(name=part, kind="environment", at=python_source.place(doc, task.given[-1][1].func))
            yield from _merged(statements)
        else:
            yield from statements


def tasks(tree: ast.Module) -> Iterator[Task]:
    """The tasks of a source, in its order."""
    for node in ast.walk(tree):
        spend(NODES)
        if isinstance(node, ast.ClassDef):
            yield from _of_flow(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            given = _decorating(node, in_class=False)
            if given:
                yield Task(name=node.name, given=tuple(given))
        elif isinstance(node, ast.Call):
            kind = task_kinds().get(_last(node.func))
            name = _task_name(node, kind) if kind is not None and kind.named else None
            if kind is not None and name is not None:
                yield Task(name=name, given=((kind, node),))


def _of_flow(flow: ast.ClassDef) -> Iterator[Task]:
    """The steps of a class that say their environments themselves, and the class for the others."""
    base = [(kind, call) for kind, call in _calls(flow.decorator_list) if kind.base == "class"]
    if base:
        yield Task(name=flow.name, given=tuple(base))
    for node in flow.body:
        if isinstance(node, ast.FunctionDef):
            given = _decorating(node, in_class=True)
            if given:
                yield Task(name=f"{flow.name}.{node.name}", given=(*base, *given))


def _decorating(node: ast.FunctionDef | ast.AsyncFunctionDef, *, in_class: bool) -> list[tuple[TaskKind, ast.Call]]:
    wanted = "step" if in_class else "function"
    return [(kind, call) for kind, call in _calls(node.decorator_list) if kind.base == wanted]


def _calls(decorators: list[ast.expr]) -> Iterator[tuple[TaskKind, ast.Call]]:
    for decorator in decorators:
        kind = task_kinds().get(_last(decorator.func)) if isinstance(decorator, ast.Call) else None
        if kind is not None and isinstance(decorator, ast.Call):
            yield kind, decorator


def _task_name(call: ast.Call, kind: TaskKind) -> str | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    function = given.get(kind.function) if kind.function else None
    if isinstance(function, (ast.Name, ast.Attribute)):
        return _last(function)
    literals = (given.get(word) for word in kind.named)
    return next(
        (literal.value for literal in literals if isinstance(literal, ast.Constant) and isinstance(literal.value, str)),
        None,
    )


def _stated(
    doc: Document, kind: TaskKind, call: ast.Call, values: Mapping[str, ast.expr], part: str
) -> Iterator[Statement]:
    for keyword in call.keywords:
        value = _followed(keyword.value, values)
        at = python_source.place(doc, value)
        if keyword.arg in kind.packages:
            yield from _packages(doc, value, values, part)
        elif keyword.arg == kind.python and isinstance(value, ast.Constant) and kind.python:
            yield python_text.statement(doc, str(value.value), at, scope=PinScope(parts=(part,)))
        elif keyword.arg == kind.image and kind.image and isinstance(value, ast.Constant):
            yield from image_tags.statements(doc, str(value.value), at, scope=PinScope(parts=(part,)))


def _packages(doc: Document, value: ast.expr, values: Mapping[str, ast.expr], part: str) -> Iterator[Statement]:
    """`["numpy==1.26.4"]`, `{"numpy": "1.26.4"}`, `"requirements.txt"`."""
    texts: Iterable[tuple[ast.expr, str | None]]
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        texts = ((key or version, _versioned(_text(key, values), _text(version, values))) for key, version in pairs)
    elif isinstance(value, (ast.List, ast.Tuple)):
        texts = ((member, _text(member, values)) for member in value.elts)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield _file(doc, value.value, python_source.place(doc, value), part)
        return
    else:
        texts = () if isinstance(value, ast.Constant) and value.value is None else ((value, None),)
    for node, text in texts:
        if text is None:
            yield python_source.computed_packages(doc, node)
        elif not text.startswith("-"):
            yield requirement.pin(doc, text, python_source.place(doc, node), scope=PinScope(parts=(part,)))


def _versioned(name: str | None, stated: str | None) -> str | None:
    """`numpy` and `1.26.4`, or `>=1.26`, as a requirement."""
    if name is None or stated is None:
        return None
    return f"{name}{stated if _RANGE.match(stated) or not stated else f'=={stated}'}"


def _file(doc: Document, path: str, at: Place, part: str) -> Statement:
    if doc.beside(path) is not None:
        return Include(target=path, at=at, format="requirements", parts=(part,))
    return doc.unread("the file that it names is not next to the source", at, what=path[:200])


def _merged(statements: list[Statement]) -> Iterator[Statement]:
    """What a step states about a package replaces what its flow states."""
    last = {statement.package: number for number, statement in enumerate(statements) if isinstance(statement, Pin)}
    for number, statement in enumerate(statements):
        if not isinstance(statement, Pin) or statement.layer is not Layer.DECLARED or last[statement.package] == number:
            yield statement


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """What names of a module stand for that are assigned once."""
    nodes: dict[str, ast.expr | None] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            nodes[name] = None if name in nodes else node.value
    return {name: value for name, value in nodes.items() if value is not None}


def _followed(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    return values.get(node.id, node) if isinstance(node, ast.Name) else node


def _text(node: ast.expr | None, values: Mapping[str, ast.expr]) -> str | None:
    plain = _followed(node, values) if node is not None else None
    return plain.value if isinstance(plain, ast.Constant) and isinstance(plain.value, str) else None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
