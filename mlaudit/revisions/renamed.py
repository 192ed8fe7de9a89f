"""Which file of an earlier state is which of a later one: what git takes for a rename, and what moved uncommitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.revisions.spans import RevisionSpan
from mlaudit.sources.commit_tree import CommitTree, changed_paths
from mlaudit.sources.commits import renames
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.paths import is_file, open_regular
from mlaudit.sources.repository import Repository

_LIKE = 0.5
"""The part of their lines that two files share if one is the other renamed; git's own measure."""
_LIMIT = 4 * 1024 * 1024
MAX_CHANGED = 20_000
"""Paths by which two commits may differ, if git is to find which of them were renamed."""
MAX_MOVED = 50
"""Uncommitted files that are compared with each other."""


def renamed_files(
    span: RevisionSpan, reader: ObjectReader, earlier: Iterable[str], later: Iterable[str]
) -> dict[str, str]:
    """The later path of each file that has another one, by its earlier path.

    Args:
        earlier, later: the files of which environments of either state are made.
    """
    renames = committed_renames(span.repository, reader, span.base, span.head)
    return {**renames, **_uncommitted(span, reader, earlier, later, renames)} if span.is_working_tree else renames


def committed_renames(repository: Repository, reader: ObjectReader, old: str, new: str) -> dict[str, str]:
    """What git takes for renamed between two commits; nothing if that is more work than anybody waits for.

    Then a renamed file counts as another one.
    """
    try:
        changed = sum(1 for _ in changed_paths(reader, old, new))
        return renames(repository, old, new) if changed <= MAX_CHANGED else {}
    except Unreadable:
        return {}


def _uncommitted(
    span: RevisionSpan, reader: ObjectReader, earlier: Iterable[str], later: Iterable[str], known: Mapping[str, str]
) -> dict[str, str]:
    """Files that are gone from the working tree, each with the one that took its place."""
    root = span.repository.tree
    head = CommitTree(span.repository, span.head, reader)
    present = {known.get(path, path): path for path in earlier}
    gone = [path for path in present if not is_file(root / path) and head.token(path) is not None]
    new = [path for path in dict.fromkeys(later) if is_file(root / path) and head.token(path) is None]
    contents = {path: _lines(root, path) for path in new[:MAX_MOVED]}
    renames: dict[str, str] = {}
    for path in gone[:MAX_MOVED]:
        with head.open(path, follow=True) as stream:
            lines = Counter(stream.read(_LIMIT).splitlines())
        alike = {other: _likeness(lines, those) for other, those in contents.items() if other not in renames.values()}
        best = max(alike, key=lambda other: alike[other], default=None)
        if best is not None and alike[best] >= _LIKE:
            renames[present[path]] = best
    return renames


def _lines(root: Path, path: str) -> Counter[bytes]:
    try:
        with open_regular(root / path) as stream:
            return Counter(stream.read(_LIMIT).splitlines())
    except Unreadable:
        return Counter()


def _likeness(counter: Counter[bytes], other: Counter[bytes]) -> float:
    most = max(sum(counter.values()), sum(other.values()))
    return sum((counter & other).values()) / most if most else 1.0
