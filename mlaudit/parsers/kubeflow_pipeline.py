"""Kubeflow pipelines as they are compiled: the image of each step and the packages that its command installs."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import waivers
from mlaudit.grammars.descriptors import Descriptor, values_under
from mlaudit.grammars.manifests import Manifests
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.parsers._registry import parser

_COMPILED = lazy_pattern(rb"(?m)^[ \t{\"']{0,8}deploymentSpec[\"']?:")
_COMPONENT = lazy_pattern(rb"(?m)^implementation:[ \t]*\r?\n[ \t]+container:")
_ARGO = lazy_pattern(rb"(?m)^apiVersion:[ \t]*[\"']?argoproj\.io/")
SNIFFED_WHOLE = 8 * 1024 * 1024
"""Bytes of a document that is searched whole."""


def _looks_like_it(doc: Document) -> bool:
    data = doc.data if doc.size < SNIFFED_WHOLE else doc.head
    return any(pattern.search(data) is not None for pattern in (_COMPILED, _COMPONENT, _ARGO))


@parser(
    kind="aside",
    content=_looks_like_it,
    marks=[b"deploymentSpec", b"implementation:", b"argoproj.io/"],
    sniffed=SNIFFED_WHOLE,
)
def read(doc: Document) -> Iterator[Statement]:
    """Every executor of `deploymentSpec`, every template of an Argo workflow is a root; a component has none."""
    yield from waivers.in_comments(doc)
    manifests = Manifests(doc)
    for node in manifests.tables():
        for name, step in _steps(node):
            if name:
                yield Root(name=name, kind="environment", at=manifests.at(step))
            described = manifests.descriptor(*((name,) if name else ()))
            try:
                yield from _step(described, step)
            except Malformed as error:
                yield doc.unread(str(error), manifests.at(Node(None, error.route)))


def _steps(node: Node) -> Iterator[tuple[str, Node]]:
    executors = node.dig("deploymentSpec", "executors")
    for name, executor in executors.items() if executors.is_table else ():
        if executor.is_table and executor.get("container").is_table:
            yield name, executor.get("container")
    templates = values_under(node.get("spec"), "templates") if node.get("apiVersion").exists else ()
    for listed in templates:
        for template in listed.each() if listed.is_list else ():
            for key in ("container", "script"):
                if template.is_table and template.get(key).is_table:
                    yield str(template.get("name").value), template.get(key)
    component = node.dig("implementation", "container")
    if component.is_table:
        yield "", component


def _step(described: Descriptor, step: Node) -> Iterator[Statement]:
    yield from described.image(step.get("image"))
    for key in ("command", "args"):
        words = step.get(key)
        if words.is_list:
            yield from described.command(word for word in words.each() if word.is_text)
    yield from described.requirements(step.get("packagesToInstall"))
    if step.get("source").is_text and "sh" in str(step.get("command").value):
        yield from described.script(step.get("source"))
