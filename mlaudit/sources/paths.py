"""Questions to the file system: whatever a path holds, the answer is a value or an Unreadable with a sentence."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO, TypeVar

from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.sources.mounting import FolderEntry, mounted_path

Buffer = bytearray | memoryview
T = TypeVar("T")

_BUFFER = 64 * 1024
MISSING = "there is no such file"
"""Why nothing is read at a path where there is nothing."""
_LOOP = "it is a link that leads back to itself"
# What open(2) and stat(2) refuse; every other error is reported in the words of the operating system.
_REASONS = {
    errno.ENOENT: MISSING,
    errno.EACCES: "permission to read it is denied",
    errno.EPERM: "permission to read it is denied",
    errno.ELOOP: _LOOP,
    errno.ENAMETOOLONG: "its name is longer than the file system allows",
    errno.ENOTDIR: "a part of its path is a file and no folder",
    errno.EISDIR: "it is a folder and no file",
}


def refusal(error: OSError | ValueError | RuntimeError) -> str:
    """Why the operating system, or Python in front of it, refuses a path, as a sentence part."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0) or f"it cannot be read: {error.strerror or type(error).__name__}"
    if isinstance(error, UnicodeError):
        return "its name has characters that no file's name can have"
    if isinstance(error, ValueError):
        return "its name has a NUL character, which no file's name has"
    # pathlib before Python 3.13 raises RuntimeError, and nothing else, for a loop of links.
    return _LOOP


def status(path: Path | str, *, follow: bool = True) -> os.stat_result:
    """What the file system states about a path. Raises Unreadable."""
    try:
        inside = mounted_path(path)
        if inside is not None:
            return inside.files.status(inside.path, follow=follow)
        return os.stat(path or os.curdir, follow_symlinks=follow)  # noqa: PTH116  a tree of files asks thousands of times
    except (OSError, ValueError) as error:
        raise Unreadable(refusal(error)) from None


def exists(path: Path | str) -> bool:
    """Whether something is at a path, links followed; False if that is not known."""
    return _mode(path) is not None


def is_file(path: Path | str, *, follow: bool = True) -> bool:
    """Whether a regular file is at a path; False if that is not known."""
    return stat.S_ISREG(_mode(path, follow=follow) or 0)


def is_folder(path: Path | str, *, follow: bool = True) -> bool:
    """Whether a folder is at a path; False if that is not known."""
    return stat.S_ISDIR(_mode(path, follow=follow) or 0)


def is_link(path: Path | str) -> bool:
    """Whether a symbolic link is at a path; False if that is not known."""
    return stat.S_ISLNK(_mode(path, follow=False) or 0)


def lexists(path: Path | str) -> bool:
    """Whether something is at a path, a broken link too; False if that is not known."""
    return _mode(path, follow=False) is not None


def _mode(path: Path | str, *, follow: bool = True) -> int | None:
    try:
        return status(path, follow=follow).st_mode
    except Unreadable:
        return None


def resolved(path: Path) -> Path:
    """The absolute path with its links followed. Raises Unreadable."""
    try:
        inside = mounted_path(path)
        return path.resolve() if inside is None else Path(inside.files.real_path(inside.path))
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable(refusal(error)) from None


def real_path(path: Path | str) -> str:
    """The absolute path with its links followed, as far as there is something. Raises OSError and ValueError."""
    inside = mounted_path(path)
    return os.path.realpath(path) if inside is None else inside.files.real_path(inside.path)


def link_target(path: Path | str) -> str:
    """What a symbolic link says. Raises OSError and Unreadable."""
    inside = mounted_path(path)
    return str(Path(path).readlink()) if inside is None else inside.files.link_target(inside.path)


def lies_inside(path: Path, folder: Path) -> bool:
    """Whether a path, its links followed, is in a resolved folder; False if that is not known."""
    try:
        return resolved(path).is_relative_to(folder)
    except Unreadable:
        return False


def relative(path: Path | str, folder: Path | str) -> str:
    """A path relative to a folder, with `/`; as written if there is no way from one to the other."""
    if isinstance(path, Path) and (below := _below(str(path), str(folder))):
        return below
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except (OSError, ValueError):
        # Another drive of Windows, or a current folder that was deleted.
        return Path(path).as_posix()


def _below(path: str, folder: str) -> str:
    """A normal path relative to a folder that it is in by its name alone; empty if that takes a longer look."""
    if os.pardir in path or os.pardir in folder or os.sep != "/":
        return ""
    if folder == os.curdir:
        return "" if path.startswith("/") or path == os.curdir else path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else ""


def current_folder() -> Path:
    """The current folder. Raises UsageError if it was deleted or may not be entered."""
    try:
        return Path(os.getcwd())  # noqa: PTH109
    except OSError:
        raise UsageError("the current folder no longer exists, or may not be entered; change to another") from None


def entries(folder: Path | str) -> Iterator[FolderEntry]:
    """What is in a folder, in the order of the file system. Raises Unreadable."""
    try:
        inside = mounted_path(folder)
        if inside is not None:
            yield from inside.files.entries(inside.path)
            return
        with os.scandir(folder) as scan:
            yield from scan
    except (OSError, ValueError) as error:
        raise Unreadable(refusal(error)) from None


def entry_is_file(entry: FolderEntry) -> bool:
    """Whether an entry of a folder is a regular file and no link; False if that is not known."""
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def entry_is_folder(entry: FolderEntry) -> bool:
    """Whether an entry of a folder is a folder and no link; False if that is not known."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


class _GuardedFile(FileIO):
    """A file whose reads raise Unreadable: a disk that fails, or a file that vanished from a network share."""

    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]
        """The next bytes into a buffer. Raises Unreadable."""
        try:
            given: int | None = super().readinto(buffer)
            return _given(given)
        except OSError as error:
            raise Unreadable(refusal(error)) from None

    def readall(self) -> bytes:
        """All bytes to the end. Raises Unreadable."""
        try:
            return _given(super().readall())
        except OSError as error:
            raise Unreadable(refusal(error)) from None


def _given(answer: T | None) -> T:
    """What a read gave. Raises Unreadable where it would wait, as some files of the kernel do."""
    if answer is None:
        raise Unreadable("it is not a regular file and has nothing to read yet; it is not waited for")
    return answer


def open_regular(path: Path | str, *, follow: bool = True) -> BinaryIO:
    """A regular file for reading; pipes and devices are never opened, since opening some has effects.

    Raises Unreadable.
    """
    mode = status(path, follow=follow).st_mode
    if not stat.S_ISREG(mode):
        raise Unreadable("it is a folder and no file" if stat.S_ISDIR(mode) else "it is not a regular file")
    inside = mounted_path(path)
    if inside is not None:
        return inside.files.open(inside.path, follow=follow)
    flags = os.O_RDONLY
    for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY", *(() if follow else ("O_NOFOLLOW",))):
        flags |= getattr(os, flag, 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise Unreadable(refusal(error)) from None
    # What stood at the path may have been exchanged since.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("it is not a regular file")
    return BufferedReader(_GuardedFile(descriptor, "rb"), _BUFFER)
