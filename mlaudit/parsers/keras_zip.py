"""`.keras` archives: `metadata.json` records Keras' own version, `config.json` the model's class."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import JSON_LIMIT, inside, member_json, member_names, remarks
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

CLASSES = 100
"""Classes of layers that are kept; the model's own comes first."""
_CLASS = lazy_pattern(rb'"class_name"\s{0,4}:\s{0,4}"([A-Za-z_][A-Za-z0-9_]{0,100})"')


def _is_keras(doc: Document) -> bool:
    return {"metadata.json", "config.json"} <= set(member_names(doc))


@parser(kind="artifact", files=["*.keras"], access="binary", content=_is_keras, starts=[b"PK"])
def read(doc: Document) -> Iterator[Statement]:
    """The version in the metadata; the backend is not recorded."""
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        member = archive.members.get("metadata.json")
        if member is None:
            raise Unreadable("the archive has no metadata.json")
        metadata = member_json(archive, member)
        yield artifact(doc, "keras.keras", classes=_classes(archive))
        yield exact(doc, "keras", metadata.get("keras_version").value, "keras.keras", at=inside(doc, member))
        yield from remarks(doc, archive)


def _classes(archive: Archive) -> tuple[str, ...]:
    member = archive.members.get("config.json")
    if member is None:
        return ()
    name = member_json(archive, member).get("class_name").value
    inside_it = (class_name.decode("ascii") for class_name in _CLASS.findall(archive.read(member, JSON_LIMIT)))
    own = (name[:200],) if isinstance(name, str) else ()
    return tuple(dict.fromkeys((*own, *inside_it)))[:CLASSES]
