"""Where a finding is shown by a service that knows the files of one repository only."""

from __future__ import annotations

from mlaudit.model.nouns import Place
from mlaudit.model.report import Finding, Report

MEMBER = "!/"
"""Stands between the path of an archive and the path inside it."""


def inside(path: str) -> bool:
    """Whether a path is one of the repository's: not above it, not standard input, not of a git revision."""
    return bool(path) and path != "-" and not path.startswith(("../", "/")) and path != ".." and ":" not in path


def file_of(path: str) -> str:
    """The file that a place is in: of a member of an archive, the archive."""
    return path.partition(MEMBER)[0]


def shown_at(finding: Finding, report: Report) -> Place:
    """The place to show a finding at: its first one inside the repository, else a source inside, else its own."""
    candidates = (*finding.locations, *(Place(path=path) for one in report.environments for path in one.sources))
    return next((at for at in candidates if inside(at.path)), finding.at)


def unique(fingerprint: str, used: dict[str, int]) -> str:
    """A fingerprint, told from earlier ones that are equal by a number behind it."""
    used[fingerprint] = used.get(fingerprint, 0) + 1
    return fingerprint if used[fingerprint] == 1 else f"{fingerprint}-{used[fingerprint]}"
