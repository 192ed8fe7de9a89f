"""Artifacts that the components of a Kubeflow pipeline hand over: `model: Output[Model]`, `train_op.outputs["model"]`.

https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html
"""

from __future__ import annotations

import ast

from mlaudit.code.nouns import ArtifactName, NameKind
from mlaudit.code.source import NameScope, last_name
from mlaudit.code.values import UNKNOWN, NamedValue, ObjectValue, UnknownValue, Values
from mlaudit.model.nouns import Place

COMPONENTS = frozenset(("component", "container_component"))
"""Decorators of components."""
COMPONENT_CALL = "kfp component()"
"""The name of what a call of a component gives."""
OUTPUTS = COMPONENT_CALL + ".outputs"

_WRITTEN = frozenset(("Output", "OutputPath"))
_READ = frozenset(("Input", "InputPath"))


def artifact_handle(scope: NameScope, argument: ast.arg) -> UnknownValue | None:
    """What a parameter is a handle of, by its annotation; its path is known to the pipeline alone."""
    if _type_word(argument.annotation) not in _WRITTEN | _READ:
        return None
    return UnknownValue(origins=(_name(scope, argument),))


def member_of_component(base: ObjectValue, name: str) -> Values:
    """`op.outputs`, and `op.output` of a component that has one."""
    written = _outputs(base.made_by) if base.made_by is not None else []
    if name == "output" and base.made_by is not None and len(written) == 1:
        return (UnknownValue(origins=(_name(base.made_by, written[0]),)),)
    # `op.outputs` has this name too; `op.after(...)` and `op.set_display_name(...)` give the task itself.
    return (NamedValue(name=f"{COMPONENT_CALL}.{name}", receiver=base),)


def output_named(outputs: NamedValue, key: str) -> Values:
    """`op.outputs["model"]`."""
    component = outputs.receiver.made_by if isinstance(outputs.receiver, ObjectValue) else None
    for argument in _outputs(component) if component is not None else []:
        if component is not None and passed_name(argument) == key:
            return (UnknownValue(origins=(_name(component, argument),)),)
    return UNKNOWN


def passed_name(argument: ast.arg) -> str:
    """What a pipeline calls a parameter: of a path it leaves out the ending.

    https://kubeflow-pipelines.readthedocs.io/en/sdk-1.8.22/source/kfp.components.html#kfp.components.InputPath
    """
    is_path = _type_word(argument.annotation) in ("InputPath", "OutputPath")
    return argument.arg.removesuffix("_path").removesuffix("_file") if is_path else argument.arg


def _outputs(scope: NameScope) -> list[ast.arg]:
    arguments: ast.arguments = scope.node.args  # type: ignore[attr-defined]
    return [
        argument for argument in (*arguments.args, *arguments.kwonlyargs) if _type_word(argument.annotation) in _WRITTEN
    ]


def _name(scope: NameScope, argument: ast.arg) -> ArtifactName:
    source = scope.source
    return ArtifactName(
        kind=NameKind.REGISTRY,
        pieces=(passed_name(argument),),
        scope=f"kfp:{source.path}:{scope.name}",
        at=Place(path=source.path, line=source.line(argument.lineno), column=argument.col_offset + 1),
        certain=False,
    )


def _type_word(annotation: ast.expr | None) -> str:
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    elif isinstance(annotation, ast.Call):
        annotation = annotation.func
    return last_name(annotation)
