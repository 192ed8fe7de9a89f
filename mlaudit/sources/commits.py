"""The commits of a repository: merge bases, histories, renames; asked of git about objects alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from mlaudit.model.errors import Unreadable
from mlaudit.model.history import Commit
from mlaudit.sources.prepared_git import run_git
from mlaudit.sources.repository import Repository

MAX_COMMITS = 100_000
"""Commits of one history that are looked at."""
_FIELDS = ("%H", "%P", "%at", "%ct", "%an", "%ae", "%s")


def merge_bases(repository: Repository, first: str, other: str) -> list[str]:
    """The best common ancestors of two commits, none where they have none. Raises Unreadable."""
    try:
        # It ends with 1 and says nothing if there is none.
        return run_git(repository.store, "merge-base", "--all", first, other).decode().split()
    except Unreadable as error:
        if error.why == "git failed":
            return []
        raise


def is_shallow(repository: Repository) -> bool:
    """Whether the clone does not have all commits."""
    return repository.store.shallow is not None


def log(repository: Repository, tip: str, *, first_parent: bool = False, since: datetime | None = None) -> list[Commit]:
    """The commits that lead to one, newest first, `MAX_COMMITS` at most. Raises Unreadable."""
    chosen = ["--first-parent"] if first_parent else ["--topo-order"]
    answer = run_git(
        repository.store,
        "log",
        "-z",
        "--no-show-signature",
        "--encoding=UTF-8",
        "--no-decorate",
        f"--max-count={MAX_COMMITS}",
        f"--format={'%x1f'.join(_FIELDS)}",
        *chosen,
        "--end-of-options",
        tip,
    )
    commits = list(_commits(answer.decode("utf-8", "replace")))
    return commits if since is None else [commit for commit in commits if commit.committed >= since]


def _commits(text: str) -> Iterator[Commit]:
    for record in text.split("\0"):
        fields = record.strip("\n").split("\x1f", len(_FIELDS) - 1)
        if len(fields) == len(_FIELDS):
            name, parents, authored, committed, author, address, subject = fields
            yield Commit(
                name=name,
                parents=tuple(parents.split()),
                authored=_moment(authored),
                committed=_moment(committed),
                author=author,
                address=address,
                subject=subject,
            )


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc)
    except (ValueError, OverflowError, OSError):
        # A commit may have any number as its date.
        return datetime.fromtimestamp(0, timezone.utc)


def renames(repository: Repository, old: str, new: str) -> dict[str, str]:
    """The files that have another path in a later commit, by their earlier path. Raises Unreadable."""
    answer = run_git(
        repository.store, "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", "--no-ext-diff",
        "--no-textconv", "--end-of-options", old, new,
    )  # fmt: skip
    words = answer.decode("utf-8", "surrogateescape").split("\0")
    return {words[at + 1]: words[at + 2] for at in range(0, len(words) - 2, 3) if words[at].startswith("R")}
