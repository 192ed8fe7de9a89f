"""Python sources that state an image or runtime environment: BentoML, Modal, Ray, Kubeflow, Airflow, SageMaker."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import python_installs, python_source, rewriting, sdk_images, task_environments, waivers
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import whole_text
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_BUILDERS = lazy_pattern(rb"(?m)^\s{0,16}(?:import|from) (?:bentoml|modal)\b")
_STATED = lazy_pattern(
    rb"\bImage\b|\.python_packages\(|\.pip_install\(|\.uv_pip_install\(|\bbentoml\.(?:bentos\.)?build\("
)
_OTHERS = lazy_pattern(rb"\bruntime_env\s{0,4}=|\bRuntimeEnv\(|\bpackages_to_install\s{0,4}=")
_SCRIPT_BLOCK = lazy_pattern(rb"(?m)^# /// script[ \t]*\r?$")


def states_an_image(doc: Document) -> bool:
    """Whether a source states what is installed where it runs."""
    head = doc.head
    builder = _BUILDERS.search(head) is not None and _STATED.search(head) is not None
    patterns = (_OTHERS, sdk_images.MENTIONED, task_environments.MENTIONED)
    others = any(pattern.search(head) is not None for pattern in patterns)
    of_others = others and b"import" in head
    return (builder or of_others) and _SCRIPT_BLOCK.search(head) is None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="recipe",
    files=["service.py", "*_service.py", "*modal*.py", "bento*.py"],
    content=states_an_image,
    marks=[b"bentoml", b"modal", b"import"],
    suggested=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """What the calls of the source install, in their order."""
    # A source that cannot be parsed is reported as that.
    tree = python_source.parsed(doc)
    if not python_source.is_notebook(doc):
        yield from waivers.in_comments(doc)
        builders = _BUILDERS.search(doc.head) is not None
        yield from python_installs.read(whole_text(doc), Recipe(doc, values=doc.defines), builders=builders)
    if task_environments.MENTIONED.search(doc.data) is not None:
        yield from task_environments.read(doc, tree)
    if sdk_images.MENTIONED.search(doc.data) is not None:
        yield from sdk_images.read(doc, tree)
