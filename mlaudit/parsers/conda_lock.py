"""conda-lock.yml: one entry per manager, name and platform."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars.conda import conda_lock_entries
from mlaudit.grammars.relocking import LockTool
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

SUPPORTED = "1"
"""The only `version` of the format (conda_lock/lockfile/v1/models.py)."""

# The first pixi.lock files have this shape too, with the versions 2 and 3.
_HEAD = lazy_pattern(rb"(?m)^version: [\"']?(?:[014-9]|[1-9]\d{1,3})[\"']?\s*$")


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _HEAD.search(head) is not None and b"\nmetadata:" in head and b"content_hash:" in head


lock_tool = LockTool(
    manifests=("environment.yml", "environment.yaml", "meta.yaml", "pyproject.toml"),
    command=lambda package, _, manifest: ("conda-lock", "lock", "--file", manifest, "--update", package),
)
"""The tool that updates it; the lock is never edited."""


@parser(
    kind="lock",
    files=["conda-lock.yml", "conda-lock.yaml", "*.conda-lock.yml", "*.conda-lock.yaml", "conda-lock[.-]*.y*ml"],
    content=_looks_like_it,
    marks=[b"content_hash:"],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """Every locked package with its platform and category."""
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; conda-lock.yml begins with `version: 1`")
    version = root.get("version").maybe_text()
    if version != SUPPORTED:
        stated = f"version {version}" if version else "no version"
        raise Malformed(f"the lock states {stated}; version {SUPPORTED} is read", ("version",))
    yield from conda_lock_entries.statements(doc, root)
