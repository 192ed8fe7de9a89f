"""Files whose names suggest a format, without those whose content is not of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.parsers._registry import format_names, is_suggested, named
from mlaudit.sources.working_tree import WorkingTree


def stating(paths: Iterable[str], folder: Path, root: WorkingTree) -> tuple[str, ...]:
    """Paths below a folder without those whose name suggests a format that their content is not of."""
    return tuple(path for path in paths if _is_as_named(path, folder, root))


def _is_as_named(path: str, folder: Path, root: WorkingTree) -> bool:
    if not any(map(is_suggested, format_names(path))):
        return True
    suggesting = [parser for parser in named(path) if parser.suggested and parser.content is not None]
    try:
        document = root.document(folder / path)
        return any(parser.content(document) for parser in suggesting if parser.content is not None)
    except Unreadable:
        # What cannot be opened is reported when it is read.
        return True
