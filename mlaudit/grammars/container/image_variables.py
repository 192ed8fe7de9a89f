"""The environment variables and the working folder that published images set: a Dockerfile uses them unseen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.grammars.container import image_tags
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVariables:
    """What is set in a container before the first instruction of its Dockerfile.

    Attributes:
        folder: the working folder, `/` where nothing sets one.
    """

    pattern: str = ""
    folder: str = "/"
    variables: Mapping[str, str] = field(default_factory=dict)


_NONE = ImageVariables()


def variables_of(text: str) -> ImageVariables:
    """What the image of a reference sets, as far as it is known."""
    reference = image_tags.parse(text)
    if reference is None:
        return _NONE
    return next((row for row in _rows() if re.fullmatch(row.pattern, reference.name)), _NONE)


@lru_cache(maxsize=1)
def _rows() -> tuple[ImageVariables, ...]:
    """The rows of images.toml. Raises KnowledgeError on a row that breaks its schema."""
    return checked("images.toml", lambda root: tuple(_row(node) for node in root.get("settings").each()))


def _row(node: Node) -> ImageVariables:
    return ImageVariables(
        pattern=node.get("name-pattern").text(),
        folder=node.get("folder").maybe_text() or "/",
        variables={name: value.text() for name, value in node.get("variables").items()},
    )
