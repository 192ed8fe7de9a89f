"""Pairs from what crosses: two environments whose code names one artifact, the one writing, the other reading it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlaudit.code.nouns import ArtifactUse, Direction, Sameness
from mlaudit.code.sameness import joined, joining_names
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.roles import READER, WRITER
from mlaudit.model.pairs import CrossingArtifact

MAX_CROSSES = 12
"""Artifacts of one pair that are kept."""
MAX_STEPS = 3
"""Conversions in code of no environment through which an artifact is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A write and a read of one artifact; between them may lie conversions."""

    write: ArtifactUse
    read: ArtifactUse
    sameness: Sameness


class UseIndex:
    """Uses that may be joined, those first that have a name in common.

    Args:
        uses: all of them.
    """

    def __init__(self, uses: Iterable[ArtifactUse]) -> None:
        self.writes = [use for use in uses if use.direction is Direction.WRITES and use.names]
        self.reads = [use for use in uses if use.direction is Direction.READS and use.names]

    def handovers(self, least: Sameness = Sameness.LIKELY) -> Iterator[Handover]:
        """Every write with every read that treats the same artifact."""
        for write in self.writes:
            for read in self.reads:
                sameness = joined(write, read)
                if sameness >= least:
                    yield Handover(write=write, read=read, sameness=sameness)


def cross(candidates: Sequence[Candidate], scopes: Mapping[Candidate, CodeScope], uses: Sequence[ArtifactUse]) -> None:
    """Give each reader its writers with what crosses."""
    holders = {use: [one for one in candidates if one in scopes and scopes[one].holds(use)] for use in uses}
    direct = list(UseIndex(uses).handovers())
    orphans = {use.at.path for use in uses if not holders[use]}
    for handover in (*direct, *_converted(direct, orphans, uses)):
        for writer in holders[handover.write]:
            for reader in holders[handover.read]:
                if writer is not reader and _may_cross(writer, reader, handover, holders):
                    _add(writer, reader, handover)


def _may_cross(
    writer: Candidate, reader: Candidate, handover: Handover, holders: Mapping[ArtifactUse, Sequence[Candidate]]
) -> bool:
    """Whether the roles do not contradict, and the reader does not hold the writing call itself."""
    if writer in holders[handover.read] and reader in holders[handover.write]:
        return writer.side == WRITER and reader.side == READER
    return not (writer.side == READER and reader.side == WRITER)


def _converted(
    direct: Sequence[Handover], orphans: frozenset[str] | set[str], uses: Sequence[ArtifactUse]
) -> Iterator[Handover]:
    """What passes through modules of no environment that read one artifact and write another."""
    by_path: dict[str, list[ArtifactUse]] = {}
    for use in uses:
        if use.at.path in orphans and use.direction is Direction.WRITES:
            by_path.setdefault(use.at.path, []).append(use)
    following: dict[ArtifactUse, list[Handover]] = {}
    for handover in direct:
        following.setdefault(handover.write, []).append(handover)
    for first in direct:
        frontier = [first]
        for _ in range(MAX_STEPS):
            frontier = [
                Handover(write=first.write, read=after.read, sameness=min(first.sameness, after.sameness))
                for one in frontier
                if one.read.at.path in orphans
                for rewritten in by_path.get(one.read.at.path, ())
                for after in following.get(rewritten, ())
            ]
            yield from frontier


def _add(writer: Candidate, reader: Candidate, handover: Handover) -> None:
    crosses = reader.crosses.setdefault(writer, [])
    artifact = crossing_artifact(handover)
    same = [one for one in crosses if (one.artifact, one.form) == (artifact.artifact, artifact.form)]
    if not same and len(crosses) < MAX_CROSSES:
        crosses.append(artifact)
    if writer not in reader.writers:
        reader.writers.append(writer)


def crossing_artifact(handover: Handover) -> CrossingArtifact:
    """What a reader of the report sees of a handover."""
    write, read = handover.write, handover.read
    names = joining_names(write, read)
    named = names[1] if names is not None else read.names[0]
    form = write.form if write.form != "bytes" else read.form
    known = artifact_kinds()
    kinds = tuple(kind for kind in dict.fromkeys((*write.holds, *read.holds, form)) if kind in known)
    return CrossingArtifact(
        artifact=named.text or "*",
        form=form_title(kinds[0] if kinds else form),
        kinds=kinds,
        written=write.at,
        read=read.at,
        certain=handover.sameness >= Sameness.LIKELY,
        settings=read.settings,
    )


def form_title(form: str) -> str:
    """A form in words."""
    kind = artifact_kinds().get(form)
    if kind is not None:
        return kind.title
    known = artifact_calls().forms.get(form)
    return known.title if known is not None else form
