"""Cog's cog.yaml: the Python, CUDA and packages of a model's image."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Statement
from mlaudit.parsers._registry import parser

_BUILD = lazy_pattern(rb"(?m)^(?:build|environment):[ \t]*\r?$")
_OWN = lazy_pattern(
    rb"(?m)^(?:predict|train|model):[ \t]*[\"']?[\w./-]+\.py:"
    rb"|^[ \t]+(?:python_packages|python_requirements|gpu|cuda|python_version):"
)


def _looks_like_it(doc: Document) -> bool:
    return _BUILD.search(doc.head) is not None and len(_OWN.findall(doc.head)) >= 2


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(kind="descriptor", files=["cog.yaml", "cog.yml"], content=_looks_like_it, marks=[b"build:", b"environment:"])
def read(doc: Document) -> Iterator[Statement]:
    """`build` (`environment` in the oldest files): system packages, then Python ones, then the commands of `run`."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected a table `build`")
    cog = Descriptor(doc)
    build = root.get("build") if root.get("build").exists else root.get("environment")
    yield from cog.guarded([build], lambda node: _build(cog, node))


def _build(cog: Descriptor, node: Node) -> Iterator[Statement]:
    yield from cog.python(node.dig("python_version"))
    yield from cog.version("cuda", Kind.CUDA, node.dig("cuda"))
    yield from cog.version("cudnn", Kind.CUDNN, node.dig("cudnn"))
    yield from cog.system_packages(node.dig("system_packages"))
    yield from cog.script(node.dig("pre_install"))
    yield from cog.include(node.dig("python_requirements"))
    yield from cog.requirements(node.dig("python_packages"))
    for command in node.dig("run").each():
        yield from cog.script(command.get("command") if command.is_table else command)
