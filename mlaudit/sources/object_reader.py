"""Objects of a git repository in great number, from one `git cat-file --batch` process."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import OrderedDict
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from mlaudit.document.document import WHOLE_LIMIT
from mlaudit.model.errors import Unreadable
from mlaudit.sources.prepared_git import ObjectStore, prepare_git

_SECONDS = 60
_CHUNK = 1 << 20
_SET_PIPE_SIZE = 1031
"""`F_SETPIPE_SZ` of Linux, whose name Python has from 3.10 on some builds only."""
_KEPT_BYTES = 64 * 1024 * 1024
_KEPT_TREES = 20_000
_MISSING = "its content is missing in the repository, as in a partial clone; nothing is fetched"

_SEPARATORS = frozenset({"/", os.sep, *(os.altsep or ""), *(":" if os.sep != "/" else "")})

TREE_LIMIT = 32 * 1024 * 1024
"""Bytes of one listing of a folder."""


class TreeEntry(NamedTuple):
    """One entry of a folder in a commit: the mode that git keeps, and the name of the object."""

    mode: int
    name: str


class ObjectReader:
    """Contents of the objects of a store, the latest of them kept."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._content = _Batch(store, "--batch")
        self._header = _Batch(store, "--batch-check")
        self._sizes: dict[str, int] = {}
        self._blobs: OrderedDict[str, bytes] = OrderedDict()
        self._kept = 0
        self._trees: OrderedDict[str, dict[str, TreeEntry]] = OrderedDict()

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        self._content.close()
        self._header.close()

    def size(self, name: str) -> int:
        """How many bytes a blob has. Raises Unreadable where the repository does not hold it."""
        known = self._sizes.get(name)
        if known is None:
            known = self._sizes[name] = _header(self._header.ask(name), ("blob",))
        return known

    def blob(self, name: str) -> bytes:
        """The bytes of a blob. Raises Unreadable."""
        kept = self._blobs.get(name)
        if kept is not None:
            self._blobs.move_to_end(name)
            return kept
        size = self.size(name)
        if size > WHOLE_LIMIT:
            raise Unreadable(f"it has {size} bytes; of a revision, {WHOLE_LIMIT} are read")
        data = self._content.content(name, ("blob",))
        self._blobs[name] = data
        self._kept += len(data)
        while self._kept > _KEPT_BYTES and len(self._blobs) > 1:
            self._kept -= len(self._blobs.popitem(last=False)[1])
        return data

    def tree(self, name: str) -> dict[str, TreeEntry]:
        """The entries of a folder, by name; `name` may be that of a commit. Raises Unreadable."""
        kept = self._trees.get(name)
        if kept is not None:
            self._trees.move_to_end(name)
            return kept
        size = _header(self._header.ask(f"{name}^{{tree}}"), ("tree",))
        if size > TREE_LIMIT:
            raise Unreadable(f"a folder of it has a listing of {size} bytes; {TREE_LIMIT} are read")
        listed = _entries(self._content.content(f"{name}^{{tree}}", ("tree",)), self.store.hashed_by)
        self._trees[name] = listed
        if len(self._trees) > _KEPT_TREES:
            self._trees.popitem(last=False)
        return listed


def _entries(data: bytes, hashed_by: str) -> dict[str, TreeEntry]:
    """The entries of a tree object: for each its mode, name and binary hash. Raises Unreadable."""
    length = 32 if hashed_by == "sha256" else 20
    entries_by_name: dict[str, TreeEntry] = {}
    at = 0
    while at < len(data):
        space, end = data.find(b" ", at), data.find(b"\0", at)
        if space < 0 or end < space or end + length >= len(data) or not data[at:space].isdigit():
            raise Unreadable("a folder of it has a listing that git would not write")
        name = data[space + 1 : end].decode("utf-8", "surrogateescape")
        # Git refuses to write such names; on the way into paths they would lead elsewhere.
        if name not in ("", ".", "..") and not _SEPARATORS & set(name) and name.lower() != ".git":
            mode = int(data[at:space], 8) if set(data[at:space]) <= set(b"01234567") else 0
            entries_by_name[name] = TreeEntry(mode, data[end + 1 : end + 1 + length].hex())
        at = end + 1 + length
    return entries_by_name


def _header(line: str, kinds: tuple[str, ...]) -> int:
    words = line.split(" ")
    if len(words) == 3 and words[1] in kinds and words[2].isdigit():
        return int(words[2])
    raise Unreadable(_MISSING if line.endswith(" missing") else "it is not what its repository calls it")


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Let a pipe hold a whole lock, where the system can: then each is one read."""
    if sys.platform == "linux" and process.stdout is not None:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(process.stdout.fileno(), _SET_PIPE_SIZE, _CHUNK)


class _Batch:
    """One process of `git cat-file`, started with the first question and again where it has ended."""

    def __init__(self, store: ObjectStore, how: str) -> None:
        self._store = store
        self._how = how
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = bytearray()

    def ask(self, name: str) -> str:
        """The first line of the answer. Raises Unreadable."""
        if "\n" in name:
            raise Unreadable("its name has a line break, so git cannot look it up")
        process = self._started()
        if process.stdin is None:  # pragma: no cover  # a pipe was asked for
            raise Unreadable("git cannot be run")
        try:
            process.stdin.write(f"{name}\n".encode())
            process.stdin.flush()
        except OSError:
            self.close()
            raise Unreadable("git ended before it could answer") from None
        while (end := self._waiting.find(b"\n")) < 0:
            self._more()
        line = bytes(self._waiting[:end]).decode("utf-8", "replace")
        del self._waiting[: end + 1]
        return line

    def content(self, name: str, kinds: tuple[str, ...]) -> bytes:
        """The bytes of an object. Raises Unreadable."""
        size = _header(self.ask(name), kinds)
        while len(self._waiting) < size + 1:
            self._more()
        data = bytes(self._waiting[:size])
        del self._waiting[: size + 1]
        return data

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            call = prepare_git(self._store, "cat-file", self._how)
            try:
                self._process = subprocess.Popen(  # noqa: S603  nothing of the repository is among the arguments
                    call.arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=call.folder,
                    env=call.environment,
                    bufsize=0,
                )
            except OSError as error:
                raise Unreadable(f"git cannot be run: {error.strerror or error}") from None
            _widen(self._process)
        return self._process

    def _more(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            raise Unreadable("git ended before it answered")
        descriptor = process.stdout.fileno()
        # Pipes of Windows cannot be waited for with a limit.
        if sys.platform != "win32" and not select.select([descriptor], [], [], _SECONDS)[0]:
            self.close()
            raise Unreadable(f"git did not answer in {_SECONDS} seconds")
        data = os.read(descriptor, _CHUNK)
        if not data:
            self.close()
            raise Unreadable("git ended before it answered: an object of the repository is damaged")
        self._waiting += data

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        self._waiting.clear()
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.kill()
        process.wait()
