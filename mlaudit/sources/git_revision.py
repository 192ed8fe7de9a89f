"""Files of a git revision as documents, asked of git itself; the working tree is not touched."""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.model.errors import Unreadable

_SECONDS = 60


def _git(folder: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises Unreadable with git's own word."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603  arguments go as a list, and `_revision` checks the user's
            (  # noqa: S607  git is found by PATH, as the user's own is
                "git",
                "-C",
                str(folder),
                "--no-pager",
                *arguments,
            ),
            capture_output=True,
            check=False,
            env=environment,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise Unreadable("git is not installed, so no revision can be read") from None
    except subprocess.TimeoutExpired:
        raise Unreadable(f"git did not answer in {_SECONDS} seconds") from None
    if done.returncode != 0:
        raise Unreadable(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or "git failed")
    return done.stdout


@lru_cache(maxsize=256)
def _revision(folder: Path, revision: str) -> str:
    """The commit that a revision names. Raises Unreadable."""
    if revision.startswith("-"):
        raise Unreadable(f"`{revision}` is no git revision")
    return _git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()


def document(
    folder: Path, revision: str, path: str, defines: Mapping[str, str] | None = None, *, shown: str | None = None
) -> Document:
    """The document of a path, relative to `folder`, at a revision, reported as of `shown`. Raises Unreadable."""
    commit = _revision(folder, revision)
    prefix = _git(folder, "rev-parse", "--show-prefix").decode().strip()
    inside = posixpath.normpath(posixpath.join(prefix, path))
    return _at(folder, commit, shown or revision, inside, defines or {})


def _at(folder: Path, commit: str, revision: str, path: str, defines: Mapping[str, str]) -> Document:
    if path.startswith(("../", "/")):
        raise Unreadable(f"`{path}` lies outside the repository")
    size = int(_git(folder, "cat-file", "-s", f"{commit}:{path}"))
    if size > WHOLE_LIMIT:
        raise Unreadable(f"it has {size} bytes; of a revision, {WHOLE_LIMIT} are read")

    def opener() -> AbstractContextManager[BinaryIO]:
        return BytesIO(_git(folder, "cat-file", "blob", f"{commit}:{path}"))

    def ask(relative: str) -> Document | None:
        try:
            return _at(
                folder, commit, revision, posixpath.normpath(posixpath.join(posixpath.dirname(path), relative)), defines
            )
        except Unreadable:
            return None

    return Document(f"{revision}:{path}", opener=opener, size=size, ask=ask, defines=defines)


def files(folder: Path, revision: str, path: str) -> tuple[str, ...]:
    """Paths of the files at and below a path of a revision, relative to `folder`. Raises Unreadable."""
    commit = _revision(folder, revision)
    listed = _git(folder, "ls-tree", "-r", "-z", "--name-only", "--full-name", commit, "--", path)
    prefix = _git(folder, "rev-parse", "--show-prefix").decode().strip()
    names = (name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name)
    return tuple(posixpath.relpath(name, prefix) if prefix else name for name in names)
