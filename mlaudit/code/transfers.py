"""Uploads and downloads: what is written to a local file and then uploaded has the store's name too."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from mlaudit.code.naming import BUFFER
from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import same_artifact
from mlaudit.code.uses import Transfer
from mlaudit.model.lazy_dataclass import replace

MAX_NAMES = 12


def with_stored_names(uses: Iterable[ArtifactUse], transfers: Iterable[Transfer]) -> list[ArtifactUse]:
    """The uses, each with the names under which its file is uploaded or from which it was downloaded."""
    copies = list(transfers)
    described = [_extended(use, copies) for use in uses]
    bare = (_without_buffers(use) for use in (*described, *(copy.use for copy in copies if copy.remote)))
    return [use for use in bare if use.certain or use.names]


def _without_buffers(use: ArtifactUse) -> ArtifactUse:
    return replace(use, names=tuple(name for name in use.names if name.scope != BUFFER))


def _extended(use: ArtifactUse, copies: list[Transfer]) -> ArtifactUse:
    names = list(use.names)
    for copy in copies:
        if copy.uploads != (use.direction is Direction.WRITES) or not _is_near(use, copy.use):
            continue
        if any(_is_local_copy(name, local) for name in use.names for local in copy.local):
            names.extend(name for name in copy.remote if name not in names)
            names.extend(name for name in _in_runs(copy) if name not in names)
    return replace(use, names=tuple(names[:MAX_NAMES]))


def _in_runs(copy: Transfer) -> Iterator[ArtifactName]:
    """The paths that a file has in the folder of a run where it is logged, as those who download the folder open it."""
    for folder in copy.remote if copy.uploads else ():
        for local in copy.local:
            name = posixpath.basename(local.text)
            is_file = local.kind is NameKind.PATH and "." in name and "*" not in name
            if folder.kind is NameKind.REGISTRY and folder.scope == "mlflow" and folder.complete and is_file:
                yield replace(local, pieces=(f"{folder.text}/{name}",))


def _is_local_copy(name: ArtifactName, local: ArtifactName) -> bool:
    if name.kind is NameKind.HUB and local.kind is NameKind.PATH:
        # `folder/name` may be a repository of a hub; it is the folder where that is downloaded to.
        return name.pieces == local.pieces
    if name.kind is not NameKind.PATH or local.kind is not NameKind.PATH:
        return False
    if BUFFER in (name.scope, local.scope):
        return name.pieces == local.pieces
    same = same_artifact(name, local)
    # Inside one program a name that many artifacts have is still one file.
    if same > Sameness.DIFFERENT and posixpath.basename(name.text) == posixpath.basename(local.text):
        return True
    return same >= Sameness.LIKELY or _lies_in(name.text, local.text)


def _lies_in(path: str, folder: str) -> bool:
    """Whether a file is in a folder that is copied as a whole."""
    folder = folder.rstrip("/")
    return bool(folder) and folder not in (".", "*") and path.startswith(folder + "/")


def _is_near(use: ArtifactUse, other: ArtifactUse) -> bool:
    """Whether both belong to one program: the same module, or modules of their chains of callers."""
    return bool(use.files & other.files)
