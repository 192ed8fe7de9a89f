"""KServe and Seldon: the images of inference services, and the runtime versions that they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import waivers
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.descriptors import Descriptor, values_under
from mlaudit.grammars.manifests import Manifests
from mlaudit.knowledge.schema import checked, words_of
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_API = lazy_pattern(
    rb"(?m)^[ \t]*[\"']?apiVersion[\"']?:[ \t]*[\"']?"
    rb"(?:serving\.kserve\.io|serving\.kubeflow\.org|machinelearning\.seldon\.io|mlops\.seldon\.io)/"
)
_COMPONENTS = ("predictor", "transformer", "explainer")


def _looks_like_it(doc: Document) -> bool:
    return _API.search(doc.head) is not None


@lru_cache(maxsize=1)
def _images() -> Mapping[str, str]:
    return checked("serving_runtimes.toml", lambda root: words_of(root.get("images")))


@parser(kind="list", content=_looks_like_it, marks=[b"serving.kserve.io/", b"serving.kubeflow.org/", b"seldon.io/"])
def read(doc: Document) -> Iterator[Statement]:
    """Every document of the stream is a root, named after its `metadata.name`."""
    yield from waivers.in_comments(doc)
    manifests = Manifests(doc)
    for node in manifests.tables():
        name = node.dig("metadata", "name").value
        name = name if isinstance(name, str) else str(node.route[0])
        yield Root(name=name, kind="environment", at=manifests.at(node))
        described = manifests.descriptor(name)
        try:
            yield from _manifest(described, node)
        except Malformed as error:
            yield doc.unread(str(error), manifests.at(Node(None, error.route)))


def _manifest(described: Descriptor, node: Node) -> Iterator[Statement]:
    spec = node.get("spec")
    for component in _COMPONENTS:
        part = spec.dig(component)
        for framework, settings in part.items() if part.is_table else ():
            if settings.is_table and settings.get("runtimeVersion").is_text:
                yield from _runtime(described, _framework(framework, settings), settings.get("runtimeVersion"))
    images = values_under(spec, "image")
    yield from described.guarded(images, lambda image: described.image(image) if image.is_text else ())
    for container in values_under(spec, "containers", "initContainers"):
        yield from described.guarded(container.each(), lambda entry: _container(described, entry))


def _framework(name: str, settings: Node) -> str:
    """`predictor.model.modelFormat.name`, where the framework is not the key itself."""
    listed = settings.dig("modelFormat", "name")
    return listed.text() if name == "model" and listed.is_text else name


def _runtime(described: Descriptor, framework: str, version: Node) -> Iterator[Statement]:
    """The image whose tag a runtime version is."""
    image = _images().get(framework.lower())
    if image is None:
        why = f"which image the runtime version of `{framework}` is a tag of is not known"
        yield described.doc.unread(why, described.at(version), what=version.text())
        return
    parts = described.recipe.parts
    yield from image_tags.statements(
        described.doc, f"{image}:{version.text()}", described.at(version), scope=PinScope(parts=parts)
    )


def _container(described: Descriptor, container: Node) -> Iterator[Statement]:
    for key in ("command", "args"):
        words = container.get(key)
        if words.is_list:
            yield from described.command(word for word in words.each() if word.is_text)
