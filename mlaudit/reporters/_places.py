"""Where a finding is shown by a service that knows the files of one repository only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.model.nouns import Edit, Place, Role
from mlaudit.model.report import Finding, Location, Report
from mlaudit.model.secrets import masked
from mlaudit.reporters._escape import for_terminal

MEMBER = "!/"
"""Separates the path of an archive from the path inside it."""


def inside(path: str) -> bool:
    """Whether a path is one of the repository's: not above it, not standard input, not of a git revision."""
    return bool(path) and path != "-" and not path.startswith(("../", "/")) and path != ".." and ":" not in path


def file_of(path: str) -> str:
    """The file that a place is in: of a member of an archive, the archive."""
    return path.partition(MEMBER)[0]


def shown_at(finding: Finding, report: Report) -> Place:
    """The place to show a finding at: its first one inside the repository, else a source inside, else its own."""
    own = (location.place for location in finding.locations)
    candidates = (*own, *(Place(path=path) for environment in report.environments for path in environment.sources))
    return next((at for at in candidates if inside(at.path)), finding.at)


def suggestion(edit: Edit, word: str) -> Iterator[str]:
    """The changed line, in the fenced block that a service applies; none for a line that holds a secret."""
    line = edit.new_line
    if masked(line) != line or for_terminal(line) != line:
        return
    runs = [len(run) for run in re.findall("`+", line)]
    fence = "`" * max(3, *(run + 1 for run in runs), 3)
    yield from (f"{fence}{word}", line, fence)


_ROLES = {
    Role.WRITER: "the side that writes",
    Role.STATEMENT: "another statement",
    Role.REQUIREMENT: "what requires it",
    Role.PACKAGE: "the package beside it",
    Role.ARTIFACT: "the artifact",
    Role.CONFIGURATION: "the configuration",
    Role.FILE: "the other file",
}


def annotation(location: Location) -> str:
    """What a location has to do with its finding, and the text there: `the side that writes: 2.1.3`.

    Where the change should be made needs no word: it is what the finding speaks of.
    """
    return ": ".join(part for part in (_ROLES.get(location.role), location.says) if part)


def annotated(finding: Finding) -> Iterator[str]:
    """Every place of a finding, with what it is if there are several: `a.txt:3:1 (the side that writes: 2.1.3)`."""
    for location in finding.locations:
        words = annotation(location) if finding.related else ""
        yield f"{location.place} ({words})" if words else str(location.place)


def unique(fingerprint: str, used: dict[str, int]) -> str:
    """A fingerprint, made unique among equal ones by a number behind it."""
    used[fingerprint] = used.get(fingerprint, 0) + 1
    return fingerprint if used[fingerprint] == 1 else f"{fingerprint}-{used[fingerprint]}"
