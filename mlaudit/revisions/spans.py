"""`REV` or `REV1..REV2` → the two commits that are audited; where one is not there, which fetch brings it."""

from __future__ import annotations

from pathlib import Path

from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources.commits import is_shallow, merge_bases
from mlaudit.sources.git_revision import resolve_commit
from mlaudit.sources.repository import Repository, find_repository

_REMOTE = lazy_pattern(r"(?:refs/remotes/)?(?P<remote>origin|upstream)/(?P<branch>[\w./-]{1,200})")
_COMMIT = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_UNSHALLOW = "`git fetch --unshallow` brings the rest (with actions/checkout: `fetch-depth: 0`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSpan:
    """Two states of one repository.

    Attributes:
        base: the commit of the earlier one.
        head: the commit of the later one.
        is_working_tree: the later one is the working tree, and `head` what is checked out.
    """

    revision: str
    repository: Repository
    base: str
    head: str
    is_working_tree: bool


def span_of(folder: Path, revision: str) -> RevisionSpan:
    """The states that `--against` names. Raises UsageError.

    `REV` is the merge base with what is checked out, against the working tree; `REV1..REV2` are these two commits,
    and `REV1...REV2` the merge base of both against the second.
    """
    try:
        repository, _ = find_repository(folder.resolve(), bare=False)
    except Unreadable as error:
        raise UsageError(f"--against {revision}: {error.why}") from None
    dots = "..." if "..." in revision else ".."
    first_name, between, other = revision.partition(dots)
    if not first_name or (between and not other):
        raise UsageError(f"--against {revision}: expected REV, or REV1..REV2")
    first = commit_of(repository, first_name, f"--against {revision}")
    second = commit_of(repository, other or "HEAD", f"--against {revision}")
    base = first if between == ".." else _merge_base(repository, first, second, revision)
    return RevisionSpan(revision=revision, repository=repository, base=base, head=second, is_working_tree=not between)


def commit_of(repository: Repository, revision: str, option: str) -> str:
    """The commit of a revision. Raises UsageError, with the fetch that is needed where it is not there."""
    try:
        return resolve_commit(repository, revision)
    except Unreadable as error:
        raise UsageError(f"{option}: {error.why}{_fetch(repository, revision)}") from None


def _fetch(repository: Repository, revision: str) -> str:
    """Which fetch brings a revision, as the end of a sentence; empty if that is not known."""
    remote = _REMOTE.fullmatch(revision)
    if remote is not None:
        return (
            f". `git fetch --no-tags {remote['remote']} "
            f"+refs/heads/{remote['branch']}:refs/remotes/{remote['remote']}/{remote['branch']}` brings it"
        )
    try:
        shallow = is_shallow(repository)
    except Unreadable:
        return ""
    if shallow and _COMMIT.fullmatch(revision):
        return f". This clone is shallow: `git fetch --no-tags origin {revision}` brings it"
    return f". This clone is shallow: {_UNSHALLOW}" if shallow else ""


def _merge_base(repository: Repository, first_commit: str, other: str, revision: str) -> str:
    try:
        bases = merge_bases(repository, first_commit, other)
        if bases:
            return bases[0]
        shallow = is_shallow(repository)
    except Unreadable as error:
        raise UsageError(f"--against {revision}: {error.why}") from None
    why = f"the clone is shallow, so that none is seen: {_UNSHALLOW}" if shallow else "their histories are unrelated"
    raise UsageError(f"--against {revision}: no commit is an ancestor of both it and what is checked out; {why}")
