"""Training and serving start from different images of one family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlaudit.comparison.images import BaseImage, ImagePair, differing_images
from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Role, Severity
from mlaudit.model.report import Hit, Location, listed
from mlaudit.rules._registry import fleet_rule

if TYPE_CHECKING:
    from mlaudit.grammars.container.image_tags import Content

_WORDS = {Kind.PYTHON: "Python", Kind.CUDA: "CUDA", Kind.CUDNN: "cuDNN", Kind.DRIVER: "driver"}


@fleet_rule("MLA305", Severity.WARNING, since="0.2", title="base images differ", fact="base-image", when="has_images")
def check(view: View) -> Iterator[Hit]:
    """Training and serving start from different images of one family.

    What it does:
        Compares the base images of a pair: the same repository at other tags or digests, and images whose names
        indicate one family (`pytorch/pytorch` and `nvcr.io/nvidia/pytorch`). It says what is known about the contents
        of both, and for which nothing is known. If the contents are known on both sides, their differences are judged
        like any package, and this finding is an info.

    Why:
        An image brings hundreds of packages that no requirements file names. Two tags of one image are two sets of
        them.

    Example:
        Training is built `FROM nvcr.io/nvidia/pytorch:22.08-py3`, serving `FROM nvcr.io/nvidia/pytorch:21.02-py3`.

    Fix:
        Build both from one tag, best named by its digest, or audit the built images: `docker save IMAGE -o image.tar`.

    References:
        https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
    """
    return map(_hit, differing_images(view))


def _hit(pair: ImagePair) -> Hit:
    writer, reader = pair.environments
    known = bool(pair.writer.holds and pair.reader.holds)
    return Hit(
        environments=pair.environments,
        message=(
            f"{writer} starts from {pair.writer.shown}, {reader} from {pair.reader.shown}. "
            f"{_contents(pair.writer, pair.reader)}"
        ),
        at=pair.reader.pin.at,
        related=(Location(pair.writer.pin.at, Role.WRITER, pair.writer.shown),),
        expected=pair.writer.shown,
        actual=pair.reader.shown,
        severity=Severity.INFO if known else None,
    )


def _contents(writer: BaseImage, reader: BaseImage) -> str:
    """What is known of two images, as a sentence."""
    unknown = [image.shown for image in (writer, reader) if not image.holds]
    if len(unknown) == 2:
        return "What they contain is not known."
    if unknown:
        known = writer if writer.holds else reader
        return f"{known.shown} contains {_listed(known.holds)}; what {unknown[0]} contains is not known."
    if writer.holds == reader.holds:
        return f"As far as is known, both contain {_listed(writer.holds)}."
    return f"The first contains {_listed(writer.holds)}; the second {_listed(reader.holds)}."


def _listed(holds: Sequence[Content]) -> str:
    return listed(
        (f"{_WORDS.get(content.kind, content.name)} {content.version or content.specifier}" for content in holds), ", "
    )
