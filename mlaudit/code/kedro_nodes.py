"""What nodes of a Kedro pipeline read and write: datasets of the catalog by their names.

https://docs.kedro.org/en/stable/data/data_catalog_yaml_examples.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.forms import stored_kinds
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.code.source import CallPlace, ModuleSource, last_name
from mlaudit.code.values import END, CodeValue, Env, Frame, NamedValue, ObjectValue, TableValue
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.model.nouns import Place

CATALOGS = ("conf/base/catalog.yml", "conf/base/catalog.yaml", "conf/local/catalog.yml")
MAX_NODES = 500
"""Nodes of one module."""
MAX_DATASETS = 30
"""Datasets of one node."""

_NODES = ("node", "Node")


def node_uses(evaluator: ValueEvaluator, source: ModuleSource) -> Iterator[ArtifactUse]:
    """The datasets that nodes of a module read and write, those that the catalog stores."""
    places = [place for place in source.calls if last_name(place.call.func) in _NODES][:MAX_NODES]
    catalog = _catalog(evaluator, source) if places else {}
    for place in places if catalog else ():
        given = {keyword.arg: keyword.value for keyword in place.call.keywords}
        function, inputs, outputs = (
            given.get(word, place.call.args[number] if number < len(place.call.args) else None)
            for number, word in enumerate(("func", "inputs", "outputs"))
        )
        types = _returned_types(evaluator, place, function)
        for node, direction in ((inputs, Direction.READS), (outputs, Direction.WRITES)):
            for name, word in _names(node)[:MAX_DATASETS]:
                stored = catalog.get(word)
                if stored is not None:
                    yield _use(place, name, stored, direction, types)


def _use(
    place: CallPlace, name: ast.Constant, stored: tuple[str, str], direction: Direction, types: tuple[str, ...]
) -> ArtifactUse:
    form, path = stored
    source = place.scope.source
    at = Place(path=source.path, line=source.line(name.lineno), column=name.col_offset + 1)
    return ArtifactUse(
        at=at,
        direction=direction,
        form=form,
        call="kedro.pipeline.node",
        library="kedro",
        holds=stored_kinds(form, types) if direction is Direction.WRITES else (),
        names=(ArtifactName(kind=NameKind.PATH, pieces=(path,), at=at),),
        function=place.scope.qualified_name,
    )


def _catalog(evaluator: ValueEvaluator, source: ModuleSource) -> dict[str, tuple[str, str]]:
    """Form and path of every dataset that is stored in a file; those of later catalogs win."""
    env = Env(source.top, END)
    forms = artifact_calls().datasets
    data_sets: dict[str, tuple[str, str]] = {}
    for path in CATALOGS:
        table = evaluator.loaded_data(path, env)
        for name, thunk in table.items.items() if isinstance(table, TableValue) else ():
            entry = next(iter(evaluator.forced(thunk)))
            if not isinstance(entry, TableValue):
                continue
            kind, file, backend = (_text(evaluator, entry, key) for key in ("type", "filepath", "backend"))
            last = kind.rpartition(".")[2].replace("DataSet", "Dataset")
            form = forms.get(f"{last}:{backend}" if backend else last)
            if form is not None and file:
                data_sets[name] = (form, file)
    return data_sets


def _text(evaluator: ValueEvaluator, entry: TableValue, key: str) -> str:
    thunk = entry.items.get(key)
    value = next(iter(evaluator.forced(thunk))) if thunk is not None else None
    return getattr(value, "known", None) or ""


def _returned_types(evaluator: ValueEvaluator, place: CallPlace, function: ast.expr | None) -> tuple[str, ...]:
    evaluator.renew()
    here = Env(place.scope, place.point)
    values = evaluator.values(function, here) if function is not None else ()
    scopes = [value.scope for value in values if isinstance(value, CodeValue)]
    frame = Frame(place.call, here)
    given = [value for scope in scopes for value in evaluator.returned(scope, frame, here)]
    return tuple(value.name for value in given if isinstance(value, (NamedValue, ObjectValue)))


def _names(node: ast.expr | None) -> list[tuple[ast.Constant, str]]:
    """The literal names in a text, a list or the values of a table."""
    members: list[ast.expr] = [] if node is None else [node]
    if isinstance(node, ast.Dict):
        members = node.values
    elif isinstance(node, (ast.List, ast.Tuple)):
        members = node.elts
    return [
        (member, member.value)
        for member in members
        if isinstance(member, ast.Constant) and isinstance(member.value, str)
    ]
