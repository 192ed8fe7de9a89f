"""What model servers are configured to read: the `storageUri` of KServe and the model repositories of Triton.

https://kserve.github.io/website/docs/model-serving/storage/overview,
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.converting_commands import option_of
from mlaudit.discovery.recipes import AuditedTree, ImageRun, Mount, RecipePart
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.lines import line_at
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.descriptors import values_under
from mlaudit.grammars.manifests import Manifests
from mlaudit.knowledge.schema import checked, words_of
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

SERVED_MODEL = "config.pbtxt"
"""The name of the file by which Triton knows a model; it is beside the model and is not one."""
MAX_MODELS = 500
"""Models of Triton in one tree that are looked at."""

MOUNTED = "service "
"""What the call of a service begins with that loads what it mounts."""

_ADDRESS = lazy_pattern(r"(gs|s3|pvc)://([\w.-]{1,200})/([^?#\s$]{1,400})")
_FIELD = lazy_pattern(
    r'(?m)^[ \t]{0,64}(platform|backend|default_model_filename)[ \t]{0,8}:[ \t]{0,8}"([\w.+-]{1,100})"'
)
_TRITON = "tritonserver"


def stored_uses(part: RecipePart, tree: AuditedTree) -> Iterator[ArtifactUse]:
    """The models that an InferenceService loads from a bucket."""
    if part.format != "kserve":
        return
    document = tree.document(part.path)
    with document_budget():
        try:
            manifests = Manifests(document) if document is not None else None
            for table in manifests.tables() if manifests is not None else ():
                if part.name and table.dig("metadata", "name").value != part.name:
                    continue
                for node in values_under(table.get("spec"), "storageUri"):
                    address = _ADDRESS.fullmatch(node.text()) if node.is_text else None
                    if address is not None and manifests is not None:
                        yield _of_address(address[2], address[3].rstrip("/"), manifests.at(node))
        except (Unreadable, Malformed, BudgetExceeded):
            # The parser of the format shows what is wrong with it.
            return


def _of_address(bucket: str, key: str, at: Place) -> ArtifactUse:
    """A read of a file, or of whatever is in a folder."""
    name = ArtifactName(kind=NameKind.BUCKET, pieces=(key,), scope=bucket, at=at)
    inside = ArtifactName(kind=NameKind.BUCKET, pieces=(f"{key}/", None), scope=bucket, at=at)
    names = (name,) if posixpath.splitext(key)[1] else (name, inside)
    return ArtifactUse(at=at, direction=Direction.READS, form="bytes", call="storageUri", names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model of a repository of Triton: the folder of that, and the read of the model, or the code that serves it."""

    repository: str
    use: ArtifactUse | None = None
    code: tuple[str, ...] = ()


def triton_models(tree: AuditedTree) -> tuple[ServedModel, ...]:
    """The models whose configuration shows what Triton reads."""
    models: list[ServedModel] = []
    for path in tree.paths:
        if posixpath.basename(path) == SERVED_MODEL and len(models) < MAX_MODELS:
            model = _of_configuration(path, tree)
            models += [model] if model is not None else []
    return tuple(models)


def triton_served(part: RecipePart, parts: Sequence[RecipePart], models: Sequence[ServedModel]) -> list[ServedModel]:
    """The models that a server with Triton holds, or that the only such server is for."""
    if not _is_triton(part):
        return []
    holding = [model for model in models if _holds(part, model.repository)]
    others = [recipe_part for recipe_part in parts if recipe_part is not part and _is_triton(recipe_part)]
    repositories = {model.repository for model in models}
    return holding or (list(models) if not others and len(repositories) == 1 else [])


def mounted_models(part: RecipePart, tree: AuditedTree) -> Iterator[ArtifactUse]:
    """The models that a service has a server of models load from what it mounts."""
    rows = [row for name in part.packages if (row := _servers().get(posixpath.basename(name))) is not None]
    for run in part.runs if rows else ():
        row = rows[0]
        folder = _setting(run, row["folder-set-by"]) or f"/{row['folder']}"
        model = _setting(run, row["model-set-by"]) or str(row["model"])
        name = model.rpartition("=")[2]
        inside = [name] if name and name != "all" else []
        place = posixpath.normpath(posixpath.join(folder, *inside))
        stored = _stored(place, run)
        if stored is None:
            continue
        mount, path = stored
        paths = [f"{path}/{version}" for version in _versions(path, tree)] if row["versions"] else [path]
        kind, scope = (NameKind.PATH, "") if mount.scope == "tree" else (NameKind.VOLUME, mount.scope)
        files = row.get("files")
        paths += [f"{path}/{file}" for file in files] if isinstance(files, list) else []
        names = tuple(ArtifactName(kind=kind, pieces=(piece,), scope=scope, at=run.at) for piece in (*paths, path))
        yield ArtifactUse(
            at=run.at,
            direction=Direction.READS,
            form=str(row["form"]),
            call=f"{MOUNTED}{run.name}",
            names=tuple(dict.fromkeys(names)),
        )


