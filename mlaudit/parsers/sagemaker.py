"""SageMaker: image addresses and framework versions in requests and configuration files (JSON, YAML)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import waivers
from mlaudit.grammars.descriptors import Descriptor, data_of, values_under
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Layer, Statement
from mlaudit.parsers._registry import parser

_IMAGE = lazy_pattern(rb"\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?/")
_KEYS = lazy_pattern(
    rb"[\"']?\b(TrainingImage|ImageUri|image_uri|PrimaryContainer|AlgorithmSpecification|ExecutionRoleArn"
    rb"|InferenceImage|TrainingJobName|ModelName|EndpointConfigName|framework_version|FrameworkVersion|py_version"
    rb"|SageMaker)[\"']?[ \t]*:"
)
_PYTHON_KEYS = ("py_version", "PythonVersion", "pyVersion")
_IMAGE_KEYS = ("TrainingImage", "ImageUri", "image_uri", "Image", "image", "InferenceImage", "ImageURI", "imageUri")
_VERSION_KEYS = {
    "transformers_version": "transformers",
    "pytorch_version": "torch",
    "tensorflow_version": "tensorflow",
    "TransformersVersion": "transformers",
    "PytorchVersion": "torch",
    "TensorflowVersion": "tensorflow",
}
_FRAMEWORK_VERSION = ("framework_version", "FrameworkVersion", "frameworkVersion")
_FRAMEWORK = ("framework", "Framework")


_TERRAFORM = lazy_pattern(rb'(?m)^[ \t]*(?:resource|variable|data|module|locals)\b[ \t"\w-]*\{')


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if _TERRAFORM.search(head) is not None:
        return False
    keys = set(_KEYS.findall(head))
    return len(keys) >= 2 or (bool(keys) and _IMAGE.search(head) is not None)


@parser(
    kind="list",
    content=_looks_like_it,
    marks=[
        b"TrainingImage",
        b"ImageUri",
        b"image_uri",
        b"PrimaryContainer",
        b"AlgorithmSpecification",
        b"ExecutionRoleArn",
        b"InferenceImage",
        b"TrainingJobName",
        b"ModelName",
        b"EndpointConfigName",
        b"framework_version",
        b"FrameworkVersion",
        b"py_version",
        b"SageMaker",
    ],
)
def read(doc: Document) -> Iterator[Statement]:
    """The values of the known keys, however deep they are."""
    yield from waivers.in_comments(doc)
    root = data_of(doc)
    described = Descriptor(doc)
    yield from described.guarded(values_under(root, *_PYTHON_KEYS), described.python)
    images = (node for node in values_under(root, *_IMAGE_KEYS) if node.is_text)
    yield from described.guarded(images, described.image)
    yield from _tables(described, root, 0)


def _tables(described: Descriptor, node: Node, depth: int) -> Iterator[Statement]:
    if depth > 60:
        return
    if node.is_list:
        for member in node.each():
            yield from _tables(described, member, depth + 1)
    elif node.is_table:
        yield from described.guarded([node], lambda table: _versions(described, table))
        for key in node.table():
            yield from _tables(described, node.get(key), depth + 1)


def _versions(described: Descriptor, node: Node) -> Iterator[Statement]:
    for key, package in _VERSION_KEYS.items():
        yield from _version(described, package, node.get(key))
    yield from _framework(described, node)


def _framework(described: Descriptor, node: Node) -> Iterator[Statement]:
    """`framework_version` beside `framework`; without a framework it says nothing of a package."""
    version = next((node.get(key) for key in _FRAMEWORK_VERSION if node.get(key).exists), None)
    if version is None:
        return
    name = next((node.get(key).maybe_text() for key in _FRAMEWORK if node.get(key).exists), None)
    if name is None:
        why = "no `framework` beside it says which package has this version"
        yield described.doc.unread(why, described.at(version), what=version.maybe_text() or "")
        return
    yield from _version(described, package_of(name.lower(), "sagemaker"), version)


def _version(described: Descriptor, name: str, node: Node) -> Iterator[Statement]:
    """A version, of which SageMaker takes a beginning too (`2.1` is the newest of 2.1)."""
    text = node.maybe_text()
    if text is None:
        return
    at = described.at(node)
    if not re.fullmatch(r"\d[\w.+-]{0,63}", text):
        template = "{" in text or "$" in text
        yield described.doc.unread("it is no version", at, what=text, package=name, template=template)
        return
    whole = text.count(".") > 1 and "-" not in text
    short = text.partition("-")[0]
    yield described.doc.pin(
        Layer.DECLARED,
        name,
        text if whole else None,
        at=at,
        specifier=None if whole else f"=={short}.*",
        detail="framework version of SageMaker",
    )
