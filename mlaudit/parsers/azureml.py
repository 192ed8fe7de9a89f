"""Azure ML: images and conda files of environments, deployments, components and jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor, values_under
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Statement
from mlaudit.parsers._registry import parser

_SCHEMA = lazy_pattern(rb"(?m)^[\"']?\$schema[\"']?:[ \t]*[\"']?https?://[\w.-]*azureml", re.IGNORECASE)
_ENVIRONMENT = lazy_pattern(rb"(?m)^(?:environment|conda_file):")
_IMAGE = lazy_pattern(rb"(?m)^[ \t]*image:[ \t]*[\"']?[\w./-]*azureml|^[ \t]*environment:[ \t]*[\"']?azureml:")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _SCHEMA.search(head) is not None or (
        _ENVIRONMENT.search(head) is not None and _IMAGE.search(head) is not None
    )


rewrite = rewriting.conda_or_pip
"""How a version in it is replaced, in its conda part and in its pip part."""


@parser(kind="list", content=_looks_like_it, marks=[b"azureml"])
def read(doc: Document) -> Iterator[Statement]:
    """An environment stands alone, or under `environment` of a deployment, component or job, however deep."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    described = Descriptor(doc)
    if not root.is_table:
        return
    if root.get("image").exists or root.get("conda_file").exists or root.get("build").exists:
        yield from described.guarded([root], lambda node: _environment(described, node))
    for node in values_under(root, "environment"):
        try:
            yield from _environment(described, node) if node.is_table else _named(described, node)
        except Malformed as error:
            yield doc.unread(str(error), doc.at(*error.route))
    commands = values_under(root, "command")
    yield from described.guarded(commands, lambda node: described.script(node) if node.is_text else ())


def _environment(described: Descriptor, node: Node) -> Iterator[Statement]:
    described.recipe.step += 1
    yield from described.image(node.get("image"))
    yield from described.conda_file(node.get("conda_file"))
    build = node.get("build")
    if build.is_table:
        folder = (build.get("path").maybe_text() or ".").rstrip("/")
        file = build.get("dockerfile_path")
        name = file.maybe_text() or "Dockerfile"
        at = build.get("path") if not file.exists else file
        yield from described.include(Node(f"{folder}/{name}", at.route), "dockerfile")


def _named(described: Descriptor, node: Node) -> Iterator[Statement]:
    """`azureml:name:version`, or an environment of a registry: the workspace holds it, no file does."""
    text = node.maybe_text() or ""
    if text.startswith("file:"):
        yield from described.include(node, "azureml")
    elif text:
        says = f"the environment `{text[:120]}` is stored in the workspace or registry; name its file as a source"
        yield Fact(key="note", value=says, at=described.at(node))
