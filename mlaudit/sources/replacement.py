"""Files replaced all or none: staged, journalled, put in place one by one, put back where anything goes wrong.

The old files are kept in `.mlaudit-fix/` at the root until the caller is satisfied. A process that is killed leaves
that folder behind, and `recover` puts every file back from it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mlaudit.model.errors import UsageError
from mlaudit.sources.confinement import is_inside

FOLDER = ".mlaudit-fix"
"""Where the old files are kept while files are replaced."""
_JOURNAL = "journal.json"
_MAX_JOURNAL = 64 * 1024 * 1024
_AT_ONCE = 8
"""Files that are synchronized to disk at a time."""
_UNCHANGED = "no file was changed"


class Replacement(NamedTuple):
    """A file, its bytes as they were read, and those that it is to have; None if another program writes it."""

    path: Path
    old: bytes
    new: bytes | None


class NotReplaced(UsageError):
    """The files could not be replaced; all of them are as they were."""


class JournalEntry(NamedTuple):
    """One file of a journal: path relative to the root, the name of its copy, digests of old and new bytes."""

    path: str
    copy: str
    old: str
    new: str | None


class ReplacedFiles:
    """Files that were replaced, and what puts them back.

    Args:
        root: the folder that they are in, resolved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / FOLDER

    def keep(self) -> None:
        """Keep the new files, and forget the old ones."""
        (self._folder / _JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def put_back(self) -> str:
        """Put the old files back; a sentence on how that went."""
        return _put_back(self._root)


def replace_all(root: Path, replacements: Sequence[Replacement]) -> ReplacedFiles:
    """Replace all files or none. Raises NotReplaced, and whatever ends the process, with all files as they were."""
    real = root.resolve()
    folder = real / FOLDER
    _demand_none_unfinished(folder)
    for replacement in replacements:
        _demand_replaceable(replacement, real)
    staged: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _demand_none_unfinished(folder)
    except OSError as error:
        raise NotReplaced(f"{_reason(error)}; {_UNCHANGED}") from None
    try:
        _replace_staged(real, replacements, staged)
    except BaseException as error:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        _put_back(real)
        if isinstance(error, OSError):
            raise NotReplaced(f"{_reason(error)}; {_UNCHANGED}") from None
        raise
    return ReplacedFiles(real)


def _replace_staged(root: Path, replacements: Sequence[Replacement], staged: list[tuple[Path, Path]]) -> None:
    """Write the journal, stage every file, then put the new files in place; `staged` shows how far that went."""
    _write_journal(root, root / FOLDER, replacements)
    for replacement in replacements:
        if replacement.new is not None:
            staged.append((_write_new(replacement, replacement.new), replacement.path))  # noqa: PERF401
    _synchronize([temporary for temporary, _ in staged])
    for replacement in replacements:
        # What somebody changed while others were written is not overwritten.
        _demand_unchanged(replacement)
    for temporary, target in staged:
        temporary.replace(target)
    _synchronize_folders({target.parent for _, target in staged})


def unfinished(root: Path) -> bool:
    """Whether an earlier process was ended between its first write and its last."""
    return os.path.lexists(root / FOLDER)


def recover(root: Path) -> str:
    """Put back what an earlier process left half replaced; a sentence on how that went. Raises UsageError."""
    real = root.resolve()
    folder = real / FOLDER
    if not os.path.lexists(folder):
        return "nothing to recover: no earlier run was interrupted"
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(f"{FOLDER} is not a folder that mlaudit made; nothing was changed")
    return _put_back(real)


def _demand_none_unfinished(folder: Path) -> None:
    if os.path.lexists(folder):
        raise NotReplaced(
            f"an earlier run was interrupted, or another one is at work: {FOLDER} is there; "
            "`mlaudit fix --recover` puts its files back"
        )


def _demand_replaceable(replacement: Replacement, root: Path) -> None:
    """Raises NotReplaced where a file may not be replaced, or is not what was read."""
    if not is_inside(replacement.path, root) or replacement.path.is_symlink():
        raise NotReplaced(f"{replacement.path} is outside of the audited folder, or is a link; {_UNCHANGED}")
    _demand_unchanged(replacement)
    status = replacement.path.stat()
    writable = status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    if not writable or not os.access(replacement.path, os.W_OK):
        raise NotReplaced(f"{replacement.path} is read-only; {_UNCHANGED}")
    if not os.access(replacement.path.parent, os.W_OK | os.X_OK):
        raise NotReplaced(f"the folder of {replacement.path} is read-only; {_UNCHANGED}")


def _demand_unchanged(replacement: Replacement) -> None:
    try:
        is_regular = stat.S_ISREG(replacement.path.lstat().st_mode)
        same = is_regular and replacement.path.read_bytes() == replacement.old
    except OSError as error:
        raise NotReplaced(f"{replacement.path}: {error.strerror}; {_UNCHANGED}") from None
    if not same:
        raise NotReplaced(f"{replacement.path} was changed by another program since it was read; {_UNCHANGED}")


def _write_new(replacement: Replacement, new: bytes) -> Path:
    """A new file beside the target, with its permissions; not yet on the disk for sure."""
    temporary = replacement.path.with_name(f".{replacement.path.name[:200]}.{os.getpid()}.mlaudit-new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new)
        status = replacement.path.stat()
        temporary.chmod(stat.S_IMODE(status.st_mode))
        _keep_owner(temporary, status)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _keep_owner(temporary: Path, status: os.stat_result) -> None:
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(OSError):
            os.chown(temporary, status.st_uid, status.st_gid)


def _synchronize(files: Sequence[Path]) -> None:
    """Wait until files are on the disk; the waits of several overlap."""
    if len(files) < 2:
        for file in files:
            _synchronize_one(file)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(_synchronize_one, files):
            pass


def _synchronize_one(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _synchronize_folders(folders: set[Path]) -> None:
    """Wait until names are on the disk, on systems that open folders."""
    if os.name != "posix":
        return

    def synchronize(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(synchronize, folders):
            pass


def _write_journal(root: Path, folder: Path, replacements: Sequence[Replacement]) -> None:
    """Keep every old file, then write down which they are; from here on an interrupted run can be put back."""
    entries = []
    for number, replacement in enumerate(replacements):
        copy = f"{number:06d}"
        _keep_old(replacement.path, folder / copy, by_link=replacement.new is not None)
        new = None if replacement.new is None else _digest(replacement.new)
        entries.append(JournalEntry(replacement.path.relative_to(root).as_posix(), copy, _digest(replacement.old), new))
    text = json.dumps({"files": [entry._asdict() for entry in entries]})
    temporary = folder / f"{_JOURNAL}.new"
    temporary.write_text(text, encoding="utf-8")
    _synchronize_one(temporary)
    temporary.replace(folder / _JOURNAL)
    _synchronize_folders({folder})


def _keep_old(path: Path, copy: Path, *, by_link: bool) -> None:
    """Another name for the old file, which keeps everything of it; a copy of what a program may write in place."""
    if by_link:
        try:
            os.link(path, copy)
        except OSError:
            by_link = False
    if not by_link:
        shutil.copy2(path, copy)
        _synchronize_one(copy)


def _put_back(root: Path) -> str:
    """Put back what the journal names, remove what was staged, and state how it went."""
    folder = root / FOLDER
    entries = list(_entries(folder))
    kept: list[str] = []
    back = 0
    for entry in entries:
        outcome = _put_one_back(root, folder, entry)
        if outcome is None:
            kept.append(entry.path)
        else:
            back += outcome
    if kept:
        return (
            f"{back} files were put back; {', '.join(kept[:5])} changed meanwhile and were left as they are, "
            f"with their old text in {FOLDER}"
        )
    (folder / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if not entries:
        return _UNCHANGED
    return f"all {len(entries)} files are as they were" if len(entries) > 1 else "the file is as it was"


def _entries(folder: Path) -> Iterator[JournalEntry]:
    """The files of a journal; none where it was not finished, since then nothing was replaced."""
    journal = folder / _JOURNAL
    try:
        if journal.is_symlink() or journal.stat().st_size > _MAX_JOURNAL:
            return
        listed = json.loads(journal.read_text(encoding="utf-8"))["files"]
        entries = [JournalEntry(row["path"], row["copy"], row["old"], row["new"]) for row in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return
    yield from entries


def _put_one_back(root: Path, folder: Path, entry: JournalEntry) -> bool | None:
    """Whether a file had to be put back; None if it is neither the old nor the new one, and is left alone.

    A journal may be anybody's: what it names must be inside the root, and be what it says.
    """
    target, copy = root / entry.path, folder / entry.copy
    if not entry.copy.isdigit() or not is_inside(target.parent, root) or target.is_symlink() or copy.is_symlink():
        return None
    _remove_staged(target)
    digest = _digest_of(target)
    if digest == entry.old:
        return False
    if _digest_of(copy) != entry.old:
        return None
    if entry.new is not None and digest not in (entry.new, None):
        return None
    copy.replace(target)
    return True


def _remove_staged(target: Path) -> None:
    with contextlib.suppress(OSError):
        for left in target.parent.glob(f".{_escaped(target.name[:200])}.*.mlaudit-new"):
            left.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes()) if stat.S_ISREG(path.lstat().st_mode) else None
    except OSError:
        return None


def _reason(error: OSError) -> str:
    named = f"{error.filename}: " if error.filename else ""
    return f"{named}{error.strerror or error}"
