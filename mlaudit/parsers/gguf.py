"""GGUF models: the format and quantization numbers are recorded, no writer's version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.gguf_header import MAGIC, Header
from mlaudit.grammars.model_file.recorded import artifact, ranged
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_NUMBERS = {"general.quantization_version": "quantization", "general.file_type": "file_type"}


def _is_gguf(doc: Document) -> bool:
    return doc.head.startswith(MAGIC)


@parser(kind="artifact", files=["*.gguf"], access="binary", content=_is_gguf, starts=[MAGIC])
def read(doc: Document) -> Iterator[Statement]:
    """The scalar keys; lists and tensors are passed over, so that a cut file is reported."""
    with doc.stream() as stream:
        header = Header(whole(stream))
    architecture = header.values.get("general.architecture")
    numbers = {word: header.values[key] for key, word in _NUMBERS.items() if key in header.values}
    shown = (f"{word}={number}" for word, number in numbers.items())
    name = architecture if isinstance(architecture, str) and architecture.isidentifier() else None
    yield artifact(doc, "gguf", classes=(name,) if name else (), says=(f"GGUF {header.version}", *shown))
    yield ranged(
        doc,
        "gguf",
        None,
        "gguf",
        detail=f"format {header.version}, no writer's version",
        numbers={"format": header.version, **numbers},
    )
    if header.problem:
        yield doc.unread(header.problem, package="gguf")
