"""TensorFlow SavedModel: `saved_model.pb` records TensorFlow's version, `keras_metadata.pb` beside it Keras'."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.messages import SAVED_MODEL, message_format
from mlaudit.grammars.model_file.protobuf import fields
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import Window, whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

META_GRAPHS = 16
_KERAS_READ = 1024 * 1024
_KERAS_VERSION = lazy_pattern(rb'"keras_version"\s{0,4}:\s{0,4}"([0-9][0-9A-Za-z.+-]{0,32})"')


def _is_saved_model(doc: Document) -> bool:
    return message_format(doc) == SAVED_MODEL


@parser(kind="artifact", files=["saved_model.pb"], access="binary", content=_is_saved_model, starts=[b"\x08"])
def read(doc: Document) -> Iterator[Statement]:
    """Field 5 of each meta graph's information (tensorflow/core/protobuf/meta_graph.proto)."""
    with doc.stream() as stream:
        graphs = [field.part for field in fields(whole(stream)) if field.number == 2 and field.part is not None]
        versions = dict.fromkeys(_version(graph) for graph in graphs[:META_GRAPHS])
    if not versions:
        raise Unreadable("it has no meta graph; a SavedModel has one at least")
    keras = doc.beside("keras_metadata.pb")
    yield artifact(doc, "keras.saved_model" if keras else "tensorflow.saved_model")
    for version in versions:
        yield exact(doc, "tensorflow", version, "tensorflow.saved_model")
    if keras is not None:
        yield from _keras(doc, keras)


def _version(graph: Window) -> str:
    for field in fields(graph):
        if field.number == 1 and field.part is not None:
            for inner in fields(field.part):
                if inner.number == 5:
                    return inner.text[:200]
    return ""


def _keras(doc: Document, metadata: Document) -> Iterator[Statement]:
    """Keras 2 keeps its version in JSON texts inside a message; the first one shows."""
    with metadata.stream() as stream:
        match = _KERAS_VERSION.search(whole(stream).upto(0, _KERAS_READ))
    if match:
        yield exact(doc, "keras", match.group(1).decode("ascii"), "keras.saved_model", at=metadata.place())
