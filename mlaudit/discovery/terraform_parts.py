"""The environments of images that Terraform's resources name: models of SageMaker, its jobs, containers of services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

from mlaudit.discovery.recipes import AuditedTree, RecipePart, StatedDocument, whole_part
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import terraform
from mlaudit.knowledge.roles import words
from mlaudit.knowledge.schema import checked, words_of
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.observation import Observation


def terraform_parts(path: str, stated_document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part for each image of which it is known what is inside; what the tree builds is shown by its Dockerfile."""
    document = tree.document(path)
    for image in _images(document) if document is not None else ():
        part = whole_part(path, stated_document, tree, image.part)
        is_known = part.has_packages or part.has_python or any(words().role_of_image(name) for name in part.packages)
        if is_known:
            role = next((_roles()[word] for word in (image.type, *image.keys) if word in _roles()), "")
            shown = Observation(at=image.resource, says=f"is for {image.type}")
            yield replace(
                part,
                part=f"environment={image.part}",
                name="",
                role=role,
                evidence=(*part.evidence, shown),
            )


def _images(document: Document) -> Iterator[terraform.NamedImage]:
    # The parser of the format shows what is wrong with a document that cannot be read.
    with document_budget(), suppress(Unreadable, BudgetExceeded):
        yield from terraform.named_images(document)


@lru_cache(maxsize=1)
def _roles() -> Mapping[str, str]:
    """What resources and keys show of what runs in their image."""

    def roles(root: Node) -> Mapping[str, str]:
        return words_of(root.dig("terraform", "roles"))

    return checked("sdk_images.toml", roles)
