"""AWS CodeBuild's buildspec.yml: the Python of its runtime and what its phases install."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_VERSION = lazy_pattern(rb"(?m)^version:[ \t]*[\"']?0\.[12]\b")
_PHASES = lazy_pattern(rb"(?m)^phases:")
_ORDER = ("install", "pre_build", "build", "post_build")


def _looks_like_it(doc: Document) -> bool:
    return _VERSION.search(doc.head) is not None and _PHASES.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="recipe",
    files=["buildspec.yml", "buildspec.yaml", "buildspec*.yml", "buildspec*.yaml"],
    content=_looks_like_it,
    marks=[b"phases:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The phases in the order in which CodeBuild runs them; `finally` commands come last in each."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `version` and `phases`")
    build = Descriptor(doc)
    variables = root.dig("env", "variables")
    if variables.is_table:
        build.recipe.values = {key: value.text() for key, value in variables.items() if value.is_text}
    build.recipe.values.update(doc.defines)
    for name in _ORDER:
        yield from build.guarded([root.dig("phases", name)], lambda phase: _phase(build, phase))


def _phase(build: Descriptor, phase: Node) -> Iterator[Statement]:
    runtime = phase.dig("runtime-versions", "python")
    if runtime.is_text and runtime.text() != "latest":
        yield from build.python(runtime)
    yield from build.script(phase.dig("commands"))
    yield from build.script(phase.dig("finally"))
