"""What a pipeline's steps hand over without a call: annotations of ZenML's steps, attributes of Metaflow's flows.

https://docs.zenml.io/concepts/artifacts
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.forms import held_kinds
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.code.source import NameScope
from mlaudit.code.values import Env, NamedValue
from mlaudit.model.nouns import Place

MAX_OUTPUTS = 30


def step_outputs(evaluator: ValueEvaluator, scope: NameScope) -> Iterator[ArtifactUse]:
    """The named outputs of a function that is a step of a ZenML pipeline."""
    node = scope.node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.returns is None:
        return
    env = Env(scope.parent or scope, scope.point)
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
            holds=held_kinds("zenml", types),
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


def _named_types(annotation: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The type and the name of every `Annotated[...]` in an annotation."""
    for node in list(ast.walk(annotation))[: MAX_OUTPUTS * 10]:
        if (
            not isinstance(node, ast.Subscript)
            or _word(node.value) != "Annotated"
            or not isinstance(node.slice, ast.Tuple)
        ):
            continue
        kind, *rest = node.slice.elts
        for part in rest:
            name = part
            if isinstance(part, ast.Call):
                given = [one.value for one in part.keywords if one.arg == "name"]
                name = given[0] if given else next(iter(part.args), part)
            if not isinstance(name, ast.Call):
                yield kind, name


def _word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
