"""Compose files: the images of services that no Dockerfile of theirs builds, and what their commands install."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.container.build_context import own_image
from mlaudit.grammars.container.compose_text import volumes, with_defaults
from mlaudit.grammars.container.dockerfile_stages import MAX_PARENTS
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Root, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

MAX_SERVICES = 500
"""Services of one file that are read."""
_SERVICES = lazy_pattern(rb"(?m)^services:[ \t]*\r?$")
_OWN = lazy_pattern(rb"(?m)^[ \t]+(?:image|build|command|volumes|environment|depends_on|ports):")


rewrite = rewriting.in_recipe
"""How a version in it is replaced: in the tags of images, and in what commands install."""


def _looks_like_it(doc: Document) -> bool:
    return _SERVICES.search(doc.head) is not None and len(_OWN.findall(doc.head)) >= 2


@parser(
    kind="aside",
    files=[
        "compose.yml",
        "compose.yaml",
        "compose.*.yml",
        "compose.*.yaml",
        "docker-compose*.yml",
        "docker-compose*.yaml",
    ],
    content=_looks_like_it,
    marks=[b"services:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every service with an `image` and no `build` is a root; what is built is reported where it is built.

    https://docs.docker.com/reference/compose-file/services/
    """
    yield from waivers.in_comments(doc)
    services = doc.yaml.get("services")
    for number, (name, service) in enumerate(services.items() if services.exists else ()):
        if number >= MAX_SERVICES:
            yield doc.unread(f"it has more than {MAX_SERVICES} services; the others are not read")
            return
        yield from doc.guarded([service], partial(_service, doc, name))
    yield from _notes_of_built(doc, services)


def _notes_of_built(doc: Document, services: Node) -> Iterator[Statement]:
    """Where to look for what the services have, in a file that states no image of its own."""
    listed = [service for _, service in services.items() if service.is_table] if services.is_table else []
    built = [service for service in listed if service.get("build").exists and not _own_dockerfile(service).exists]
    if built and len(built) == len(listed):
        says = "its services are built by Dockerfiles, which say what is installed"
        yield Fact(key="note", value=says, at=doc.at(*built[0].route))


def _own_dockerfile(service: Node) -> Node:
    """The Dockerfile that stands in the compose file itself."""
    build = service.get("build")
    return build.get("dockerfile_inline") if build.is_table else Node(None)


def _service(doc: Document, name: str, service: Node) -> Iterator[Statement]:
    at = doc.at(*service.route)
    inner = _own_dockerfile(service)
    if inner.exists:
        yield doc.unread("the Dockerfile that stands in it is not read", doc.at(*inner.route), what=name)
    image = service.get("image")
    text = with_defaults(image.maybe_text() or "")
    # What the tree builds is reported where it is built.
    if service.get("build").exists or not text or own_image(doc, text, MAX_PARENTS) is not None:
        return
    yield Root(name=name, kind="environment", at=at)
    described = Descriptor(doc, parts=(name,))
    described.recipe.folder = service.get("working_dir").maybe_text() or "/"
    seen = {each.target.rstrip("/"): each.source for each in volumes(service) if each.source.startswith(".")}
    described.recipe.locate = partial(_located, doc, seen)
    scope = PinScope(parts=(name,), step=described.recipe.step)
    yield from image_tags.statements(doc, text, doc.at(*image.route), scope=scope)
    for stated in (service.get("entrypoint"), service.get("command")):
        yield from described.command(list(stated.each())) if stated.is_list else described.script(stated)


def _located(doc: Document, mounted: dict[str, str], path: str) -> str | None:
    """The file of the tree that a service sees at a path."""
    for target, source in mounted.items():
        if path == target or path.startswith(f"{target}/"):
            inner = posixpath.normpath(posixpath.join(source, path[len(target) :].lstrip("/")))
            return inner if doc.beside(inner) is not None else None
    return None
