"""DVC: `dvc.lock` and `*.dvc` hold hashes of data and models, `dvc.yaml` names them.

Sources: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files and .../dvc-files
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.model_refs import reference
from mlaudit.grammars.variables import is_template
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement
from mlaudit.parsers._registry import parser

_HASHES = ("md5", "etag", "checksum", "hash_value")
_SCHEMAS = frozenset(("2.0", "1.0"))
# Files of code are no data, though a stage depends on them.
_CODE = lazy_pattern(r".{1,4096}\.(?:py|ipynb|sh|r|jl|sql|scala|java|cpp|cu)", re.IGNORECASE | re.DOTALL)
_MODEL = lazy_pattern(
    r".{1,4096}\.(?:pkl|pickle|joblib|pt|pth|ckpt|onnx|h5|hdf5|keras|safetensors|gguf|cbm|bst|ubj|skops|tflite|pb)",
    re.IGNORECASE | re.DOTALL,
)
_MARK = lazy_pattern(rb"(?m)^(?:stages|outs):[ \t]*$")
_SECOND = lazy_pattern(rb"(?m)^\s{0,16}(?:- )?(?:md5|etag|checksum|cmd|deps|outs|foreach|wdir):")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _MARK.search(head) is not None and _SECOND.search(head) is not None and b"schema_version" not in head


@parser(kind="aside", files=["dvc.lock", "dvc.yaml", "*.dvc"], content=_looks_like_it, marks=[b"stages:", b"outs:"])
def read(doc: Document) -> Iterator[Statement]:
    """Every dependency and output of every stage, once for each version."""
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `stages:` or, in a .dvc file, `outs:`")
    keys_read: set[tuple[str, str | None]] = set()
    for statement in _document(doc, root):
        key = (statement.name, statement.version) if isinstance(statement, Pin) else None
        if key is None or key not in keys_read:
            yield statement
        if key is not None:
            keys_read.add(key)


def _document(doc: Document, root: Node) -> Iterator[Statement]:
    models = _declared_models(root)
    schema = root.get("schema").maybe_text()
    if schema is not None and schema not in _SCHEMAS:
        raise Unreadable(f"it is a lock of schema {schema[:40]!r}; known are 1.0 and 2.0")
    if not root.get("stages").exists and (root.get("outs").exists or root.get("deps").exists):
        yield from _stage(doc, root, models)
        return
    # A lock of the first schema has its stages at the top.
    listed = root.get("stages") if root.get("stages").exists or schema else root
    stages = [stage for stage in _members(listed) if stage.is_table or listed is not root]
    yield from doc.guarded(stages, lambda stage: _stage(doc, stage, models))
    for artifact in _members(root.get("artifacts")):
        yield from doc.guarded([artifact.get("path")], lambda node: _entry(doc, node, "", models))


def _members(table: Node) -> list[Node]:
    return [member for _, member in table.items()]


def _declared_models(root: Node) -> frozenset[str]:
    """Paths that `artifacts` of a dvc.yaml call models."""
    named: set[str] = set()
    if not root.is_table or not root.get("artifacts").is_table:
        return frozenset()
    for artifact in _members(root.get("artifacts")):
        if artifact.is_table and artifact.get("type").value == "model" and artifact.get("path").is_text:
            named.add(_normal(artifact.get("path").text()))
    return frozenset(named)


def _normal(path: str, folder: str = "") -> str:
    """A path of a stage that runs in a folder, as seen from the document; an address stays as it is."""
    return path if "://" in path else posixpath.normpath(posixpath.join(folder, path).replace("\\", "/"))


def _stage(doc: Document, stage: Node, models: frozenset[str]) -> Iterator[Statement]:
    """The entries of a stage; a stage under `foreach` or `matrix` holds them one level deeper."""
    inner = stage.get("do") if stage.get("do").exists else stage
    folder = inner.get("wdir").maybe_text() or ""
    for key in ("deps", "outs", "metrics", "plots"):
        listed = inner.get(key)
        if listed.exists:
            nodes = listed.each() if listed.is_list else iter((listed,))
            yield from doc.guarded(nodes, lambda node: _entry(doc, node, folder, models))


def _entry(doc: Document, node: Node, folder: str, models: frozenset[str]) -> Iterator[Statement]:
    """A path, a table with a path and a hash (locks), or a table from a path to its settings (dvc.yaml)."""
    if not node.exists:
        return
    if node.is_text:
        yield from _named(doc, node.text(), doc.at(*node.route), folder, models)
    elif node.get("path").exists:
        yield from _hashed(doc, node, folder, models)
    elif len(node.table()) == 1:
        path = str(next(iter(node.table())))
        yield from _named(doc, path, doc.at(*node.route), folder, models)
    else:
        raise Malformed("expected a path, or a table with `path`", node.route)


def _named(doc: Document, path: str, at: Place, folder: str, models: frozenset[str]) -> Iterator[Statement]:
    if is_template(path) or is_template(folder):
        yield doc.unread("a placeholder in it has no value here", at, what=path, template=True)
        return
    name = _normal(path, folder)
    yield reference(doc, _kind(name, models), f"dvc:{name}", None, at, source="path")


def _kind(path: str, models: frozenset[str]) -> Kind:
    if path in models or _MODEL.fullmatch(path):
        return Kind.MODEL
    return Kind.FILE if _CODE.fullmatch(path) else Kind.DATA


def _hashed(doc: Document, node: Node, folder: str, models: frozenset[str]) -> Iterator[Statement]:
    path = node.get("path").text()
    name = _normal(path, folder)
    hashed = next(((key, value) for key in _HASHES if (value := node.get(key)).exists), None)
    came = _repository(node.get("repo"))
    if hashed is None:
        at = doc.at(*node.get("path").route)
        yield from _without_hash(doc, node, name, came, models, at)
        return
    key, value = hashed
    yield reference(
        doc,
        _kind(name, models),
        f"dvc:{name}",
        f"{key}:{value.text()}",
        doc.at(*value.route),
        layer=Layer.LOCKED,
        source="path" if came is None else "git",
        origin=came,
    )


def _without_hash(
    doc: Document, node: Node, name: str, came: str | None, models: frozenset[str], at: Place
) -> Iterator[Statement]:
    """An entry of another repository is pinned by its commit; one of separately stored files by each file's hash."""
    commit = node.dig("repo", "rev_lock").maybe_text()
    if commit:
        where = doc.at(*node.route, "repo", "rev_lock")
        kind, layer = _kind(name, models), Layer.LOCKED
        yield reference(doc, kind, f"dvc:{name}", commit, where, layer=layer, source="git", origin=came)
    elif node.get("files").is_list:
        for member in node.get("files").each():
            hashed = member.get("md5")
            where = doc.at(*(hashed if hashed.exists else member).route)
            version = f"md5:{hashed.text()}" if hashed.exists else None
            inner = f"{name}/{member.get('relpath').text()}"
            yield reference(
                doc, _kind(inner, models), f"dvc:{inner}", version, where, layer=Layer.LOCKED, source="path"
            )
    else:
        yield reference(doc, _kind(name, models), f"dvc:{name}", None, at, source="path")


def _repository(repo: Node) -> str | None:
    return repo.get("url").maybe_text() if repo.exists else None
