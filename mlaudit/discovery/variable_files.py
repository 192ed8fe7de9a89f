"""Environment variables in files: `.env`, what compose calls `env_file`, and the example that people copy to `.env`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress

from mlaudit.discovery.recipes import AuditedTree, ImageRun
from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

MAX_BYTES = 64 * 1024
"""Of one file of variables."""
MAX_VARIABLES = 500
"""Of one file."""

_EXAMPLES = (
    *(".example", ".sample", ".template", ".dist", ".default", ".defaults"),
    *("_example", "_sample", "_template", ".EXAMPLE"),
)
_LINE = lazy_pattern(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w{0,99})[ \t]*=[ \t]*([^\n\r]{0,1000})")
_QUOTED = lazy_pattern(r"\"([^\"]*)\"|'([^']*)'")
_COMMENT = lazy_pattern(r"(?:^|[ \t])#.*")


def variables_of(document: Document) -> Iterator[tuple[str, str]]:
    """Variables of one file with their values; what refers to other variables is left out. Raises Unreadable."""
    if document.size > MAX_BYTES:
        return
    for match in list(_LINE.finditer(document.text))[:MAX_VARIABLES]:
        quoted = _QUOTED.match(match.group(2))
        value = (quoted.group(1) or quoted.group(2) or "") if quoted else _COMMENT.sub("", match.group(2)).strip()
        if value and "$" not in value and not value.startswith("<"):
            yield match.group(1), value


def file_of_variables(path: str, tree: AuditedTree) -> Document | None:
    """The file at a path or, where the tree has none since nobody commits it, the example beside it."""
    file = next(
        (file_path for file_path in (path, *(path + ending for ending in _EXAMPLES)) if file_path in tree.paths), None
    )
    return tree.document(file) if file is not None else None


def stated_variables(path: str, tree: AuditedTree) -> Iterator[tuple[str, str]]:
    """What a file of variables or its example sets."""
    document = file_of_variables(path, tree)
    # What cannot be read sets nothing that is known.
    with suppress(Unreadable):
        yield from variables_of(document) if document is not None else ()


def dotenv_run(folder: str, tree: AuditedTree) -> ImageRun | None:
    """What code in a folder finds set by the nearest `.env` above it; None if there is none that sets anything."""
    while True:
        path = posixpath.join(folder, ".env")
        settings = tuple(stated_variables(path, tree))
        if settings:
            return ImageRun(at=Place(path=path), settings=settings)
        if not folder:
            return None
        folder = posixpath.dirname(folder)
