"""Bumps that leave a model behind: a model on record that its reader can no longer load after a branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.model.findings import ORPHANS
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Place, Role, Severity
from mlaudit.model.report import Environment, Finding, Report

NAMED = 3
"""Models that a sentence names before the rest is counted."""


def with_orphans(
    findings: Sequence[Finding], before: Iterable[Environment], later: Report, names: Mapping[str, str]
) -> tuple[Finding, ...]:
    """New findings; those by which a bump leaves models behind say so, at the line that was changed.

    Args:
        before: the environments of the earlier state.
        names: what they are called in the later one, where that differs.
    """
    earlier = {names.get(environment.name, environment.name): environment for environment in before}
    now = {environment.name: environment for environment in later.environments}
    return tuple(_marked(finding, earlier, now, later, names) for finding in findings)


def _marked(
    finding: Finding,
    earlier: Mapping[str, Environment],
    now: Mapping[str, Environment],
    later: Report,
    names: Mapping[str, str],
) -> Finding:
    if finding.severity is not Severity.ERROR or not finding.environments or finding.package is None:
        return finding
    reader = finding.environments[-1]
    bumped = _bumped(finding, earlier.get(reader), now.get(reader))
    models = list(dict.fromkeys(_models(finding, earlier, now, later, names))) if bumped is not None else []
    if not models or bumped is None:
        return finding
    more = f" and {len(models) - NAMED} more" if len(models) > NAMED else ""
    says = f"{ORPHANS} {', '.join(models[:NAMED])}{more}."
    related = finding.related
    if finding.at != bumped:
        related = (*(location for location in finding.locations if location.place != bumped),)
    return replace(
        finding,
        message=f"{says} {finding.message}",
        effect=f"{says} {finding.effect or finding.message}",
        at=bumped,
        related=related,
    )


def _bumped(finding: Finding, before: Environment | None, now: Environment | None) -> Place | None:
    """Where the reader has another version than in the earlier state; None if its version is the same."""
    if before is None or now is None:
        return None
    packages = dict.fromkeys(
        [finding.package or "", *(name for name, cell in now.cells.items() if cell.at == finding.at)]
    )
    for package in packages:
        old, new = before.cells.get(package), now.cells.get(package)
        if old is not None and new is not None and old.stated and new.stated and old.shown != new.shown:
            return new.at
    return None


def _proven(finding: Finding, before: Environment | None, names: Mapping[str, str]) -> Iterator[str]:
    """Models that the reader was recorded to load before, with another version of what the finding is about."""
    for proof in (*before.proofs, *before.away) if before is not None else ():
        versions = {package_of(name) for name in proof.versions["reader"]}
        writer = names.get(proof.writer, proof.writer)
        if proof.is_good and writer == finding.environments[0] and finding.package in versions:
            yield proof.model


def _models(
    finding: Finding,
    earlier: Mapping[str, Environment],
    now: Mapping[str, Environment],
    later: Report,
    names: Mapping[str, str],
) -> Iterator[str]:
    """The models on record that a finding is about, which the branch itself did not bring."""
    writer, reader = finding.environments[0], finding.environments[-1]
    known = {reading.path for environment in earlier.values() for reading in (*environment.writes, *environment.reads)}
    for location in finding.related:
        if location.role is Role.ARTIFACT and location.place.path in known:
            yield location.place.path
    source = now.get(writer)
    if source is None or writer == reader:
        return
    yield from _proven(finding, earlier.get(reader), names)
    if source.is_model and writer in earlier:
        yield source.sources[0] if source.sources else writer
        return
    before = earlier.get(writer)
    if before is None or before.cell(finding.package or "").shown != source.cell(finding.package or "").shown:
        return
    for pair in later.known_pairs:
        if (pair.writer, pair.reader) == (writer, reader):
            yield from (artifact.artifact for artifact in pair.crosses if artifact.certain and not artifact.is_plain)
