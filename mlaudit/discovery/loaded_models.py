"""Which model files of a tree the code of an environment loads, by the paths that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.crossings import PLAIN_FORMS
from mlaudit.discovery.model_files import is_loadable_model
from mlaudit.model.nouns import Place

MAX_LOADED = 50
"""Model files of one environment that are told."""


def loaded_models(scope: CodeScope, uses: Iterable[ArtifactUse], paths: Collection[str]) -> dict[str, Place]:
    """The model files of a tree that calls in a scope name, each with the first call.

    Args:
        paths: of every file of the tree.
    """
    by_name: dict[str, list[str]] = {}
    for path in paths:
        if is_loadable_model(path):
            by_name.setdefault(posixpath.basename(path), []).append(path)
    found: dict[str, Place] = {}
    for use in uses:
        is_model = use.form not in PLAIN_FORMS and use.form != "bytes"
        if use.direction is Direction.READS and is_model and scope.holds(use):
            for path in _named(use, by_name):
                found.setdefault(path, use.at)
    return dict(list(found.items())[:MAX_LOADED])


def _named(use: ArtifactUse, by_name: Mapping[str, Sequence[str]]) -> Iterator[str]:
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
        near = [path for path in fitting if any(path == posixpath.join(one, rest) for one in _around(module))]
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
