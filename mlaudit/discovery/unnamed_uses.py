"""What may cross beside what is known to: models that both sides treat under names that only a run shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactUse, Direction, NameKind
from mlaudit.code.sameness import fits
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.handovers import TABLE_FORMS
from mlaudit.knowledge.kinds import artifact_kinds, with_unknown_objects


def find_unnamed(
    candidates: Sequence[Candidate], scopes: Mapping[Candidate, CodeScope], uses: Sequence[ArtifactUse]
) -> None:
    """Give each reader the kinds that its writers may hand to it unseen: `pickle.loads(blob.download_as_bytes())`."""
    read = [use for use in uses if use.direction is Direction.READS and _is_model(use)]
    written = [use for use in uses if use.direction is Direction.WRITES and _is_model(use)]
    for reader in candidates:
        for writer in reader.crosses:
            own = [use for use in read if scopes[reader].holds(use)]
            kinds = dict.fromkeys(_kinds(own, [use for use in written if scopes[writer].holds(use)]))
            if kinds:
                reader.unnamed[writer] = tuple(kinds)


def _kinds(reads: Sequence[ArtifactUse], writes: Sequence[ArtifactUse]) -> Iterator[str]:
    for read in reads:
        for write in writes:
            if fits(write.form, read.form) and not (_is_named(write) and _is_named(read)):
                kinds = tuple(kind for kind in (*write.holds, *read.holds, write.form) if kind in artifact_kinds())
                yield from kinds if write.holds or read.holds else with_unknown_objects(kinds)


def _is_model(use: ArtifactUse) -> bool:
    return use.form in artifact_kinds() and use.form not in TABLE_FORMS


def _is_named(use: ArtifactUse) -> bool:
    return any(name.kind is not NameKind.ENV and name.text.strip("*/.") for name in use.names)
