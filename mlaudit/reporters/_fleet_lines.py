"""A fleet for a terminal of 80 columns: the worst pairs first, then versions, drift, clusters, risks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.fleet import EnvironmentCluster, FleetPair, FleetReport, VersionUse
from mlaudit.model.nouns import Severity
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._fleet_facts import not_listed, summary
from mlaudit.reporters._layout import TONE, Segment, StyledLine, columns, painted, text, wrapped
from mlaudit.reporters._registry import Style

SHOWN = 10
"""Rows of one part before the rest is counted."""
FEW = 3
_WIDTH = 80


def as_table(report: FleetReport, style: Style) -> str:
    """Parts with nothing to show are left out; what was given up and what comes of it is always said."""
    limit = 10**9 if style.verbose else SHOWN
    parts = [
        _given_up(report, limit),
        _pairs(report, limit),
        _risks(report, limit),
        _drifts(report, limit),
        _clusters(report.clusters, limit),
    ]
    lines: list[StyledLine] = []
    for part in parts:
        shown = list(part)
        if shown:
            lines += [*shown, StyledLine()]
    for sentence in (*_closing(report), *report.notes):
        lines += [text((line, "")) for line in wrapped(sentence, min(style.width, _WIDTH))]
    return painted(lines, colour=style.colour)


def _given_up(report: FleetReport, limit: int) -> Iterator[StyledLine]:
    lost = [one for one in report.repositories if one.why]
    if lost:
        yield text(("Given up", "bold red"))
        for one in lost[:limit]:
            yield text((f"  {one.name}", "underline"))
            yield from (text((line, "")) for line in wrapped(one.why, _WIDTH, first="    ", rest="    "))
        yield from _more(len(lost) - limit)


def _pairs(report: FleetReport, limit: int) -> Iterator[StyledLine]:
    worst = [one for one in report.pairs if one.severity or one.why]
    if not worst:
        return
    yield text(("Pairs", "bold"))
    for pair in worst[:limit]:
        names = _pair_names(pair)
        tone = TONE[Severity(pair.severity)] if pair.severity else "red"
        yield text((f"  {pair.severity or 'not compared':<9}", tone), (names[0], ""))
        yield from (text((f"{'':<11}{name}", "")) for name in names[1:])
        if pair.address:
            yield text(
                (f"           both name {pair.address}{'' if pair.certain else '; others write it, too'}", "dim")
            )
        yield from (text((line, "")) for line in wrapped(_says(pair), _WIDTH, first=" " * 11, rest=" " * 11))
    yield from _more(len(worst) - limit)


def _pair_names(pair: FleetPair) -> list[str]:
    """Writer and reader, their repository once where they have one; in two lines where one is too short."""
    repository, _, writer = pair.writer.rpartition(":")
    begin, _, reader = pair.reader.rpartition(":")
    joined = f"{pair.writer} → {pair.reader}" if pair.address or begin != repository else ""
    joined = joined or f"{repository}: {writer} → {reader}"
    return [joined] if len(joined) <= _WIDTH - 11 else [pair.writer, f"→ {pair.reader}"]


def _says(pair: FleetPair) -> str:
    """The versions of the worst findings, and how many more there are."""
    if pair.why:
        return pair.why
    own = [one for one in pair.findings if one["severity"] == pair.severity]
    texts = [_finding(one) for one in own[:FEW]]
    more = len(pair.findings) - len(texts)
    return "; ".join(texts) + (f"; {more} more" if more > 0 else "")


def _finding(one: dict[str, object]) -> str:
    versions = f" {one['expected']} → {one['actual']}" if one["expected"] and one["actual"] else ""
    return f"{one['code']} {one['package'] or one['name']}{versions}"


def _risks(report: FleetReport, limit: int) -> Iterator[StyledLine]:
    if not report.asked:
        return
    models = {f"{one.environment} {model}" for one in report.risks for model in one.models}
    where = _count(len({one.environment for one in report.risks}), "environment")
    yield text((f"What if {', '.join(report.asked)}: {where} at risk, {_count(len(models), 'named model')}", "bold"))
    for one in report.risks[:limit]:
        named = f" ({', '.join(one.models[:FEW])}{', …' if len(one.models) > FEW else ''})" if one.models else ""
        yield text((f"  {one.environment}", ""), (f"   {one.package} {one.stated}{named}", ""))
        yield from (text((line, "dim")) for line in wrapped(one.why, _WIDTH, first="    ", rest="    "))
    yield from _more(len(report.risks) - limit)


def _drifts(report: FleetReport, limit: int) -> Iterator[StyledLine]:
    if not report.drifts:
        return
    by_package: dict[str, list[VersionUse]] = {}
    for one in report.versions:
        by_package.setdefault(one.package, []).append(one)
    yield text(("Packages that drift most", "bold"))
    rows: list[list[Segment]] = []
    for drift in report.drifts[:limit]:
        pairs = f"{drift.differing:,} of {_count(drift.compared, 'pair')}"
        rows.append([(f"  {drift.package}", ""), (pairs, ""), (_versions(by_package.get(drift.package, ())), "")])
    yield from columns(rows)


def _versions(uses: Sequence[VersionUse]) -> str:
    """The versions that most environments install, with how many do."""
    ranked = sorted(uses, key=lambda one: (-one.count, one.version))
    shown = ", ".join(f"{for_terminal(one.version)} ×{one.count:,}" for one in ranked[:FEW])
    more = len(ranked) - FEW
    return shown + (f", {more:,} more" if more > 0 else "")


def _clusters(clusters: Sequence[EnvironmentCluster], limit: int) -> Iterator[StyledLine]:
    if not clusters:
        return
    yield text(("Environments that agree in every watched package", "bold"))
    limit = min(limit, SHOWN // 2) if limit == SHOWN else limit
    for one in clusters[:limit]:
        named = ", ".join(one.where[:2]) + (f", {one.count - 2:,} more" if one.count > 2 else "")
        yield text((f"  {one.count:,}", "bold"), (f"   {named}", ""))
        versions = ", ".join(f"{name} {version}" for name, version in one.versions[:FEW])
        more = len(one.versions) - FEW
        yield text((f"      {versions}{f', {more} more' if more > 0 else ''}", "dim"))
    yield from _more(len(clusters) - limit)


def _more(count: int) -> Iterator[StyledLine]:
    if count > 0:
        yield text((f"  and {count:,} more: --verbose", "dim"))


def _closing(report: FleetReport) -> Iterator[str]:
    counts = summary(report)
    given_up = f", {counts['given_up']:,} given up" if counts["given_up"] else ""
    yield (
        f"{_count(len(report.repositories), 'repository')}{given_up}; "
        f"{_count(report.environments, 'environment')}, {_count(len(report.pairs), 'pair')}"
        f"{_spanning(report)}: {counts['error']:,} with errors, {counts['warning']:,} with warnings, "
        f"{counts['info']:,} with notes only."
    )
    rest = not_listed(report)
    if rest:
        yield f"{_count(rest, 'further finding')} about no pair; `mlaudit check` in a repository lists them."
    unread = sum(one.unread for one in report.repositories)
    if unread:
        yield f"{_count(unread, 'entry')} of sources not read; `mlaudit check` in a repository says which."


def _spanning(report: FleetReport) -> str:
    spanning = sum(bool(one.address) for one in report.pairs)
    return f" ({spanning:,} across repositories)" if spanning else ""


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
