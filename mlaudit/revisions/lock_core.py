"""What of a lock file decides the versions of some packages: most commits of a long history change others.

In uv.lock, poetry.lock, pdm.lock and pylock.toml each package is a table of its own. Of the tables of packages that do
not matter the version and the files are left out, and all that speaks of other packages is kept: which of these are
installed may depend on it. Two texts with one core state the same of the packages that matter, on other lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from mlaudit.document.document import Document
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of

_TABLES = (b"\n[[package]]\n", b"\n[[packages]]\n")
_NAMES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_NAME = lazy_pattern(rb'name = "(?P<name>[A-Za-z0-9._-]{1,200})"\n')
# In the layout of the tools themselves, a list ends with the first line that begins with its bracket.
_LEFT_OUT = lazy_pattern(
    rb"(?m)^(?:version = [^\n]*|sdist = \{[^\n]*|content-hash = [^\n]*|content_hash = [^\n]*"
    rb"|(?:wheels|files) = \[(?:\]|\n(?:    [^\n]*\n)*\])|(?:wheels|files) = \[[^\n]*\])(?:\n|\Z)"
)
_UNUSUAL = (b'"""', b"'''", b"\r")
"""What may put the begin of a line inside of a string, or other ends of lines."""
_MEMO = 50_000
MOST_BYTES = 16 * 1024 * 1024
"""A larger lock is read as a whole each time."""

Core = tuple[bytes, ...]


class LockCores:
    """Cores of locks; a table that many revisions have in common is looked at once.

    Args:
        matters: tells whether the versions of a package count.
    """

    def __init__(self, matters: Callable[[str], bool]) -> None:
        self._matters = matters
        self._tables: dict[bytes, bytes] = {}

    def core(self, document: Document) -> Core | None:
        """The core of a lock, None for any other document."""
        name = document.path.rpartition("/")[2].rpartition(":")[2]
        if name not in _NAMES or document.size > MOST_BYTES:
            return None
        data = document.data
        separator = next((table for table in _TABLES if table in data), None)
        if separator is None or any(sign in data for sign in _UNUSUAL):
            return None
        head, *tables = data.split(separator)
        forks = {name for name, count in Counter(_name(table) for table in tables).items() if count > 1}
        return (
            _LEFT_OUT.sub(b"", head) if b"content_hash" in head else head,
            *(self._table(table, forks) for table in tables),
        )

    def _table(self, table: bytes, forks: set[bytes]) -> bytes:
        name = _name(table)
        if name in forks:
            return table
        known = self._tables.get(table)
        if known is None:
            plain = name.decode("ascii")
            keeps = not plain or self._matters(package_of(plain))
            known = table if keeps else _LEFT_OUT.sub(b"", table)
            if len(self._tables) < _MEMO:
                self._tables[table] = known
        return known


def _name(table: bytes) -> bytes:
    """The name of the package that a table is about, empty if it does not begin with that."""
    match = _NAME.match(table)
    return match["name"] if match else b""
