"""Text to streams and files: whole or not at all, in UTF-8, and never through a link that somebody else laid."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.secrets import masked
from mlaudit.reporters._escape import for_terminal

_DEVICES = ("/dev/", "/proc/")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputText:
    """A text and where it goes: a file, or standard output where `target` is None.

    Attributes:
        data: what is written in the place of the text, for formats that are none.
    """

    text: str
    target: Path | None = None
    data: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """The bytes that are written."""
        return self.text.encode("utf-8", "backslashreplace") if self.data is None else self.data


def write_all(outputs: Sequence[OutputText]) -> None:
    """Write every output or report why one cannot be written; files are replaced only after all of them are complete.

    Raises UsageError.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for output in outputs:
            if output.target is not None and not is_device(output.target):
                temporary = _stage(output.target, output.encoded)
                staged.append((temporary, output.target))
        for output in outputs:
            if output.target is None:
                _write_standard(output.encoded)
            elif is_device(output.target):
                _write_device(output.target, output.encoded)
        while staged:
            temporary, target = staged[0]
            _replace(temporary, target)
            staged.pop(0)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def put(text: str, target: Path | None = None) -> None:
    """Write one text to a file, or to standard output."""
    write_all([OutputText(text=text, target=target)])


def write_error(line: str) -> None:
    """A line on standard error; if that is closed or full, the line is lost."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.buffer.write(f"{line}\n".encode("utf-8", "backslashreplace"))
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        silence(sys.stderr.fileno())


def silence(descriptor: int) -> None:
    """Point a standard stream nowhere, so that what Python flushes at its end fails no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def error_line(message: str) -> str:
    """An error as one line: escaped, its credentials masked, and never the beginning of a runner's command."""
    return plain_line(f"error: {message}")


def plain_line(line: str) -> str:
    """A line as a terminal and a runner of workflows may print it."""
    return for_terminal(masked(line))


class OutputClosed(UsageError):
    """Whoever read standard output has gone (`| head`); nothing needs to be said."""


def demand_writable(target: Path) -> None:
    """Raises UsageError where a file cannot be written, as far as that shows before it is."""
    if is_device(target):
        return
    if target.is_dir():
        raise UsageError(f"{target} cannot be written: it is a folder")
    folder = next((parent for parent in target.absolute().parents if os.path.lexists(parent)), None)
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{target} cannot be written: {folder} is no folder")
    if folder is not None and not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{target} cannot be written: permission to write in {folder} is denied")


def _write_standard(data: bytes) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        silence(sys.stdout.fileno())
        raise OutputClosed("standard output was closed by its reader") from None
    except OSError as error:
        silence(sys.stdout.fileno())
        raise UsageError(f"standard output cannot be written: {error.strerror or error}") from None


def is_device(target: Path) -> bool:
    """Whether a path names a stream, a device or a pipe, of which there is nothing to keep."""
    if target.absolute().as_posix().startswith(_DEVICES):
        return True
    try:
        mode = target.lstat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _write_device(target: Path, data: bytes) -> None:
    try:
        with target.open("wb") as stream:
            stream.write(data)
    except OSError as error:
        raise _unwritable(target, error) from None


def _stage(target: Path, data: bytes) -> Path:
    """Write a new file beside the target, synchronized to disk. Raises UsageError; then nothing is left behind."""
    if target.is_dir() and not target.is_symlink():
        raise UsageError(f"{target} cannot be written: it is a folder")
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}.tmp")
    try:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
        # O_EXCL follows no link, and the mode obeys the umask, as that of any new file does.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _keep_mode(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(target, error) from None
        raise
    return temporary


def _keep_mode(temporary: Path, target: Path) -> None:
    """Give the new file the permissions of the regular file that it replaces."""
    try:
        mode = target.lstat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode):
        temporary.chmod(stat.S_IMODE(mode))


def _replace(temporary: Path, target: Path) -> None:
    """Put the new file in the target's place; a link there is replaced, and its target is not changed."""
    try:
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from None


def _unwritable(target: Path, error: OSError | ValueError) -> UsageError:
    return UsageError(f"{target} cannot be written: {getattr(error, 'strerror', None) or error}")
