"""What is known of a fleet so far, in an SQLite file: a run that ended early goes on where it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mlaudit.model.errors import UsageError

_LAYOUT = "mlaudit.fleet-state/1"


class FleetState:
    """The rows of repositories, by name; in a temporary file where no path is given.

    Args:
        question: what the rows answer; rows that answer another question are dropped.
    """

    def __init__(self, path: Path | None, question: str) -> None:
        self._path = path
        try:
            self._rows = sqlite3.connect("" if path is None else path, isolation_level=None)
            self._begin(question)
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"--state {path}: it cannot be used: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def known(self, name: str, stamp: str) -> bool:
        """Whether there is a row for a repository as it is now."""
        row = self._rows.execute("SELECT stamp FROM rows WHERE name = ?", (name,)).fetchone()
        return row is not None and row[0] == stamp

    def put(self, name: str, stamp: str, row: str) -> None:
        """Keep the row of a repository, instead of an earlier one."""
        try:
            self._rows.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", (name, stamp, row))
        except sqlite3.Error as error:
            raise UsageError(f"--state {self._path}: it cannot be written: {error}") from None

    def keep(self, names: Iterator[str]) -> None:
        """Drop the rows of every other repository."""
        self._rows.execute("CREATE TEMP TABLE wanted (name TEXT PRIMARY KEY)")
        self._rows.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((name,) for name in names))
        self._rows.execute("DELETE FROM rows WHERE name NOT IN (SELECT name FROM wanted)")
        self._rows.execute("DROP TABLE wanted")

    def rows(self) -> Iterator[str]:
        """Every row, in the order of names, one at a time."""
        for (row,) in self._rows.execute("SELECT row FROM rows ORDER BY name"):
            yield row

    def finish(self) -> None:
        """The run is complete: the next one reads again whatever may have changed without a sign of it."""
        self._rows.execute("UPDATE about SET value = 'yes' WHERE key = 'finished'")

    def _begin(self, question: str) -> None:
        if self._path is not None:
            self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT)")
        self._rows.execute("CREATE TABLE IF NOT EXISTS rows (name TEXT PRIMARY KEY, stamp TEXT, row TEXT)")
        about = dict(self._rows.execute("SELECT key, value FROM about"))
        if about and about.get("layout") != _LAYOUT:
            raise UsageError(f"--state {self._path}: it is no state of `mlaudit fleet`; name another file")
        if about.get("question") != question:
            self._rows.execute("DELETE FROM rows")
        elif about.get("finished") == "yes":
            self._rows.execute("DELETE FROM rows WHERE stamp = ''")
        values = {"layout": _LAYOUT, "question": question, "finished": "no"}
        self._rows.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())
