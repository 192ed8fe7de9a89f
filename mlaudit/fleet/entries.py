"""The words of the command line → repositories: checkouts, bare repositories and inventories, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.request.addresses import fetching_advice
from mlaudit.sources.git_revision import resolve_commit
from mlaudit.sources.paths import entries, exists, is_file, is_folder, lexists, open_regular, real_path, relative
from mlaudit.sources.repository import find_repository

MAX_DEPTH = 3
"""Folders between a folder that is named and a repository in it (`github.com/owner/name`)."""
MAX_LIST = 64 * 1024 * 1024
"""Bytes of a list of repositories."""
_INVENTORY = ("mlaudit-list.json", ".mlaudit-list.json")
_LISTS = (".txt", ".list")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetEntry:
    """One repository of a fleet; `kind` is `checkout`, `bare` or `inventory`, or `missing`."""

    name: str
    path: str
    kind: str

    def stamp(self) -> str:
        """What changes with the content: the commit, the digest; empty if only reading it would show."""
        try:
            if self.kind == "bare":
                return resolve_commit(find_repository(Path(self.path), bare=True)[0], "HEAD")
            if self.kind == "inventory":
                with open_regular(self.path) as stream:
                    digest = sha256()
                    while part := stream.read(1 << 20):
                        digest.update(part)
                return digest.hexdigest()
        except Unreadable:
            # Reading it gives the reason.
            return ""
        return ""


def fleet_entries(words: Sequence[str]) -> list[FleetEntry]:
    """The repositories that some words name, in the order of their names. Raises UsageError."""
    by_path: dict[str, FleetEntry] = {}
    for word in words:
        for entry in _named(word):
            known = by_path.setdefault(real_path(entry.path), entry)
            if entry.name < known.name:
                by_path[real_path(entry.path)] = entry
    if not by_path:
        raise UsageError(f"{', '.join(words)}: no repository; name checkouts, bare repositories, inventories or a list")
    return sorted(by_path.values(), key=lambda fleet_entry: fleet_entry.name)


def _named(word: str) -> Iterator[FleetEntry]:
    advice = None if exists(word) else fetching_advice(word)
    if advice is not None:
        raise UsageError(f"{word}: it is an address; {advice}")
    path = Path(word)
    if not exists(path):
        raise UsageError(f"{word}: there is no such file or folder")
    if is_file(path) and path.suffix in _LISTS:
        yield from _listed(path)
    elif is_folder(path) and not _is_repository(path):
        below = list(_below(path, MAX_DEPTH))
        yield from below or [_entry(path)]
    else:
        yield _entry(path)


def _listed(path: Path) -> Iterator[FleetEntry]:
    """The repositories of a list: a path a line, relative to the list; `#` begins a comment."""
    try:
        with open_regular(path) as stream:
            data = stream.read(MAX_LIST + 1)
    except Unreadable as error:
        raise UsageError(f"{path}: {error.why}") from None
    if len(data) > MAX_LIST:
        raise UsageError(f"{path}: a list of repositories has at most {MAX_LIST >> 20} MiB")
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.partition(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        if "\0" in text:
            raise UsageError(f"{path}:{number}: it has a NUL character; expected a path a line")
        target = path.parent / text
        advice = None if exists(target) else fetching_advice(text)
        if advice is not None:
            raise UsageError(f"{path}:{number}: {text} is an address; {advice}")
        yield _entry(target)


def _below(folder: Path, depth: int) -> Iterator[FleetEntry]:
    try:
        children = sorted(entries(folder), key=lambda entry: entry.name)
    except Unreadable:
        return
    for child in children:
        path = Path(child.path)
        if child.is_symlink():
            continue
        if child.is_file(follow_symlinks=False):
            if child.name.endswith(_INVENTORY):
                yield _entry(path)
        elif _is_repository(path):
            yield _entry(path)
        elif depth > 1 and not child.name.startswith("."):
            yield from _below(path, depth - 1)


def _is_repository(path: Path) -> bool:
    return lexists(path / ".git") or _is_bare(path)


def _is_bare(path: Path) -> bool:
    return is_file(path / "HEAD") and is_folder(path / "objects") and is_folder(path / "refs")


def _entry(path: Path) -> FleetEntry:
    if not exists(path):
        kind = "missing"
    elif is_folder(path):
        kind = "bare" if not lexists(path / ".git") and _is_bare(path) else "checkout"
    else:
        kind = "inventory"
    return FleetEntry(name=relative(path, Path()), path=real_path(path), kind=kind)
