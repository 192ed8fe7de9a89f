"""For type checkers: the keywords of a pin that its document, name and scope do not show."""

from __future__ import annotations

from typing import TypedDict

from mlaudit.model.nouns import Artifact, Edge, Kind, Place, Recorded


class PinFields(TypedDict, total=False):
    """What a parser may state of one pin; the fields are those of `Pin`."""

    specifier: str | None
    variant: str | None
    kind: Kind
    extras: tuple[str, ...]
    ecosystem: str
    source: str
    origin: str | None
    hashes: tuple[str, ...]
    requires: tuple[Edge, ...]
    requires_python: str | None
    derived_from: Place | None
    artifact: Artifact | None
    recorded: Recorded | None
    detail: str | None
