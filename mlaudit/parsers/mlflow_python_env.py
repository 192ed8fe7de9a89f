"""MLflow's python_env.yaml: the Python and the requirements in which a saved model is to run."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_BUILD = lazy_pattern(rb"(?m)^build_dependencies:")
_PYTHON = lazy_pattern(rb"(?m)^python:")


def _looks_like_it(doc: Document) -> bool:
    return _BUILD.search(doc.head) is not None and _PYTHON.search(doc.head) is not None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="list",
    files=["python_env.yaml", "python_env.yml", "python-env.yaml"],
    content=_looks_like_it,
    marks=[b"build_dependencies:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Python, then `build_dependencies`, then `dependencies`, of which one is mostly `-r requirements.txt`."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `python`, `build_dependencies` and `dependencies`")
    environment = Descriptor(doc)
    yield from environment.python(root.get("python"))
    yield from environment.requirements(root.get("build_dependencies"))
    yield from environment.requirements(root.get("dependencies"))
