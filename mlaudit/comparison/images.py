"""Base images of environments: which one each starts from, which of them are of one family, what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mlaudit.comparison.scene import View
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Kind, Pin
from mlaudit.model.report import Environment

if TYPE_CHECKING:
    from mlaudit.grammars.container.image_tags import Content, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """An image that an environment starts from.

    Attributes:
        holds: what is known to be inside; empty if nothing is.
    """

    pin: Pin
    reference: Reference
    holds: tuple[Content, ...]

    @property
    def shown(self) -> str:
        """The image as a Dockerfile names it."""
        tag = f":{self.reference.tag}" if self.reference.tag else ""
        digest = f"@{self.reference.digest}" if self.reference.digest else ""
        return f"{self.reference.repository}{tag}{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePair:
    """Two images of one family on the two sides of a pair."""

    environments: tuple[str, str]
    writer: BaseImage
    reader: BaseImage


def base_images(environment: Environment) -> Iterator[BaseImage]:
    """The images of the stages that count, each once."""
    seen: set[str] = set()
    for pin, selected in environment.pins():
        if pin.kind is not Kind.IMAGE or selected is False:
            continue
        from mlaudit.grammars.container.image_tags import Reference, contents

        digest = next(iter(pin.hashes), None)
        tag = pin.version if pin.version != digest else None
        reference = Reference(repository=pin.name, tag=tag, digest=digest)
        image = BaseImage(pin=pin, reference=reference, holds=contents(reference))
        if image.shown not in seen:
            seen.add(image.shown)
            yield image


def unknown_images(environments: Iterable[Environment]) -> tuple[str, ...]:
    """Images of which nothing is known, each once."""
    return tuple(
        dict.fromkeys(
            image.shown for environment in environments for image in base_images(environment) if not image.holds
        )
    )


def differing_images(view: View) -> Iterator[ImagePair]:
    """For each pair of environments, the images of one family that are not the same on both sides."""
    for writer, reader in view.pairs:
        left, right = (list(base_images(view.environments[name])) for name in (writer, reader))
        if left and right:
            yield from _differing(left, right, (writer, reader))


def _differing(
    left: Sequence[BaseImage], right: Sequence[BaseImage], environments: tuple[str, str]
) -> Iterator[ImagePair]:
    from mlaudit.grammars.container.image_tags import family

    for image in left:
        related = [other for other in right if family(image.reference) == family(other.reference)]
        if related and not any(_same(image, other) for other in related):
            yield ImagePair(environments=environments, writer=image, reader=related[0])


def _same(image: BaseImage, other: BaseImage) -> bool:
    """Whether two references name one image, as far as both state which."""
    if image.reference.name != other.reference.name:
        return False
    if image.reference.digest and other.reference.digest:
        return image.reference.digest == other.reference.digest
    if image.reference.digest or other.reference.digest:
        return image.reference.tag is None or other.reference.tag is None or image.reference.tag == other.reference.tag
    return (image.reference.tag or "latest") == (other.reference.tag or "latest")
