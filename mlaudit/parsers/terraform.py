"""Terraform: the images that resources name (SageMaker's models and jobs, containers of Cloud Run, ECS and others)."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import terraform, waivers
from mlaudit.grammars.container import image_tags
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_RESOURCE = lazy_pattern(rb'(?m)^[ \t]*resource[ \t]+"[\w-]+"[ \t]+"[\w-]+"[ \t]*\{')
_IMAGE = lazy_pattern(rb"(?i)\b(?:image|image_?uri|trainingimage|container_image|docker_image)\"?[ \t]*[=:]")


def _looks_like_it(doc: Document) -> bool:
    return _RESOURCE.search(doc.head) is not None and _IMAGE.search(doc.head) is not None


@parser(kind="list", usual_files=["*.tf"], content=_looks_like_it, marks=[b"resource"])
def read(doc: Document) -> Iterator[Statement]:
    """Every image of a resource is a root, named after the resource.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/sagemaker_model
    """
    yield from waivers.in_comments(doc)
    for image in terraform.named_images(doc):
        yield Root(name=image.part, kind="environment", at=image.resource)
        yield from image_tags.statements(doc, image.text, image.at, scope=PinScope(parts=(image.part,)))