def _setting(run: ImageRun, names: object) -> str:
    """What the variables of a service, or the options of its command, set; the first of their names."""
    words = (*(run.entrypoint or ()), *(run.command or ()))
    for name in names if isinstance(names, list) else ():
        for variable, value in run.settings:
            if variable == name:
                return value
        value = option_of(words, str(name))
        if value:
            return value
    return ""


def _stored(place: str, run: ImageRun) -> tuple[Mount, str] | None:
    """The innermost mount that holds a path of a service, and where the path is kept."""
    holding = [mount for mount in run.mounts if f"{place}/".startswith(f"{mount.target}/")]
    if not holding:
        return None
    mount = max(holding, key=lambda mount: len(mount.target))
    return mount, posixpath.normpath(posixpath.join(mount.source, f"{place}/".removeprefix(f"{mount.target}/")))


def _is_triton(part: RecipePart) -> bool:
    images = {posixpath.basename(name) for name in part.packages}
    return _TRITON in images or any(
        posixpath.basename(command.words[0]) == _TRITON for command in part.commands if command.words
    )


def _holds(part: RecipePart, repository: str) -> bool:
    mounted = [mount.source for run in part.runs for mount in run.mounts if mount.scope == "tree"]
    return any(
        mounted_path != "." and f"{repository}/".startswith(f"{mounted_path}/")
        for mounted_path in (*mounted, *(part.copies or ()))
    )


def _of_configuration(path: str, tree: AuditedTree) -> ServedModel | None:
    text = tree.text(path)
    if text is None:
        return None
    fields = {field[1]: field for field in _FIELD.finditer(text)}
    kind = fields.get("platform") or fields.get("backend")
    row = _triton_reads().get(kind[2]) if kind is not None else None
    folder = posixpath.dirname(path)
    if kind is None or row is None or "/" not in folder:
        return None
    named = fields.get("default_model_filename")
    file = named[2] if named is not None else row["file"]
    at = Place(path=path, line=line_at(text, kind.start(1)))
    if kind[2] == "python":
        code = tuple(f"{folder}/{version}/{file}" for version in _versions(folder, tree))
        return ServedModel(
            repository=posixpath.dirname(folder), code=tuple(path for path in code if path in tree.paths)
        )
    names = tuple(
        ArtifactName(kind=NameKind.PATH, pieces=(f"{folder}/{version}/{file}",), at=at)
        for version in _versions(folder, tree)
    )
    use = ArtifactUse(at=at, direction=Direction.READS, form=row["form"], call=_TRITON, names=names)
    return ServedModel(repository=posixpath.dirname(folder), use=use)


def _versions(folder: str, tree: AuditedTree) -> list[str]:
    """The folders of versions, 1 where the tree has none: what code writes there is seldom kept in it."""
    inner = {path[len(folder) + 1 :].partition("/")[0] for path in tree.paths if path.startswith(f"{folder}/")}
    return sorted(name for name in inner if name.isdigit()) or ["1"]


@lru_cache(maxsize=1)
def _triton_reads() -> Mapping[str, Mapping[str, str]]:
    def reads(root: Node) -> Mapping[str, Mapping[str, str]]:
        return {name: words_of(row) for name, row in root.dig("triton", "reads").items()}

    return checked("serving_runtimes.toml", reads)


@lru_cache(maxsize=1)
def _servers() -> Mapping[str, Mapping[str, object]]:
    def rows(root: Node) -> Mapping[str, Mapping[str, object]]:
        return {
            name: {key: node.value for key, node in row.items()} for name, row in root.dig("servers", "images").items()
        }

    return checked("serving_runtimes.toml", rows)
