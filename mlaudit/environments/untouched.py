"""Whether files belong to anything that a configuration declares, by names, before anything is read: for hooks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlaudit.document.document import MAX_NAMES
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.parsers._registry import format_names, kind_of
from mlaudit.request.options import Options
from mlaudit.request.settings import EnvironmentSettings, Settings
from mlaudit.sources.confinement import tree_around
from mlaudit.sources.paths import is_file, is_link, relative
from mlaudit.sources.working_tree import WorkingTree

MAX_BYTES = 64 * 1024
"""Size of a list that is looked at to see that it names no other file."""

_ALONE = ("list", "lock", "manifest")
"""Kinds of files that belong to an environment only where it names them, or something that it reads does."""
_OF_MODELS = ("artifact", "descriptor")
_PLAIN_NAME = lazy_pattern(r"[\w. /-]{1,400}")
_MAY_NAME_A_FILE = lazy_pattern(rb"(?m)^[ \t\f\v]*[^\s#A-Za-z0-9]|^[^#\r\n]*[/\\@$%{]|^[^\r\n]*coding[:=]|\0")
"""What a list of requirements has where it includes another file, or installs from a folder (`.` and `..` too)."""


def are_surely_untouched(paths: Sequence[str], options: Options) -> bool:
    """Whether no declared environment can have a source at any of some files.

    It is sure only where all sources are lists of packages that name no other file, and no model stands around the
    files. Whatever takes a longer look is read.
    """
    settings, root = options.settings, options.root
    base = root / posixpath.dirname(settings.path or "")
    tree = WorkingTree(root, tree=tree_around(base))
    sources = {relative(base / text, root) for environment in settings.environments for text in environment.sources}
    try:
        return (
            not (options.only or _says_more(settings))
            and all(_names_no_other_file(environment, base, tree) for environment in settings.environments)
            and all(_stands_alone(path, root, sources | {settings.path or ""}, tree) for path in paths)
        )
    except Unreadable:
        return False


def _says_more(settings: Settings) -> bool:
    """Whether a configuration compares more than its environments, or is itself a subject of findings."""
    return bool(settings.pairs or settings.same or settings.ignores)


def _names_no_other_file(settings: EnvironmentSettings, base: Path, tree: WorkingTree) -> bool:
    return not (settings.writes or settings.reads) and all(
        _is_plain_list(text, base, tree) for text in settings.sources
    )


def _is_plain_list(text: str, base: Path, tree: WorkingTree) -> bool:
    path = base / text
    if not _PLAIN_NAME.fullmatch(text) or format_names(text) != ("requirements",):
        return False
    if is_link(path) or not is_file(path) or not tree.holds(path):
        return False
    document = tree.document(path)
    return document.size <= MAX_BYTES and _MAY_NAME_A_FILE.search(document.data) is None


def _stands_alone(path: str, root: Path, sources: set[str], tree: WorkingTree) -> bool:
    """Whether a file is no source, and no model is in its folder or above, to which it may belong."""
    shown = relative(path, root)
    if shown in sources or posixpath.isabs(shown) or shown.startswith("..") or is_link(path) or not is_file(path):
        return False
    if not all(kind_of(name) in _ALONE for name in format_names(shown)):
        return False
    return not any(_may_be_of_a_model(tree.names(root / folder)) for folder in _folders(shown))


def _folders(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def _may_be_of_a_model(names: Sequence[str]) -> bool:
    return len(names) >= MAX_NAMES or any(
        kind_of(format_name) in _OF_MODELS for name in names for format_name in format_names(name)
    )
