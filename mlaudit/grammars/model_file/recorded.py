"""The statements that every artifact parser makes; `mlaudit.grammars.model_file` states what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.model.artifacts import PickledName
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Artifact, Kind, Layer, Pin, Place, Recorded, Strength, Unread

_VERSION = lazy_pattern(r"v?[0-9][0-9A-Za-z.+!_-]{0,63}")
CLASSES_SHOWN = 6


def version_text(value: object) -> str | None:
    """The value where it is a text that can be a version, without control or markup characters; else None."""
    return value.removeprefix("v") if isinstance(value, str) and _VERSION.fullmatch(value) else None


def artifact(
    doc: Document,
    kind: str,
    *,
    classes: tuple[str, ...] = (),
    says: tuple[str, ...] = (),
    at: Place | None = None,
    names: tuple[PickledName, ...] = (),
) -> Pin:
    """The pin that stands for the file itself."""
    name = doc.path.rpartition("/")[2]
    more = f" and {len(classes) - CLASSES_SHOWN} more" if len(classes) > CLASSES_SHOWN else ""
    shown = ", ".join(classes[:CLASSES_SHOWN]) + more
    return Pin(
        name=name,
        package=name,
        at=at or doc.place(),
        layer=Layer.RECORDED,
        kind=Kind.ARTIFACT,
        source="path",
        artifact=Artifact(kind, classes, names),
        detail="; ".join(part for part in (shown, *says) if part) or None,
    )


def exact(
    doc: Document,
    name: str,
    version: object,
    kind: str,
    *,
    at: Place | None = None,
    detail: str | None = None,
    numbers: Mapping[str, object] | None = None,
) -> Pin | Unread:
    """A version that the library wrote of itself, or why it is not one."""
    text = version_text(version)
    if text is None:
        what = version if isinstance(version, str) else ""
        return doc.unread(
            f"the recorded version of {name} is not a version", at, what=_printable(what), package=_row(doc, name)
        )
    return doc.pin(
        Layer.RECORDED,
        name,
        text,
        at=at or doc.place(),
        source="path",
        recorded=Recorded((kind,), Strength.EXACT, tuple(_as_texts(numbers or {}))),
        detail=detail,
    )


def ranged(
    doc: Document,
    name: str,
    specifier: str | None,
    *kinds: str,
    strength: Strength = Strength.FORMAT,
    at: Place | None = None,
    detail: str | None = None,
    numbers: Mapping[str, object] | None = None,
) -> Pin:
    """A library whose version is known by a range or not at all; without a range the strength is `none`."""
    return doc.pin(
        Layer.RECORDED,
        name,
        specifier=specifier,
        at=at or doc.place(),
        source="path",
        recorded=Recorded(kinds, strength if specifier else Strength.NONE, tuple(_as_texts(numbers or {}))),
        detail=detail,
    )


def python(doc: Document, specifier: str, kind: str, detail: str, at: Place | None = None) -> Pin:
    """The Pythons that can have written, and can read, the file."""
    return doc.pin(
        Layer.RECORDED,
        "python",
        specifier=specifier,
        at=at or doc.place(),
        kind=Kind.PYTHON,
        source="path",
        recorded=Recorded((kind,), Strength.LOAD),
        detail=detail,
    )


def _as_texts(numbers: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return ((name, str(number)) for name, number in numbers.items())


def _row(doc: Document, name: str) -> str:
    return doc.pin(Layer.RECORDED, name, at=doc.place()).package


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
