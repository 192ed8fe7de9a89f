"""Artifact uses that no code states: models copied into images, models of servers, files that pipelines move."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.recipes import AuditedTree, RecipePart
from mlaudit.document.budget import document_budget
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

_RUNTIMES = {
    "sklearn": ("joblib", "model.joblib"),
    "xgboost": ("xgboost.json", "model.bst"),
    "lightgbm": ("lightgbm.text", "model.bst"),
    "catboost": ("catboost.cbm", "model.cbm"),
}
"""Of MLServer's runtimes: form and usual file name (https://mlserver.readthedocs.io/en/latest/runtimes/)."""
_NO_MODEL = lazy_pattern(
    r"\.(?:py|txt|toml|lock|ya?ml|json|md|sh|cfg|ini|in|env|html|css|js|sql|rst|whl|conf|crt|pem|ipynb)$|(?:^|/)\.[^/]*$"
    r"|(?:^|/)(?:Pipfile|Makefile|LICENSE|Dockerfile)[^/]*$|[*?]"
)


def copied_uses(part: RecipePart, tree: AuditedTree) -> Iterator[ArtifactUse]:
    """What an image holds besides code: a model that its COPY names is read there."""
    places = {observation.at.path: observation.at for observation in part.evidence}
    at = next(iter(places.values()), Place(path=part.path))
    for path in part.copies or ():
        if path == "." or _NO_MODEL.search(path) or _is_code(path, tree):
            continue
        yield _use(Direction.READS, "bytes", Place(path=part.path, line=at.line), path, "COPY")


def _is_code(path: str, tree: AuditedTree) -> bool:
    """Whether a copied folder holds modules; a folder that is not in the tree is made by something else."""
    return any(other.startswith(f"{path}/") and other.endswith((".py", ".ts", ".js")) for other in tree.paths)


def _use(direction: Direction, form: str, at: Place, path: str, call: str) -> ArtifactUse:
    name = ArtifactName(kind=NameKind.PATH, pieces=(path,), at=at)
    return ArtifactUse(at=at, direction=direction, form=form, call=call, names=(name,))


def server_uses(tree: AuditedTree) -> Iterator[tuple[str, ArtifactUse]]:
    """The models that `model-settings.json` of MLServer name, each with the folder of the file."""
    for path in tree.paths:
        if posixpath.basename(path) == "model-settings.json":
            with document_budget():
                document = tree.document(path)
                try:
                    root = document.json if document is not None else Node(None)
                    implementation = root.get("implementation").maybe_text()
                    parameters = root.get("parameters")
                    uri = parameters.get("uri").maybe_text() if parameters.is_table else None
                except (Unreadable, Malformed):
                    continue
            rows = (row for word, row in _RUNTIMES.items() if implementation and word in implementation.lower())
            runtime = next(rows, None)
            named = uri or (runtime[1] if runtime is not None else None)
            if named is None or "://" in named:
                continue
            folder = posixpath.dirname(path)
            full = posixpath.normpath(posixpath.join(folder, named))
            form = runtime[0] if runtime is not None else "bytes"
            yield folder, _use(Direction.READS, form, Place(path=path, line=1), full, "mlserver")


def moved_uses(tree: AuditedTree) -> Iterator[ArtifactUse]:
    """Files that stages of DVC copy, as a read and a write of the stage's file: a conversion of no environment."""
    for path in tree.paths:
        if posixpath.basename(path) != "dvc.yaml":
            continue
        with document_budget(), suppress(Unreadable, Malformed):
            document = tree.document(path)
            stages = document.yaml.get("stages") if document is not None else Node(None)
            for name, stage in stages.items() if stages.is_table else ():
                yield from _of_stage(path, name, stage, document.at(*stage.route) if document else None)


def _of_stage(path: str, name: str, stage: Node, at: Place | None) -> Iterator[ArtifactUse]:
    if not stage.is_table or not stage.get("cmd").exists:
        return
    node = stage.get("cmd")
    texts = [line.text() for line in (node.each() if node.is_list else (node,)) if line.is_text]
    folder = posixpath.dirname(path)
    place = Place(path=f"{path}#{name}", line=at.line if at is not None else None)
    for text in texts:
        for command in commands(text, {}):
            words = [word.text for word in command.words if not word.text.startswith("-")]
            if command.name in ("cp", "mv") and len(words) == 3:
                source, target = (posixpath.normpath(posixpath.join(folder, word)) for word in words[1:])
                yield _use(Direction.READS, "bytes", place, source, command.name)
                yield _use(Direction.WRITES, "bytes", place, target, command.name)
