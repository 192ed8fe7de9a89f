"""The tag of a base image states another version than the pins that are installed on it."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.comparison.verdict import agree
from mlaudit.model.nouns import Pin, Role, Severity
from mlaudit.model.report import Cell, Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA303",
    Severity.WARNING,
    since="0.1",
    title="the image contradicts the pins",
    fact="image",
    supersedes=["MLA008", "MLA205"],
    when="has_implied",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """The tag of a base image states another version than the pins that are installed on it.

    What it does:
        Compares what an image tag says (torch, tensorflow, CUDA, cuDNN, Python) with what the same environment pins.

    Why:
        The image was chosen for a combination that was built and tested together. What is installed on top replaces a
        part of that, or the pin is not the version that runs.

    Example:
        `FROM pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime`, then `pip install torch==2.3.0`.

    Fix:
        Use the image of the version that you pin, or drop the pin.

    References:
        https://hub.docker.com/r/pytorch/pytorch/tags
    """
    for cell in environment.cells.values():
        statements = (*cell.pins, *cell.overruled)
        implied = [pin for pin in statements if pin.derived_from is not None and pin.version is not None]
        stated = [pin for pin in statements if pin.derived_from is None and pin.version is not None]
        by_version = list({pin.version: pin for pin in reversed(implied)}.values())[::-1]
        for image in by_version[:MAX_IMPLIED]:
            other = next((pin for pin in stated if not _agree(pin, image)), None)
            if other is not None:
                yield _hit(environment, cell, image, other)
                break


MAX_IMPLIED = 16
"""Versions that images state of one package, each of which is compared with every pin."""


def _agree(pin: Pin, image: Pin) -> bool:
    """Whether a pin states what the tag says, as far as both say it (`12.1` is any 12.1, Python `3.7` any 3.7)."""
    stated, implied = f"{pin.version}", f"{image.version}"
    return agree(stated, implied, pin.kind) or stated.startswith(f"{implied}.")


def _hit(environment: Environment, cell: Cell, image: Pin, other: Pin) -> Hit:
    return Hit(
        package=cell.package,
        environments=(environment.name,),
        message=(
            f"The base image of {environment.name} states {cell.package} {image.version}, but {cell.package} "
            f"{other.version} is pinned."
        ),
        at=other.at,
        related=(Location(image.derived_from or image.at, Role.STATEMENT, f"{image.version}"),),
        expected=image.version,
        actual=other.version,
    )
