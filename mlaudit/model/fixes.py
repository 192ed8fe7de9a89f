"""What would fix a finding: words, changes of versions, edits of files."""

from __future__ import annotations

from typing import NamedTuple

from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement of characters `start:end` of a file, all in one line of it.

    Attributes:
        start, end: offsets in the text, a byte-order mark not counted.
        old: the characters that are there.
        line, column: of `start`, counted from 1.
        whole_line: the line as written, without its end.
    """

    path: str
    start: int
    end: int
    new: str
    old: str = ""
    line: int = 1
    column: int = 1
    whole_line: str = ""

    @property
    def new_line(self) -> str:
        """The line after the edit."""
        at = self.column - 1
        return self.whole_line[:at] + self.new + self.whole_line[at + len(self.old) :]


class Change(NamedTuple):
    """One environment takes another version of one package."""

    environment: str
    package: str
    to: str

    def __str__(self) -> str:
        """The sentence part: `serving: numpy==2.1.3`."""
        return f"{self.environment}: {self.package}=={self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What would fix a finding: in words, and as edits where it can be done by span.

    Attributes:
        safe: the first change crosses nothing that is known to break; False if there is none.
        hazard: why the first change is not safe, as a sentence part.
        changes: the versions that would fix it, each by itself; the first is what the words advise.
        edits: what carries out the first change.
    """

    says: str
    safe: bool = False
    hazard: str = ""
    changes: tuple[Change, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def shown(self) -> str:
        """The words, with whether the change that they advise is safe."""
        if not self.changes:
            return self.says
        return f"{self.says} ({'safe' if self.safe else 'unsafe'})"
