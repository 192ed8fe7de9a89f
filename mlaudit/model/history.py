"""What a history says: commits, what each side of a crossing had when, and since when two sides differ."""

from __future__ import annotations

from datetime import datetime

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit.

    Attributes:
        name: its hash.
        repository: the name of its repository, where there are several; empty for the audited one.
        bot: the dependency bot that made it, None where nobody knows of one.
    """

    name: str
    parents: tuple[str, ...]
    authored: datetime
    committed: datetime
    author: str
    address: str
    subject: str
    repository: str = ""
    bot: str | None = None


NEW, UNCHANGED, MENDED = "new", "unchanged", "mended"
"""What a finding is against another revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchChange:
    """What lies between two revisions, beside the new findings.

    Attributes:
        revision: what was asked for (`origin/main`).
        base: the commit that was audited as the earlier state.
        head: the commit that was audited as the later state; None for the working tree.
        new: how many findings only the later state has.
        unchanged: findings of both states, as the later one has them.
        mended: findings that only the earlier state has, with the places of that state.
        notes: what the user should know about how the two were held against each other.
    """

    revision: str
    base: str
    head: str | None = None
    new: int = 0
    unchanged: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
