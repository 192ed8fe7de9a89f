"""References to models and data, as configuration files make them: registry URIs and Hugging Face revisions.

The row of a reference is an address of its own, so that a model called `xgboost` is no statement about the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.variables import is_template
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from mlaudit.model.pin_fields import PinFields

MAX_DEPTH = 60
"""Tables inside tables that are searched."""

# https://mlflow.org/docs/latest/ml/model-registry/: by version, by alias, or by (deprecated) stage.
_REGISTERED = lazy_pattern(
    r"models:/{1,3}(?P<name>[^/@\s{}$]{1,200})(?:/(?P<version>[^/@\s]{1,200})|@(?P<alias>[^/\s]{1,200}))"
)
# https://huggingface.co/docs/hub/repositories: `owner/name`, and the few old models without an owner.
_REPOSITORY = lazy_pattern(
    r"(?:hf://)?(?P<id>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@(?P<revision>[\w./-]{1,128}))?"
)
_BARE = lazy_pattern(r"[A-Za-z0-9][\w.-]{0,95}")
_REVISION = lazy_pattern(r"[\w][\w./-]{0,127}")
_MODEL_KEYS = (
    "repo_id",
    "model_id",
    "model_name_or_path",
    "pretrained_model_name_or_path",
    "hf_model_id",
    "base_model_name_or_path",
    "model_name",
    "model",
    "repo",
)
_DATA_KEYS = ("dataset_name", "dataset_id", "dataset")
_REVISION_KEYS = ("revision", "model_revision", "dataset_revision")
_CERTAIN_KEYS = frozenset(("repo_id", "model_id", "hf_model_id", "pretrained_model_name_or_path"))


def reference(
    doc: Document,
    kind: Kind,
    name: str,
    version: str | None,
    at: Place,
    /,
    *,
    layer: Layer = Layer.DECLARED,
    **stated: Unpack[PinFields],
) -> Pin:
    """The pin of a model or data set; its name is an address or a path, whose case counts."""
    stated["kind"] = kind
    pin = doc.pin(layer, name, version, at=at, **stated)
    return replace(pin, name=name, package=name, variant=None)


def in_tree(doc: Document, root: Node) -> Iterator[Statement]:
    """Every reference in a parsed document: registry URIs anywhere, repositories only beside a revision."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if len(node.route) > MAX_DEPTH:
            yield doc.unread(f"it is nested more than {MAX_DEPTH} deep", doc.at(*node.route[:MAX_DEPTH]))
        elif node.is_table:
            yield from _repository(doc, node)
            waiting += reversed([member for _, member in node.items()])
        elif node.is_list:
            waiting += reversed(list(node.each()))
        elif isinstance(node.value, str) and node.value.lstrip().startswith("models:/"):
            yield from registered(doc, node.value, doc.at(*node.route))


def registered(doc: Document, text: str, at: Place) -> Iterator[Statement]:
    """What a registry URI (`models:/churn/3`) states; nothing if the text is not one."""
    text = text.strip()
    if not text.startswith("models:/"):
        return
    match = _REGISTERED.fullmatch(text) if len(text) <= MAX_URI else None
    if match is None or is_template(text):
        template = is_template(text)
        why = "a placeholder in it has no value here" if template else "expected `models:/name/version`"
        yield doc.unread(why, at, what=text, template=template)
        return
    name, version = f"models:/{match['name']}", match["version"]
    if version is not None and version.isdigit():
        yield reference(doc, Kind.MODEL, name, version, at)
    else:
        moving = f"alias {match['alias']}" if match["alias"] else f"stage {version}"
        yield reference(doc, Kind.MODEL, name, None, at, detail=f"by {moving}, which can be moved to another version")


MAX_URI = 1024
"""Characters of a registry URI."""


def _repository(doc: Document, table: Node) -> Iterator[Statement]:
    """The repository that a table names beside a revision."""
    for keys, kind in ((_MODEL_KEYS, Kind.MODEL), (_DATA_KEYS, Kind.DATA)):
        named = _first_text(table, keys)
        revision = _first_text(table, _REVISION_KEYS)
        if named is None or revision is None:
            continue
        name = _repository_name(named)
        if name is not None:
            yield from _of_repository(doc, kind, name, revision)
        return


def _first_text(table: Node, keys: tuple[str, ...]) -> Node | None:
    return next((node for key in keys if (node := table.get(key)).is_text and node.text().strip()), None)


def _repository_name(node: Node) -> str | None:
    """The id of a repository, None if the text is a path or anything else."""
    text = node.text().strip()
    match = _REPOSITORY.fullmatch(text)
    if match is not None and not text.startswith(("./", "../")):
        return f"hf://{match['id']}"
    if node.route[-1] in _CERTAIN_KEYS and _BARE.fullmatch(text):
        return f"hf://{text}"
    return None


def _of_repository(doc: Document, kind: Kind, name: str, revision: Node) -> Iterator[Statement]:
    text, at = revision.text().strip(), doc.at(*revision.route)
    if is_template(text):
        yield doc.unread("a placeholder in it has no value here", at, what=text, package=name, template=True)
    elif not _REVISION.fullmatch(text):
        yield doc.unread("expected a commit, tag or branch", at, what=text, package=name)
    elif re.fullmatch(r"[0-9a-f]{7,64}", text) or _is_tag(text):
        yield reference(doc, kind, name, text, at)
    else:
        yield reference(doc, kind, name, None, at, detail=f"revision {text}, which can be moved to another commit")


def _is_tag(text: str) -> bool:
    return re.fullmatch(r"v?\d{1,6}(?:\.\d{1,6}){1,4}[\w.-]{0,32}", text) is not None
