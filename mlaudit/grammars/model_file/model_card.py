"""The list under `Framework versions` that trainers write into a model's README.md."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Recorded, Strength

_HEADING = lazy_pattern(r"#{2,4} Framework [Vv]ersions\s{0,8}")
_LINE = lazy_pattern(r"[-*] ([A-Za-z][A-Za-z _-]{0,40}?):? ([0-9][0-9A-Za-z.+]{0,40})\s{0,8}")
_SIZE = 1024 * 1024


def framework_versions(doc: Document, kind: str) -> Iterator[Pin]:
    """The versions in the README beside a model's configuration."""
    card = doc.beside("README.md")
    if card is None or card.size > _SIZE:
        return
    try:
        lines = card.text.split("\n")
    except Unreadable:
        return
    inside = False
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            inside = _HEADING.fullmatch(line[:80]) is not None
            continue
        match = _LINE.fullmatch(line[:120]) if inside else None
        if match:
            yield _pin(card, match.group(1).replace(" ", "-"), match.group(2), number, kind)


def _pin(card: Document, name: str, version: str, number: int, kind: str) -> Pin:
    python = name.lower() == "python"
    return card.pin(
        Layer.RECORDED,
        name,
        version,
        at=Place(path=card.path, line=number, column=1),
        ecosystem="conda",
        kind=Kind.PYTHON if python else Kind.PACKAGE,
        source="path",
        recorded=Recorded((kind,), Strength.EXACT),
        detail="by the model card",
    )
