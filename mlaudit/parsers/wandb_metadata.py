"""`wandb-metadata.json` of a W&B run: the Python, the machine and the image that it ran on.

Source: https://github.com/wandb/wandb/blob/main/core/internal/runmetadata (its older and newer keys).
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.dump_text import platform_facts
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Statement
from mlaudit.parsers._registry import parser

_PYTHON = lazy_pattern(r"(?:(?P<implementation>[A-Za-z]{1,16}) )?(?P<version>\d{1,2}\.\d{1,3}(?:\.\d{1,3}\S{0,16})?)")
_KEYS = lazy_pattern(rb'"(?:heartbeatAt|startedAt|writerId|codePath|program)"\s{0,8}:')


def _looks_like_it(doc: Document) -> bool:
    head = doc.head[:16384]
    return head.lstrip()[:1] == b"{" and b'"python"' in head and b'"os"' in head and _KEYS.search(head) is not None


@parser(kind="dump", files=["wandb-metadata.json"], content=_looks_like_it, marks=[b'"os"'])
def read(doc: Document) -> Iterator[Statement]:
    """Python, platform and image; the CUDA that is there is the machine's, not that of any package."""
    root = doc.json
    if not root.table():
        raise Unreadable("it is empty; expected keys like `python` and `os`")
    yield from doc.guarded([root.get("python")], lambda node: _python(doc, node))
    yield from doc.guarded([root.get("os")], lambda node: _platform(doc, node))
    yield from doc.guarded([root.get("docker")], lambda node: _image(doc, node))
    for key in ("cuda", "cudaVersion", "cuda_version"):
        yield from doc.guarded([root.get(key)], lambda node: _cuda(doc, node))


def _python(doc: Document, node: Node) -> Iterator[Statement]:
    if not node.exists:
        return
    text, at = node.text().strip(), doc.at(*node.route)
    match = _PYTHON.fullmatch(text)
    if match is None:
        yield doc.unread("expected a Python version like `3.11.7`", at, what=text, package="python")
        return
    if match["implementation"]:
        yield Fact(key="implementation", value=match["implementation"].lower(), at=at)
    yield doc.pin(Layer.INSTALLED, "python", match["version"], at=at, kind=Kind.PYTHON)


def _platform(doc: Document, node: Node) -> Iterator[Statement]:
    if node.exists:
        yield from platform_facts(node.text(), doc.at(*node.route))


def _image(doc: Document, node: Node) -> Iterator[Statement]:
    if node.exists and node.text().strip():
        yield from image_tags.statements(doc, node.text(), doc.at(*node.route))


def _cuda(doc: Document, node: Node) -> Iterator[Statement]:
    if node.exists and node.text().strip():
        note = f"the machine's driver or toolkit is for CUDA {node.text().strip()[:40]}, W&B says"
        yield Fact(key="note", value=note, at=doc.at(*node.route))
