"""What tasks of Airflow hand over by XCom: `ti.xcom_pull(task_ids="train")` is what the function of that task gives.

https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/xcoms.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.source import CallPlace
from mlaudit.code.values import CodeValue, Env, Frame, Value, ValueReader, Values

PULL, PUSH = "xcom_pull", "xcom_push"
MAX_CALLS = 2_000
"""Calls of one module among which the task is looked for."""
_WITH_FUNCTION = "python_callable"
_RETURNED = "return_value"


def pulled(reader: ValueReader, call: ast.Call, env: Env) -> Values | None:
    """The value that another task of the same module pushed or returned; None if it is not known."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    names = given.get("task_ids", call.args[0] if call.args else None)
    key = given.get("key")
    wanted = reader.texts(key, env)[0].known if key is not None else _RETURNED
    places = env.scope.source.calls[:MAX_CALLS]
    if wanted != _RETURNED:
        values = [value for place in places for value in _pushed(reader, place, wanted)]
    else:
        task = reader.texts(names, env)[0].known if names is not None else None
        values = [value for place in places for value in _given(reader, place, task, env)] if task else []
    return tuple(values) or None


def _pushed(reader: ValueReader, place: CallPlace, key: str | None) -> Iterator[Value]:
    if not isinstance(place.call.func, ast.Attribute) or place.call.func.attr != PUSH or key is None:
        return
    given = {keyword.arg: keyword.value for keyword in place.call.keywords}
    named = given.get("key", place.call.args[0] if place.call.args else None)
    value = given.get("value", place.call.args[1] if len(place.call.args) > 1 else None)
    here = Env(place.scope, place.point)
    if named is not None and value is not None and reader.texts(named, here)[0].known == key:
        yield from reader.values(value, here)


def _given(reader: ValueReader, place: CallPlace, task: str, env: Env) -> Iterator[Value]:
    """What the function of a task returns."""
    given = {keyword.arg: keyword.value for keyword in place.call.keywords}
    named, function = given.get("task_id"), given.get(_WITH_FUNCTION)
    here = Env(place.scope, place.point)
    if named is None or function is None or reader.texts(named, here)[0].known != task:
        return
    for value in reader.values(function, here):
        if isinstance(value, CodeValue) and value.scope.kind == "function":
            bare = ast.Call(func=function, args=[], keywords=[])
            yield from reader.returned(value.scope, Frame(bare, here, None), env)
