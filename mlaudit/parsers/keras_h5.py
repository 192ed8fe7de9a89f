"""Keras HDF5 files: `keras_version` and `backend` are attributes of the root group."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.endings import missing
from mlaudit.grammars.model_file.hdf5 import MAGIC, RootAttributes
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_CLASS = lazy_pattern(r'"class_name"\s{0,4}:\s{0,4}"([A-Za-z_]\w{0,100})"')

_MISNAMED = "HDF5 named .keras"

CONFIGURATION, CLASSES = 4 * 1024 * 1024, 100
"""Characters of a configuration in which classes are looked for, and how many are kept: the model's own comes first."""


def _is_hdf5(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


@parser(kind="artifact", files=["*.h5", "*.hdf5", "*.keras"], access="binary", content=_is_hdf5, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """The attributes of the root group; weights files have them at their groups only in Keras 2."""
    with doc.stream() as stream:
        window = whole(stream)
        root = RootAttributes(window)
    classes = tuple(dict.fromkeys(_CLASS.findall(root.texts.get("model_config", "")[:CONFIGURATION])))[:CLASSES]
    backend = root.texts.get("backend")
    says = (f"backend {backend[:40]}",) if backend else ()
    kind = "keras.h5" if "keras_version" in root.texts or classes else "hdf5"
    if kind == "keras.h5" and doc.path.lower().endswith(".keras"):
        classes = (*classes, _MISNAMED)
    yield artifact(doc, kind, classes=classes, says=says)
    if "keras_version" in root.texts:
        yield exact(doc, "keras", root.texts["keras_version"], "keras.h5")
    elif root.dense:
        yield doc.unread("its attributes are in HDF5's dense storage, which is not read", package="keras")
    elif kind == "keras.h5" or "layer_names" in root.names:
        yield ranged(doc, "keras", None, "keras.h5", detail="no version is recorded")
    if root.needed > window.size:
        yield doc.unread(missing("the file", window.size, root.needed))
