"""Artifact uses as services see them: paths below mounted volumes, and variables that compose files and images set."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from mlaudit.code.nouns import ArtifactName, ArtifactUse, NameKind
from mlaudit.discovery.recipes import ImageRun
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern

_ADDRESS = lazy_pattern(r"([a-z][a-z0-9+]{0,20})://([^/]{1,200})/(.{1,400})")
_REGISTERED = lazy_pattern(r"[\w .-]{1,200}")
_BUCKET = lazy_pattern(r"[\w.-]{1,200}")
_PATH = lazy_pattern(r"[\w./ @+=-]{1,400}")


def mounted_uses(uses: Iterable[ArtifactUse], runs: Iterable[ImageRun]) -> Iterator[tuple[ArtifactUse, ArtifactUse]]:
    """The uses of an environment that a service names differently from its code does, each with the service's names."""
    services = tuple(runs)
    for use in uses:
        names = tuple(
            dict.fromkeys(
                name for run in services for artifact_name in use.names for name in _names(artifact_name, use, run)
            )
        )
        if names:
            yield use, replace(use, names=names, is_placed=True)


def _names(name: ArtifactName, use: ArtifactUse, run: ImageRun) -> Iterator[ArtifactName]:
    if name.bucket_variable and not name.scope:
        bucket = dict(run.settings).get(name.bucket_variable, "")
        if _BUCKET.fullmatch(bucket):
            yield replace(name, scope=bucket)
        return
    value = dict(run.settings).get(name.variable) if name.variable else None
    if value is not None and name.kind is NameKind.ENV and use.form == "mlflow" and _REGISTERED.fullmatch(value):
        yield replace(name, kind=NameKind.REGISTRY, pieces=(value,), scope="mlflow", at=run.at)
        return
    own = _of_value(value, name, run) if value is not None else name
    if own is None:
        return
    if own is not name:
        yield own
    if own.kind is NameKind.PATH:
        yield from _below_mounts(own, run)


def _of_value(value: str, name: ArtifactName, run: ImageRun) -> ArtifactName | None:
    """What a variable holds, as a name; None if it is neither path nor address."""
    address = _ADDRESS.fullmatch(value)
    if address is not None and address[1] not in ("http", "https", "file"):
        return replace(name, kind=NameKind.BUCKET, pieces=(address[3],), scope=address[2], at=run.at)
    if address is None and _PATH.fullmatch(value) and name.kind in (NameKind.PATH, NameKind.ENV):
        return replace(name, kind=NameKind.PATH, pieces=(value,), at=run.at)
    return None


def _below_mounts(name: ArtifactName, run: ImageRun) -> Iterator[ArtifactName]:
    """The innermost volume that holds a path, which tells services apart whose paths only look alike."""
    path = posixpath.normpath(posixpath.join(run.folder, name.text))
    if not path.startswith("/") or "*" in path:
        return
    holding = [mount for mount in run.mounts if path.startswith(f"{mount.target}/")]
    if holding:
        mount = max(holding, key=lambda mount: len(mount.target))
        inner = path.removeprefix(f"{mount.target}/")
        stored = posixpath.normpath(posixpath.join(mount.source, inner))
        yield replace(name, kind=NameKind.VOLUME, pieces=(stored,), scope=mount.scope)
