"""Truss: a config.yaml with the requirements, the Python and the base image of a served model."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_OWN = lazy_pattern(
    rb"(?m)^(?:model_class_filename|model_class_name|model_framework|model_module_dir|model_metadata|docker_server|trt_llm"
    rb"|external_package_dirs|model_cache|spec_version|build_commands|runtime|resources|base_image|secrets):"
)
_ANY = lazy_pattern(rb"(?m)^(?:requirements|requirements_file|python_version|base_image|trt_llm|model_name|resources):")
_OTHERS = lazy_pattern(rb"(?m)^(?:apiVersion|flavors|build|dependencies|service|\$schema|jobs|applications|bundle):")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if head.lstrip()[:1] == b"{" or _OTHERS.search(head.replace(b"\nbuild:", b"\n#")):
        return False
    return len(set(_OWN.findall(head))) >= 2 and _ANY.search(head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="descriptor",
    usual_files=["config.yaml"],
    content=_looks_like_it,
    marks=[
        b"requirements:",
        b"requirements_file:",
        b"python_version:",
        b"base_image:",
        b"trt_llm:",
        b"model_name:",
        b"resources:",
    ],
)
def read(doc: Document) -> Iterator[Statement]:
    """The base image first, then requirements, then build commands, as Truss builds its image.

    `python_version` chooses among the images of Truss; an image of one's own has the Python that it has.
    """
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `python_version` and `requirements`")
    config = Descriptor(doc)
    if not root.dig("base_image", "image").exists:
        yield from config.python(root.get("python_version"))
    yield from config.guarded([root.get("base_image")], lambda node: config.image(node.dig("image")))
    yield from config.system_packages(root.get("system_packages"))
    yield from config.include(root.get("requirements_file"))
    yield from config.requirements(root.get("requirements"))
    yield from config.script(root.get("build_commands"))
