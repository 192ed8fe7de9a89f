"""MLflow's MLproject: the environment file or image of a project, and what its entry points install."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_ENTRY_POINTS = lazy_pattern(rb"(?m)^(?:entry_points|name):")
_ENVIRONMENT = lazy_pattern(rb"(?m)^(?:conda_env|python_env|docker_env):")


def _looks_like_it(doc: Document) -> bool:
    return _ENTRY_POINTS.search(doc.head) is not None and _ENVIRONMENT.search(doc.head) is not None


@parser(
    kind="descriptor",
    files=["MLproject"],
    content=_looks_like_it,
    marks=[b"conda_env:", b"python_env:", b"docker_env:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """What its entry points run in: the files that it names, or an image."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        return
    project = Descriptor(doc)
    image = root.get("docker_env")
    yield from project.guarded([image], lambda node: project.image(node.dig("image")))
    yield from project.conda_file(root.get("conda_env"))
    yield from project.include(root.get("python_env"), "mlflow-python-env")
    commands = [entry.get("command") for _, entry in root.get("entry_points").items() if entry.is_table]
    yield from project.guarded(commands, project.script)
