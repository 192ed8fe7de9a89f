"""Arguments of calls: which expression a parameter gets, and what it has where no call gives one."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mlaudit.code import hydra_config, pipeline_outputs
from mlaudit.code.source import Binding, NameScope, last_name
from mlaudit.code.values import UNKNOWN, Env, Frame, TableValue, Thunk, ValueReader, Values
from mlaudit.knowledge.artifact_calls import ArgumentChoice

_OPTION_MARKERS = frozenset(("Option", "Argument", "Field", "Query", "Form", "Body", "Depends", "Parameter", "field"))


def parameter_names(scope: NameScope) -> tuple[str, ...]:
    """The positional parameters of a function, `self` with them."""
    arguments = _arguments(scope)
    return tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))


def _arguments(scope: NameScope) -> ast.arguments:
    """The parameters of a scope that has some, which is a function."""
    arguments: ast.arguments = scope.node.args  # type: ignore[attr-defined]
    return arguments


def argument_of(reader: ValueReader, scope: NameScope, frame: Frame, name: str) -> ast.expr | None:
    """The expression that a call gives a parameter, None if it gives none or only running would show."""
    passed = {name}
    if decorator_names(scope) & pipeline_outputs.COMPONENTS:
        passed |= {pipeline_outputs.passed_name(argument) for argument in _arguments_named(scope, name)}
    for keyword in frame.call.keywords:
        if keyword.arg in passed:
            return keyword.value
    names = parameter_names(scope)
    bound = scope.owner is not None and "staticmethod" not in decorator_names(scope)
    position = names.index(name) - (1 if bound else 0) if name in names else len(frame.call.args)
    if 0 <= position < len(frame.call.args):
        before = frame.call.args[: position + 1]
        return None if any(isinstance(expression, ast.Starred) for expression in before) else before[-1]
    return unpacked_keyword(reader, frame.call, name, frame.env)


def keywords_of(frame: Frame | None, scope: NameScope) -> TableValue:
    """What `**kwargs` of a function holds for a call; nothing that is known without one."""
    if frame is None:
        return TableValue(items={}, open=frozenset({scope}))
    named = {keyword.arg: keyword.value for keyword in frame.call.keywords if keyword.arg is not None}
    return TableValue(items={name: Thunk(value, frame.env) for name, value in named.items()})


def _arguments_named(scope: NameScope, name: str) -> list[ast.arg]:
    arguments = _arguments(scope)
    return [argument for argument in (*arguments.args, *arguments.kwonlyargs) if argument.arg == name]


def unpacked_keyword(reader: ValueReader, call: ast.Call, name: str, env: Env) -> ast.expr | None:
    """The value of a keyword that comes from `**settings`."""
    for keyword in call.keywords:
        if keyword.arg is None:
            for table in reader.values(keyword.value, env):
                if isinstance(table, TableValue) and name in table.items:
                    return table.items[name].node
    return None


def chosen_argument(reader: ValueReader, call: ast.Call, choice: ArgumentChoice, env: Env) -> ast.expr | None:
    """The argument of a library call that a row of the table names."""
    for keyword in call.keywords:
        if keyword.arg in choice.keywords:
            return keyword.value
    if choice.position is not None and choice.position < len(call.args):
        before = call.args[: choice.position + 1]
        if not any(isinstance(expression, ast.Starred) for expression in before):
            return before[-1]
    expressions = (unpacked_keyword(reader, call, name, env) for name in choice.keywords)
    return next((node for node in expressions if node is not None), None)


def default_of(reader: ValueReader, binding: Binding, env: Env) -> Values:
    """What a parameter has where no call gives it: its default, an option, or what it is a handle of."""
    scope, argument = binding.scope, _parameter(binding)
    expression = _decorator_option(scope, argument.arg) or _inside_marker(_default(_arguments(scope), argument))
    if expression is not None:
        return reader.values(expression, env)
    composed = hydra_config.composed(reader, scope, env)
    if composed is not None:
        return (composed,)
    handle = pipeline_outputs.artifact_handle(scope, argument)
    if handle is not None:
        return (handle,)
    return reader.annotated(argument.annotation, env) if argument.annotation is not None else UNKNOWN


def _parameter(binding: Binding) -> ast.arg:
    """The parameter of a binding that is one."""
    parameter: ast.arg = binding.node  # type: ignore[assignment]
    return parameter


def _default(arguments: ast.arguments, argument: ast.arg) -> ast.expr | None:
    positional = [*arguments.posonlyargs, *arguments.args]
    if argument in positional:
        index = positional.index(argument) - (len(positional) - len(arguments.defaults))
        return arguments.defaults[index] if index >= 0 else None
    if argument in arguments.kwonlyargs:
        return arguments.kw_defaults[arguments.kwonlyargs.index(argument)]
    return None


def marker_default(node: ast.expr | None) -> tuple[ast.expr | None, bool]:
    """The default inside `typer.Option("x")`, `Field(default="x")`; whether the expression is such a marker."""
    if isinstance(node, ast.Call) and last_name(node.func) in _OPTION_MARKERS:
        for keyword in node.keywords:
            if keyword.arg == "default":
                return keyword.value, True
        return (node.args[0] if node.args else None), True
    return node, False


def _inside_marker(node: ast.expr | None) -> ast.expr | None:
    inner, _ = marker_default(node)
    return None if isinstance(inner, ast.Constant) and inner.value in (None, ...) else inner


def _decorator_option(scope: NameScope, name: str) -> ast.expr | None:
    """The default of `@click.option("--model-path", default="x")` for the parameter `model_path`."""
    for decorator in _decorators_of(scope):
        if not isinstance(decorator, ast.Call) or last_name(decorator.func) not in ("option", "argument"):
            continue
        words = [
            expression.value
            for expression in decorator.args
            if isinstance(expression, ast.Constant) and isinstance(expression.value, str)
        ]
        if any(word.lstrip("-").replace("-", "_").lower() == name.lower() for word in words):
            return next((keyword.value for keyword in decorator.keywords if keyword.arg == "default"), None)
    return None


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def decorator_names(scope: NameScope) -> frozenset[str]:
    """The last names of a function's or class's decorators."""
    return frozenset(last_name(_callee(decorator)) for decorator in _decorators_of(scope))


def _decorators_of(scope: NameScope) -> Sequence[ast.expr]:
    return getattr(scope.node, "decorator_list", ())
