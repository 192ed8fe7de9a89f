"""Core ML models: the converter's version and the source framework's are in the user's metadata."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import CUT
from mlaudit.grammars.model_file.messages import CORE_ML, message_format
from mlaudit.grammars.model_file.protobuf import fields
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_DESCRIPTION, _METADATA, _USER_DEFINED = 2, 100, 100
_FIRST_KIND = 200
_CONVERTER = "com.github.apple.coremltools.version"
_SOURCE = "com.github.apple.coremltools.source"


def _is_core_ml(doc: Document) -> bool:
    return message_format(doc) == CORE_ML


@parser(kind="artifact", files=["*.mlmodel"], access="binary", content=_is_core_ml, starts=[b"\x08"])
def read(doc: Document) -> Iterator[Statement]:
    """Model.description.metadata.userDefined (coremltools mlmodel/format/Model.proto)."""
    specification = 0
    numbers: set[int] = set()
    user: dict[str, str] = {}
    with doc.stream() as stream:
        for field in fields(whole(stream)):
            numbers.add(field.number)
            if field.number == 1:
                specification = field.value
            elif field.number == _DESCRIPTION and field.part is not None:
                user.update(_user_defined(field.part))
    if not specification:
        raise Unreadable("it has no specification version; a Core ML model has one")
    yield artifact(doc, "coreml", says=(f"specification {specification}",))
    if _CONVERTER in user:
        yield exact(doc, "coremltools", user[_CONVERTER], "coreml", detail="the converter")
    else:
        yield ranged(doc, "coremltools", None, "coreml", detail="the converter is not recorded")
    # The kind of a model, and with it the model, is a field of 200 or more; it is written last.
    if _DESCRIPTION not in numbers or max(numbers) < _FIRST_KIND:
        yield doc.unread(f"{CUT}: it has no {'model' if _DESCRIPTION in numbers else 'description'}")
    name, equals, version = user.get(_SOURCE, "").partition("==")
    if equals:
        yield exact(doc, name, version, "coreml", detail="the source of the conversion")


def _user_defined(description: Window) -> Iterator[tuple[str, str]]:
    for metadata in fields(description):
        if metadata.number == _METADATA and metadata.part is not None:
            for entry in fields(metadata.part):
                if entry.number == _USER_DEFINED and entry.part is not None:
                    pair = {field.number: field.text[:1024] for field in fields(entry.part)}
                    yield pair.get(1, ""), pair.get(2, "")
