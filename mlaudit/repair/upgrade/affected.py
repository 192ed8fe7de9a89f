"""What happens to artifacts that exist, or are known to cross, once their readers have other versions."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from mlaudit.comparison.artifacts import artifact_crossings
from mlaudit.comparison.judgement import Judgement, Judgements
from mlaudit.knowledge.crossing import Consequence, judge
from mlaudit.knowledge.load import Effect
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.pairs import CrossingArtifact, EnvironmentPair
from mlaudit.model.report import ArtifactCrossing, Environment, Report
from mlaudit.repair.upgrade.changed import moves_there
from mlaudit.repair.upgrade.nouns import AffectedArtifact, Fate

FATES = {Effect.SILENT: Fate.CHANGES, Effect.UNREADABLE: Fate.BREAKS, Effect.NO_PROMISE: Fate.UNPROMISED}
"""What an effect means for a file; changed feature code is no matter of the file, and harmless is harmless."""


def affected_artifacts(
    report: Report, after: Mapping[str, Environment], moved: Container[str]
) -> tuple[AffectedArtifact, ...]:
    """Every artifact of which something is known, worst first, each with its worst package.

    Args:
        after: the environments as they will be, by name.
        moved: the packages that take another version.
    """
    before = {environment.name: environment for environment in report.environments}
    pairs = [(pair.writer, pair.reader) for pair in report.pairs]
    artifacts = [
        *_of_files(before, after, pairs, moved),
        *(artifact for pair in report.known_pairs for artifact in _of_pair(pair, before, after)),
    ]
    worst: dict[tuple[str, str], AffectedArtifact] = {}
    for artifact in sorted(artifacts, key=lambda artifact: artifact.fate.rank):
        worst.setdefault((artifact.name, artifact.reader), artifact)
    return tuple(worst.values())


def _of_files(
    before: Mapping[str, Environment],
    after: Mapping[str, Environment],
    pairs: Sequence[tuple[str, str]],
    moved: Container[str],
) -> Iterator[AffectedArtifact]:
    """Files available: what each records, against what its reader will have."""
    judged_before, judged_after = Judgements(before), Judgements(after)
    for crossing in artifact_crossings(before, pairs):
        if crossing.cell.package not in moved:
            continue
        cell = after[crossing.reader].cell(crossing.cell.package)
        judgement = judged_after.of_artifact(replace(crossing, cell=cell))
        fate = FATES.get(judgement.worst.effect) if judgement is not None else None
        if judgement is not None and fate is not None:
            was = judged_before.of_artifact(crossing)
            yield _of_file(crossing, judgement, fate, already=was is not None and FATES.get(was.worst.effect) is fate)


def _of_file(crossing: ArtifactCrossing, judgement: Judgement, fate: Fate, *, already: bool) -> AffectedArtifact:
    return AffectedArtifact(
        name=crossing.artifact.at.path,
        at=crossing.pin.at,
        writer=crossing.writer,
        reader=crossing.reader,
        package=crossing.pin.package,
        written=judgement.writer,
        read=judgement.reader,
        fate=fate,
        says=judgement.worst.says,
        remedy=judgement.worst.remedy,
        already=already,
        evidence=judgement.worst.evidence,
    )


def _of_pair(
    pair: EnvironmentPair, before: Mapping[str, Environment], after: Mapping[str, Environment]
) -> Iterator[AffectedArtifact]:
    """What both sides' code names, and what was made by the versions of today."""
    if pair.writer not in before or pair.reader not in after:
        return
    writer = before[pair.writer]
    records = {pin.package for reading in (*writer.writes, *before[pair.reader].reads) for pin in reading.pins}
    declared = Judgements(before).what_crosses(pair.writer, pair.reader)
    for package in after[pair.reader].cells:
        reader = after[pair.reader].cell(package)
        if (
            package in records
            or reader.version is None
            or not moves_there(before[pair.reader], package, reader.version)
        ):
            continue
        written = writer.cell(package).version
        if written is None:
            continue
        crosses = [crossing_artifact for crossing_artifact in pair.crosses if not crossing_artifact.is_plain]
        for artifact in crosses or (None,):
            kinds = frozenset(artifact.kinds) if artifact is not None else declared[0]
            consequences = judge(package, written, reader.version, kinds=kinds, classes=declared[1])
            own = [consequence for consequence in consequences if consequence.effect in FATES]
            if own and (artifact is not None or declared[0]):
                was = before[pair.reader].cell(package).version
                now = judge(package, written, was, kinds=kinds, classes=declared[1]) if was is not None else ()
                already = any(consequence.effect is own[0].effect for consequence in now)
                yield _crossing(pair, artifact, own[0], package, (written, reader.version), already=already)


def _crossing(
    pair: EnvironmentPair,
    artifact: CrossingArtifact | None,
    consequence: Consequence,
    package: str,
    versions: tuple[str, str],
    *,
    already: bool,
) -> AffectedArtifact:
    kinds = f" ({', '.join(consequence.kinds)})" if consequence.kinds else ""
    return AffectedArtifact(
        name=artifact.artifact if artifact is not None else f"what {pair.writer} wrote for {pair.reader}{kinds}",
        at=artifact.written if artifact is not None else None,
        writer=pair.writer,
        reader=pair.reader,
        package=package,
        written=versions[0],
        read=versions[1],
        fate=FATES[consequence.effect],
        says=consequence.says,
        remedy=consequence.remedy,
        already=already,
        evidence=consequence.evidence,
    )
