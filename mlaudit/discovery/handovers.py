"""A write and a read of one artifact: which uses of it in code belong together, and how sure that is."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import fits, is_generic, joined, joining_names
from mlaudit.discovery.groups import common_length
from mlaudit.discovery.model_server_uses import MOUNTED
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern

PLAIN_FORMS = frozenset(("csv", "json", "text", "excel", "table"))
"""Forms of tables and texts, which any version reads."""
TABLE_FORMS = PLAIN_FORMS | {"parquet", "feather", "hdf"}
"""Forms of tables and texts, those included that a library writes."""
MAX_STEPS = 3
"""Conversions in code of no environment through which an artifact is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A write and a read of one artifact, or of what it was converted to in between."""

    write: ArtifactUse
    read: ArtifactUse
    sameness: Sameness
    is_converted: bool = False


class UseIndex:
    """Uses that may be joined, those first that have a name in common.

    Args:
        uses: all of them.
    """

    def __init__(self, uses: Iterable[ArtifactUse]) -> None:
        named = [(use, with_names) for use in uses if (with_names := with_real_names(use)).names]
        self.writes = [(use, with_names) for use, with_names in named if use.direction is Direction.WRITES]
        self.reads = [(use, with_names) for use, with_names in named if use.direction is Direction.READS]

    def handovers(self, least: Sameness = Sameness.LIKELY) -> Iterator[Handover]:
        """Every write with every read that treats the same artifact."""
        for write, named_write in self.writes:
            for read, named_read in self.reads:
                sameness = max(joined(named_write, named_read), _in_folder(named_write, named_read))
                sameness = max(sameness, _in_mount(named_write, named_read))
                if sameness >= least:
                    yield Handover(write=write, read=read, sameness=sameness)


_MODES = lazy_pattern(r"[rwax]b?\+?|[rwax]t")


def with_real_names(use: ArtifactUse) -> ArtifactUse:
    """A use without names that are modes of `open`, without those that say nothing, and addresses nobody writes to."""
    names = tuple(
        name
        for name in use.names
        if not _MODES.fullmatch(name.text) and name.text.strip("*/.") and not _is_only_read(use, name)
    )
    return replace(use, names=names)


def _is_only_read(use: ArtifactUse, name: ArtifactName) -> bool:
    """Whether a name that a call seems to write is an address of the web, from which files are downloaded."""
    is_address = name.kind is NameKind.PATH and name.text.startswith(("http://", "https://"))
    return is_address and use.direction is Direction.WRITES


def _in_folder(write: ArtifactUse, read: ArtifactUse) -> Sameness:
    """Whether a folder is written of which the other side reads what only a run would show."""
    if not fits(write.form, read.form):
        return Sameness.DIFFERENT
    for name in write.names:
        for other in read.names:
            if _is_inside(name, other):
                return Sameness.LIKELY
            if name.kind is other.kind is NameKind.PATH:
                folder, inner = name.text.strip("./"), other.text.rstrip("/")
                base = inner.rstrip("*").rstrip("/")
                if inner != base and folder and "*" not in folder and f"/{base}".endswith(f"/{folder}"):
                    return Sameness.LIKELY
    return Sameness.DIFFERENT


def _in_mount(write: ArtifactUse, read: ArtifactUse) -> Sameness:
    """Whether a server mounts the folder of the tree in which a file is written, and loads that file."""
    if not read.call.startswith(MOUNTED) or not fits(write.form, read.form):
        return Sameness.DIFFERENT
    mounted = [name.text for name in read.names if name.kind is NameKind.PATH and "/" in name.text]
    written = [f"/{name.text}" for name in write.names if name.kind is NameKind.PATH]
    is_same = any(path.endswith(f"/{file}") for path in written for file in mounted)
    return Sameness.LIKELY if is_same else Sameness.DIFFERENT


def _is_inside(written: ArtifactName, read: ArtifactName) -> bool:
    """Whether a key is written below one of which all is read, in the same bucket as far as both are known."""
    if written.kind is not NameKind.BUCKET or read.kind is not NameKind.BUCKET:
        return False
    folder = read.pieces[0] if len(read.pieces) == 2 and read.pieces[1] is None else None
    if not folder or not folder.endswith("/") or not written.text.startswith(folder) or "*" in written.text:
        return False
    folders = folder.strip("/").split("/")
    tells = len(folders) > 1 and not all(map(is_generic, folders))
    return written.scope == read.scope or (tells and not written.scope)


def are_stored(handover: Handover) -> bool:
    """Whether both sides name a place outside the tree."""
    kinds = {NameKind.BUCKET, NameKind.VOLUME, NameKind.REGISTRY, NameKind.TABLE, NameKind.HUB}
    return all(any(name.kind in kinds for name in use.names) for use in (handover.write, handover.read))


def are_plain(handover: Handover) -> bool:
    """Whether a table or a text passes, which any version reads."""
    return {handover.write.form, handover.read.form} <= PLAIN_FORMS | {"bytes"}


def common_folders(handover: Handover) -> int:
    """How many folders the code of both sides has in common."""
    return common_length(tuple(handover.write.at.path.split("/")), tuple(handover.read.at.path.split("/")))


def has_common_name(handover: Handover) -> bool:
    """Whether the names that join two uses are such as many artifacts have."""
    names = joining_names(handover.write, handover.read)
    if names is None:
        return True
    return all(is_generic(posixpath.basename(name.text.rstrip("/"))) for name in names)


def converted(direct: Sequence[Handover], orphans: Collection[str]) -> Iterator[Handover]:
    """What passes through modules of no environment that read one artifact and write another."""
    following: dict[ArtifactUse, list[Handover]] = {}
    for handover in direct:
        following.setdefault(handover.write, []).append(handover)
    by_path: dict[str, list[ArtifactUse]] = {}
    for write in following:
        by_path.setdefault(write.at.path, []).append(write)
    for first in direct:
        frontier = [first]
        for _ in range(MAX_STEPS):
            frontier = [
                Handover(
                    write=first.write,
                    read=after.read,
                    sameness=min(first.sameness, after.sameness),
                    is_converted=True,
                )
                for handover in frontier
                if handover.read.at.path in orphans
                for rewritten in by_path.get(handover.read.at.path, ())
                for after in following[rewritten]
            ]
            yield from frontier
