"""Which model files of a tree the code of an environment loads, by the paths that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.handovers import PLAIN_FORMS
from mlaudit.discovery.model_files import is_loadable_model
from mlaudit.model.nouns import Place

MAX_LOADED = 50
"""Model files of one environment that are reported."""


ModelsByName = Mapping[str, Sequence[str]]
"""Paths of model files by the last part of their path."""


def models_by_name(uses: Iterable[ArtifactUse], paths: Collection[str]) -> ModelsByName:
    """The model files of a tree whose names calls that load something have; `paths` are all files of the tree."""
    loads = (use for use in uses if _loads_a_model(use))
    wanted = {posixpath.basename(name.text) for use in loads for name in use.names if name.kind is NameKind.PATH}
    by_name: dict[str, list[str]] = {}
    for path in paths if wanted else ():
        name = posixpath.basename(path)
        if name in wanted and is_loadable_model(path):
            by_name.setdefault(name, []).append(path)
    return by_name


def loaded_models(scope: CodeScope, uses: Iterable[ArtifactUse], models: ModelsByName) -> dict[str, Place]:
    """The model files of a tree that calls in a scope name, each with the first call."""
    places: dict[str, Place] = {}
    for use in uses if models else ():
        if _loads_a_model(use) and scope.holds(use):
            for path in _named(use, models):
                places.setdefault(path, use.at)
    return dict(list(places.items())[:MAX_LOADED])


def _loads_a_model(use: ArtifactUse) -> bool:
    return use.direction is Direction.READS and use.form not in PLAIN_FORMS and use.form != "bytes"


def _named(use: ArtifactUse, by_name: ModelsByName) -> Iterator[str]:
    for name in use.names:
        if name.kind is NameKind.PATH:
            path = _file(name, use.at.path, by_name.get(posixpath.basename(name.text), ()))
            if path is not None:
                yield path


def _file(name: ArtifactName, module: str, candidates: Sequence[str]) -> str | None:
    """The file that a name means: seen from the folders around the module, else the only one with its known end."""
    if not candidates:
        return None
    if name.complete:
        for folder in _around(module):
            path = posixpath.normpath(posixpath.join(folder, name.text))
            if path in candidates:
                return path
    end = name.text.rpartition("*")[2].lstrip("/") if not name.complete else name.text.lstrip("./")
    for start in range(end.count("/") or 1):
        # An image has folders around its application that the tree does not have.
        rest = "/".join(end.split("/")[start:])
        fitting = [path for path in candidates if f"/{path}".endswith(f"/{rest}")]
        near = [path for path in fitting if any(path == posixpath.join(around, rest) for around in _around(module))]
        if len(near) == 1 or len(fitting) == 1:
            return (near or fitting)[0]
        if fitting or not name.text.startswith("/"):
            return None
    return None


def _around(path: str) -> Iterator[str]:
    """The folders around a path, the innermost first, the root last."""
    while path:
        path = posixpath.dirname(path)
        yield path
