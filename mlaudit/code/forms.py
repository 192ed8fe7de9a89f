"""The form in which a call stores an artifact, and the kinds of objects that the code shows inside."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mlaudit.code.arguments import chosen_argument
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.nouns import ArtifactName
from mlaudit.code.values import Env, ListValue, NamedValue, ObjectValue, TableValue, Value
from mlaudit.knowledge.artifact_calls import ArgumentChoice, ArtifactCall, PickledPackage, artifact_calls

MAX_MEMBERS = 12


def stored_form(
    evaluator: ValueEvaluator,
    row: ArtifactCall,
    call: ast.Call,
    env: Env,
    names: Iterable[ArtifactName],
    types: Iterable[str],
) -> str:
    """The form by an argument, by the class of the object, by the end of the name, else the row's own."""
    for setting, value, form in row.by_setting:
        if argument_text(evaluator, call, setting, env) == value:
            return form
    for end, form in row.by_object:
        if any(end in name for name in types):
            return form
    known = [name.pieces[-1].rstrip("/").lower() for name in names if name.pieces and name.pieces[-1] is not None]
    return _form_of_suffix(row, known) or row.form


def _form_of_suffix(row: ArtifactCall, names: list[str]) -> str | None:
    """The form by the end of a name, the first that shows it."""
    for name in names:
        for suffix, form in row.suffixes:
            if name.endswith(suffix):
                return form
    if any("." not in name.rpartition("/")[2] for name in names):
        return dict(row.suffixes).get("no suffix")
    return None


def argument_text(evaluator: ValueEvaluator, call: ast.Call, keyword: str, env: Env) -> str | None:
    """The text of a keyword as the source has it, `True` and `None` as such; None if there is none."""
    node = next((given.value for given in call.keywords if given.arg == keyword), None)
    return None if node is None else _text_of(evaluator, node, env)


def _text_of(evaluator: ValueEvaluator, node: ast.expr, env: Env) -> str:
    known = evaluator.texts(node, env)[0].known
    return known if known is not None else _source_text(node)


def _source_text(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:80]
    except RecursionError:
        return "..."


def call_settings(
    evaluator: ValueEvaluator, row: ArtifactCall, call: ast.Call, env: Env
) -> tuple[tuple[str, str], ...]:
    """The arguments of a call that condition what it does."""
    return tuple(_given(evaluator, row.settings, call, env))


def _given(
    evaluator: ValueEvaluator, settings: Iterable[ArgumentChoice], call: ast.Call, env: Env
) -> Iterator[tuple[str, str]]:
    for choice in settings:
        node = chosen_argument(evaluator, call, choice, env)
        if node is not None:
            yield choice.keywords[0], _text_of(evaluator, node, env)


def maker_settings(
    evaluator: ValueEvaluator, row: ArtifactCall, call: ast.Call, function: Value, env: Env
) -> tuple[tuple[str, str], ...]:
    """The arguments of the calls that made what is written, each behind the name of its library."""
    settings: dict[str, str] = {}
    for value in _written_values(evaluator, row, call, function, env):
        for object_value in _line_of(value):
            makers = artifact_calls().makers if object_value.call is not None else ()
            name = object_value.name.removesuffix("()")
            for maker in makers:
                if name in maker.calls and object_value.call is not None:
                    library = name.partition(".")[0]
                    given = _given(evaluator, maker.settings, object_value.call, object_value.env)
                    settings.update((f"{library}.{setting}", text) for setting, text in given)
    return tuple(settings.items())


def _line_of(value: Value) -> Iterator[ObjectValue]:
    """An object and those whose methods made it: `to_onnx(...)` of `to_onnx(...).SerializeToString()`."""
    inner: Value | None = value
    for _ in range(MAX_MEMBERS):
        if isinstance(inner, ObjectValue):
            yield inner
        inner = getattr(inner, "receiver", None)


def object_types(
    evaluator: ValueEvaluator, row: ArtifactCall, call: ast.Call, function: Value, env: Env
) -> tuple[str, ...]:
    """The full names of the classes of what is written, members of tuples and tables with them."""
    values = _written_values(evaluator, row, call, function, env)
    return tuple(dict.fromkeys(name for value in values for name in _types(evaluator, value)))


def _written_values(
    evaluator: ValueEvaluator, row: ArtifactCall, call: ast.Call, function: Value, env: Env
) -> Iterator[Value]:
    for choice in row.object:
        if choice.of_receiver:
            receiver = getattr(function, "receiver", None)
            yield from (receiver,) if receiver is not None else ()
        else:
            node = chosen_argument(evaluator, call, choice, env)
            yield from evaluator.values(node, env) if node is not None else ()


def _types(evaluator: ValueEvaluator, value: Value, depth: int = 0) -> Iterator[str]:
    if isinstance(value, ObjectValue):
        yield from _class_names(evaluator, value)
    elif isinstance(value, NamedValue):
        yield value.name
    elif isinstance(value, (ListValue, TableValue)) and depth < 3:
        thunks = value.items.values() if isinstance(value, TableValue) else value.items
        for thunk in list(thunks)[:MAX_MEMBERS]:
            for member in evaluator.forced(thunk):
                yield from _types(evaluator, member, depth + 1)


def _class_names(evaluator: ValueEvaluator, value: ObjectValue) -> Iterator[str]:
    """The class; of one of the repository also what it inherits from elsewhere."""
    if value.made_by is None:
        yield value.name
        yield from _arguments(evaluator, value)
        return
    outside: list[str] = []
    evaluator.class_line(value.made_by, outside)
    yield from outside or (value.name,)


def _arguments(evaluator: ValueEvaluator, value: ObjectValue) -> Iterator[str]:
    """What a pipeline is made of: `Pipeline([("scale", StandardScaler()), ("model", XGBClassifier())])`."""
    if value.call is None:
        return
    words = (*value.call.args[:4], *(keyword.value for keyword in value.call.keywords[:8]))
    for node in words:
        for part in list(ast.walk(node))[:60]:
            if isinstance(part, (ast.Call, ast.Name)):
                for inner in evaluator.values(part, value.env):
                    if isinstance(inner, ObjectValue) and inner.made_by is None:
                        yield inner.name


def stored_kinds(form: str, types: Iterable[str]) -> tuple[str, ...]:
    """The kinds of `kinds.toml` of objects of these classes, stored in a form."""
    kinds: list[str] = []
    for name in types:
        package = _pickled_packages().get(name.partition(".")[0])
        kind = package.kinds.get(form) if package is not None else None
        if kind is not None and kind not in kinds:
            kinds.append(kind)
    return tuple(kinds)


@lru_cache(maxsize=1)
def _pickled_packages() -> dict[str, PickledPackage]:
    return {word: package for package in artifact_calls().pickled for word in package.imports}
