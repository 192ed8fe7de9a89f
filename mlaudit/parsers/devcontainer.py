"""devcontainer.json: the image of a development container, its features, and what its commands install."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from mlaudit.document import positions as locate
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Place, Statement
from mlaudit.parsers._registry import parser

# Texts and comments end where the document does, at the latest: a place in one is searched once.
_COMMENT = lazy_pattern(r'"(?:[^"\\]|\\.)*"?|//[^\n]*|/\*(?:.*?\*/|.*)', re.DOTALL)
_TRAILING = lazy_pattern(r'"(?:[^"\\]|\\.)*"?|,(?=\s*[}\]])', re.DOTALL)
_OWN = lazy_pattern(
    r'"(?:postCreateCommand|onCreateCommand|updateContentCommand|remoteUser|customizations|features)"\s*:'
)
_SOURCE = lazy_pattern(r'"(?:image|build|dockerFile|dockerComposeFile)"\s*:')
_COMMANDS = ("onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand")
_PYTHON_FEATURE = lazy_pattern(r"(?:^|/)python(?::[\w.-]+)?$")


def _looks_like_it(doc: Document) -> bool:
    text = doc.text[:65536]
    return text.lstrip()[:1] in "{/" and _OWN.search(text) is not None and _SOURCE.search(text) is not None


def _plain_json(text: str) -> str:
    """The text with comments and trailing commas blanked out, every other character where it stood."""

    def blank(match: re.Match[str]) -> str:
        token = match.group(0)
        is_open = token.startswith("/*") and not token.endswith("*/")
        return token if is_open or token.startswith('"') else re.sub(r"[^\n]", " ", token)

    return _TRAILING.sub(blank, _COMMENT.sub(blank, text))


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="recipe",
    files=["devcontainer.json", ".devcontainer.json"],
    content=_looks_like_it,
    marks=[b'"image"', b'"build"', b'"dockerFile"', b'"dockerComposeFile"'],
)
def read(doc: Document) -> Iterator[Statement]:
    """JSON with comments (https://containers.dev/implementors/json_reference/)."""
    text = _plain_json(doc.text)
    if not text.strip():
        raise Unreadable("it is empty; expected a table with `image` or `build`")
    try:
        root = Node(json.loads(text, parse_float=str))
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError as error:
        line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
        raise Unreadable(f"it is not valid JSON: {error}", line, column) from None
    locator = locate.json_locator(text)

    def at(node: Node) -> Place:
        span = locator.at(*node.route)
        return doc.place(*span) if span else doc.place(1, 1)

    yield from _statements(Descriptor(doc, at=at), root)


def _statements(container: Descriptor, root: Node) -> Iterator[Statement]:
    yield from container.image(root.get("image"))
    file = root.get("dockerFile") if root.get("dockerFile").exists else root.dig("build", "dockerfile")
    yield from container.include(file, "dockerfile")
    if root.get("dockerComposeFile").exists:
        says = "its image is named in a compose file, which is not read; name the Dockerfile as a source"
        yield Fact(key="note", value=says, at=container.at(root.get("dockerComposeFile")))
    for name, options in root.get("features").items():
        if _PYTHON_FEATURE.search(name):
            version = options.get("version") if options.is_table else options
            if version.is_text and version.text() not in ("latest", "none", "os-provided"):
                container.recipe.step += 1
                yield from container.python(version)
    for name in _COMMANDS:
        yield from container.guarded([root.get(name)], lambda node: _command(container, node))


def _command(container: Descriptor, node: Node) -> Iterator[Statement]:
    """A string for a shell, a list of arguments, or a table of either that run side by side."""
    if node.is_table:
        for name in node.table():
            yield from _command(container, node.get(name))
    elif node.is_list:
        yield from container.command(node.each())
    else:
        yield from container.script(node)
