"""What a pipeline's steps hand over without a call: annotations of ZenML's steps, attributes of Metaflow's flows.

https://docs.zenml.io/concepts/artifacts
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.arguments import decorator_names
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.forms import stored_kinds
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.code.source import Binding, NameScope, last_name
from mlaudit.code.values import END, Env, NamedValue, ObjectValue
from mlaudit.model.nouns import Place

MAX_OUTPUTS = 30
_OWN_ENVIRONMENTS = frozenset(("pypi", "conda"))
"""Decorators that give a step of Metaflow an environment of its own."""


def step_outputs(evaluator: ValueEvaluator, scope: NameScope) -> Iterator[ArtifactUse]:
    """The named outputs of a function that is a step of a ZenML pipeline."""
    node = scope.node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.returns is None:
        return
    env = Env(scope.outer, scope.point)
    for kind, name in _named_types(node.returns):
        known = evaluator.texts(name, env)[0]
        if known.known is None:
            continue
        place = Place(path=scope.source.path, line=scope.source.line(name.lineno), column=name.col_offset + 1)
        at = Place(path=scope.source.path, line=scope.source.line(kind.lineno), column=kind.col_offset + 1)
        types = [value.name for value in evaluator.values(kind, env) if isinstance(value, NamedValue)]
        yield ArtifactUse(
            at=at,
            direction=Direction.WRITES,
            form="zenml",
            call="zenml.step",
            library="zenml",
            holds=stored_kinds("zenml", types),
            names=(ArtifactName(kind=NameKind.REGISTRY, pieces=known.pieces, scope="zenml", at=place),),
            function=scope.qualified_name,
        )


def kept_by_flow(evaluator: ValueEvaluator, scope: NameScope) -> Iterator[ArtifactUse]:
    """A flow of Metaflow: what its steps set on `self` is pickled under the flow's name.

    https://docs.metaflow.org/metaflow/basics#artifacts
    """
    outside: list[str] = []
    evaluator.class_line(scope, outside)
    if "metaflow.FlowSpec" not in outside or not scope.attributes:
        return
    place = Place(path=scope.source.path, line=scope.source.line(scope.point.line))
    yield ArtifactUse(
        at=place,
        direction=Direction.WRITES,
        form="python.pickle",
        call="metaflow.FlowSpec",
        library="metaflow",
        names=(ArtifactName(kind=NameKind.REGISTRY, pieces=(scope.name,), scope="metaflow", at=place),),
        function=scope.qualified_name,
    )


def kept_between_steps(evaluator: ValueEvaluator, scope: NameScope) -> Iterator[ArtifactUse]:
    """What steps of a flow with environments of their own hand over on `self`.

    https://docs.metaflow.org/scaling/dependencies/libraries
    """
    methods = [
        name_scope for name_scope in scope.source.scopes if name_scope.parent is scope and name_scope.kind == "function"
    ]
    if not any(decorator_names(name_scope) & _OWN_ENVIRONMENTS for name_scope in methods):
        return
    writers: dict[str, dict[str, Binding]] = {}
    for name, bindings in scope.attributes.items():
        writers[name] = {written.scope.name: written for written in bindings if isinstance(written.node, ast.expr)}
    read = {name_scope.name: list(_read_attributes(name_scope)) for name_scope in methods}
    handed = {
        (method, node.attr)
        for method, nodes in read.items()
        for node in nodes
        if node.attr in writers and method not in writers[node.attr] and writers[node.attr]
    }
    for name in sorted({name for _, name in handed}):
        for binding in writers[name].values():
            yield _handed(evaluator, scope, name, binding.node, binding.scope, Direction.WRITES)
    for method in methods:
        first = {node.attr: node for node in reversed(read[method.name]) if (method.name, node.attr) in handed}
        for name, node in sorted(first.items()):
            yield _handed(evaluator, scope, name, node, method, Direction.READS)


def _read_attributes(method: NameScope) -> Iterator[ast.Attribute]:
    for node in ast.walk(method.node):
        is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        if is_own and isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node


def _handed(
    evaluator: ValueEvaluator, flow: NameScope, name: str, node: ast.AST, method: NameScope, direction: Direction
) -> ArtifactUse:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    place = Place(path=flow.source.path, line=flow.source.line(line), column=column + 1)
    evaluator.renew()
    writes = direction is Direction.WRITES and isinstance(node, ast.expr)
    values = evaluator.values(node, Env(method, END)) if writes and isinstance(node, ast.expr) else ()
    types = [value.name for value in values if isinstance(value, (NamedValue, ObjectValue))]
    artifact = ArtifactName(
        kind=NameKind.REGISTRY, pieces=(name,), scope=f"flow:{flow.source.path}:{flow.name}", at=place
    )
    return ArtifactUse(
        at=place,
        direction=direction,
        form="python.pickle",
        call="metaflow.FlowSpec",
        library="metaflow",
        holds=stored_kinds("python.pickle", types),
        names=(artifact,),
        function=f"{flow.name}.{method.name}",
    )


def _named_types(annotation: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The type and the name of every `Annotated[...]` in an annotation."""
    for node in list(ast.walk(annotation))[: MAX_OUTPUTS * 10]:
        if (
            not isinstance(node, ast.Subscript)
            or last_name(node.value) != "Annotated"
            or not isinstance(node.slice, ast.Tuple)
        ):
            continue
        kind, *rest = node.slice.elts
        for part in rest:
            name = part
            if isinstance(part, ast.Call):
                given = [keyword.value for keyword in part.keywords if keyword.arg == "name"]
                name = given[0] if given else next(iter(part.args), part)
            if not isinstance(name, ast.Call):
                yield kind, name
