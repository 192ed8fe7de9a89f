"""Triton's config.pbtxt: the platform or backend that reads the model; no library's version is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_FIELD = lazy_pattern(r'\s{0,64}(platform|backend)\s{0,8}:\s{0,8}"([\w.+-]{1,100})"\s{0,64}')
_TEMPLATE = lazy_pattern(r'\s{0,64}(?:platform|backend)\s{0,8}:\s{0,8}"[^"]{0,100}\$\{')
_ANY = lazy_pattern(rb"(?m)^\s{0,64}(?:platform|backend|max_batch_size|instance_group)\s{0,8}[:\[{]")


def _is_config(doc: Document) -> bool:
    return doc.path.endswith(".pbtxt") and _ANY.search(doc.head) is not None


@parser(
    kind="artifact",
    files=["config.pbtxt"],
    content=_is_config,
    marks=[b"platform", b"backend", b"max_batch_size", b"instance_group"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The lines at the top level (docs.nvidia.com, Triton Inference Server, model configuration)."""
    if not doc.text.strip():
        raise Unreadable("it is empty; Triton needs a platform or a backend in it")
    is_described = False
    for number, line in enumerate(doc.text.split("\n"), 1):
        field = _FIELD.match(line[:400])
        if field:
            is_described = True
            column = field.start(1) + 1
            yield artifact(
                doc,
                f"triton.{field.group(2)}",
                says=(f"{field.group(1)} {field.group(2)}",),
                at=doc.place(number, column),
            )
        elif _TEMPLATE.match(line[:400]):
            is_described = True
            yield doc.unread("a placeholder in it has no value here", doc.place(number, 1), what=line, template=True)
    if not is_described:
        yield doc.unread("it names neither a platform nor a backend; Triton then guesses by the model's file")
