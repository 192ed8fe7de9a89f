"""The road: readings → environments → crossings → rows → findings → report. Pure: what it needs was read before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase

from mlaudit.artifacts import artifact_crossings, is_artifact
from mlaudit.cells import Stated, cells, crowded, stated_pins
from mlaudit.crossings import crossing
from mlaudit.folding import folded
from mlaudit.knowledge import table
from mlaudit.model import Kind, Place, Reading, Unread, Verdict
from mlaudit.policy import Judged, Outcome, apply
from mlaudit.problems import problems
from mlaudit.registry import Rule, rules
from mlaudit.report import Environment, Found, Report, Row, SharedFile
from mlaudit.settings import Settings
from mlaudit.summary import summary
from mlaudit.target import Choice, Wanted, choose, pythons_of, target_for
from mlaudit.view import View, watches


def environment(
    name: str,
    role: str,
    readings: Iterable[Reading],
    wanted: Wanted,
    *,
    sources: Sequence[str] = (),
    follows: Sequence[str] = (),
    artifact_kinds: Sequence[str] = (),
    writes: Iterable[Reading] = (),
    reads: Iterable[Reading] = (),
    notes: Sequence[str] = (),
) -> Environment:
    """The environment that some readings make: its target settled, its pins chosen, its cells computed.

    Model artifacts among the readings are what it writes: they say nothing of what is installed.
    """
    given = tuple(readings)
    read = tuple(reading for reading in given if not is_artifact(reading))
    made = tuple(reading for reading in given if is_artifact(reading))
    target = target_for(read, wanted)
    choices = tuple(choose(reading, target) for reading in read)
    found = problems(read, wanted, target)
    settled = cells(name, _stated(read, choices, len(pythons_of(target))), _unread(read), target)
    return Environment(
        name=name,
        role=role,
        follows=tuple(follows),
        sources=tuple(sources),
        target=target,
        readings=read,
        selected=tuple(tuple(choice.selected for choice in chosen) for chosen in choices),
        complete=_complete(read),
        cells=settled,
        artifact_kinds=tuple(artifact_kinds),
        writes=(*writes, *made),
        reads=tuple(reads),
        notes=(*notes, *(str(problem) for problem in found if not problem.about), *_noted(given), *crowded(settled)),
        problems=tuple(problem for problem in found if problem.about),
    )


def _noted(readings: Sequence[Reading]) -> Iterator[str]:
    """What parsers want the user to know, each sentence once, with the first place that says it."""
    noted: dict[str, Place] = {}
    for reading in readings:
        for fact in reading.facts:
            if fact.key == "note":
                noted.setdefault(fact.value, fact.at)
    yield from (f"{sentence} ({at})" for sentence, at in noted.items())


def _complete(readings: Sequence[Reading]) -> bool:
    """One source names everything that is installed, and nothing was lost of which the package is not known."""
    lost = any(entry.whole for reading in readings for entry in reading.unread)
    whole = (reading for reading in readings if reading.complete and all(entry.package for entry in reading.unread))
    return not lost and any(whole)


def _stated(readings: Sequence[Reading], choices: Sequence[Sequence[Choice]], pythons: int) -> Iterator[Stated]:
    for number, (reading, chosen) in enumerate(zip(readings, choices, strict=True)):
        yield from stated_pins(reading.pins, chosen, number, pythons)


def _unread(readings: Sequence[Reading]) -> Iterator[Unread]:
    return (entry for reading in readings for entry in reading.unread)


def audit(
    command: str,
    environments: Sequence[Environment],
    settings: Settings,
    *,
    today: date,
    baseline: Mapping[str, str] | None = None,
    found: Sequence[Found] = (),
    notes: Sequence[str] = (),
    only: Sequence[str] = (),
    shared: Sequence[tuple[SharedFile, ...]] = (),
    uncertain: frozenset[tuple[str, str]] = frozenset(),
    lost: bool = False,
    partial: bool = False,
) -> Report:
    """The report on some environments.

    Args:
        only: globs over packages; others make no rows and no findings.
        uncertain: pairs whose roles were guessed where other pairings were possible; they give no errors.
        lost: of a source that the user named, nothing could be read.
        partial: the configuration declares more than these environments.
    """
    view = _view(command, environments, settings, only, shared)
    judged = folded([one for one in _judged(view) if one.hit.package is None or _asked_for(one.hit.package, only)])
    waivers = [waiver for one in environments for reading in one.readings for waiver in reading.waivers]
    outcome = apply(
        judged,
        settings,
        today=today,
        baseline=baseline or {},
        uncertain=uncertain,
        waivers=waivers,
        partial=partial or bool(only),
    )
    told = summary(view, outcome.counts)
    return Report(
        command=command,
        environments=tuple(environments),
        rows=view.rows,
        findings=outcome.findings,
        suppressed=outcome.suppressed,
        summary=told,
        exit_code=_exit_code(outcome.failed, view, lost),
        knowledge=table.knowledge_date(),
        fail_on=settings.fail_on,
        baselined=baseline is not None,
        found=tuple(found),
        notes=(*notes, *(() if partial or only else _mended(baseline or {}, outcome))),
    )


def _view(
    command: str,
    environments: Sequence[Environment],
    settings: Settings,
    only: Sequence[str],
    shared: Sequence[tuple[SharedFile, ...]],
) -> View:
    """Everything that is known before rules speak."""
    named = {one.name: one for one in environments}
    pairs = tuple((writer, one.name) for one in environments for writer in one.follows if writer in named)
    return View(
        command=command,
        environments=named,
        pairs=pairs,
        rows=tuple(row for row in _rows(environments, pairs, settings) if _asked_for(row.package, only)),
        artifacts=tuple(artifact_crossings(named, pairs)),
        shared=tuple(shared),
        settings=settings,
    )


def _mended(baseline: Mapping[str, str], outcome: Outcome) -> Iterator[str]:
    """What the baseline knows and this run no longer finds."""
    found = {one.fingerprint for one in (*outcome.findings, *outcome.suppressed)}
    gone = sorted(what for known, what in baseline.items() if known not in found)
    if gone:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        yield f"Mended since the baseline: {'; '.join(gone[:3])}{more}. --write-baseline drops what is mended."


def _asked_for(package: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatchcase(package, pattern) for pattern in only)


def _rows(
    environments: Sequence[Environment],
    pairs: Sequence[tuple[str, str]],
    settings: Settings,
) -> Iterator[Row]:
    kinds: dict[str, Kind] = {}
    for one in environments:
        for package, cell in one.cells.items():
            kinds.setdefault(package, cell.kind)
    for package in sorted(kinds):
        if _compared(package, settings):
            yield _row(package, kinds[package], environments, pairs, settings)


def _compared(package: str, settings: Settings) -> bool:
    """Installers, linters and test tools are compared only when the configuration names them."""
    return not table.is_tool(package) or watches(settings, package)


def _row(
    package: str,
    kind: Kind,
    environments: Sequence[Environment],
    pairs: Sequence[tuple[str, str]],
    settings: Settings,
) -> Row:
    held = {one.name: one.cells.get(package) or one.missing(package, kind) for one in environments}
    watched = kind is not Kind.LOCAL and (
        kind is not Kind.PACKAGE or table.watched(package) or watches(settings, package)
    )
    crossings = tuple(
        crossing(held[writer], held[reader], watched=watched)
        for writer, reader in pairs
        if held[writer].named or (held[reader].named and not _only_artifacts(writer, environments))
    )
    worst = min(crossings, key=lambda one: (one.verdict.rank, one.distance.rank if one.distance else 9), default=None)
    return Row(
        package=package,
        kind=kind,
        cells=tuple(held.values()),
        crossings=crossings,
        verdict=worst.verdict if worst else Verdict.ALIGNED,
        distance=worst.distance if worst else None,
        watched=watched,
    )


def _only_artifacts(name: str, environments: Sequence[Environment]) -> bool:
    """Whether an environment is nothing but the artifacts that it wrote, so that what it does not name is no news."""
    return any(one.name == name and one.writes and not one.readings for one in environments)


def _judged(view: View) -> Iterator[Judged]:
    """Every hit of every rule, with the rule."""
    known = rules().values()
    by_scope: dict[str, list[Rule]] = {}
    for rule in known:
        by_scope.setdefault(rule.scope, []).append(rule)
    for one in view.crossings():
        if one.watched or one.verdict is Verdict.UNREAD:
            yield from (Judged(rule, hit) for rule in by_scope.get("crossing", ()) for hit in rule.check(one, view))
    for one_environment in view.environments.values():
        for rule in by_scope.get("environment", ()):
            yield from (Judged(rule, hit) for hit in rule.check(one_environment, view))
    for rule in by_scope.get("fleet", ()):
        yield from (Judged(rule, hit) for hit in rule.check(view))


def _exit_code(failed: bool, view: View, lost: bool) -> int:
    """2 a source lost, 1 findings, 3 nothing to compare, 0; the first that applies."""
    if lost:
        return 2
    if failed:
        return 1
    nothing = bool(view.pairs) and not view.compared_pairs() and not _one_sided(view)
    return 3 if nothing or not view.environments else 0


def _one_sided(view: View) -> bool:
    """Whether two complete lists were compared, so that sharing nothing is itself an answer."""
    named = view.environments
    return any(all(named[name].complete and named[name].packages for name in pair) for pair in view.pairs)
