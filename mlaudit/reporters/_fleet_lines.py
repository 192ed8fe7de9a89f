"""A fleet for a terminal: the worst pairs first, then versions, drift, clusters, risks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.fleet import EnvironmentCluster, FleetPair, FleetReport, VersionUse
from mlaudit.model.nouns import Severity
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._facts import plural
from mlaudit.reporters._fleet_facts import not_listed, summary
from mlaudit.reporters._layout import TONE, Segment, StyledLine, columns, painted, paragraph, stacked, text
from mlaudit.reporters._registry import Style

SHOWN = 10
"""Rows of one part before the rest is counted."""
FEW = 3
"""Findings, versions or models of a row that are named before the rest is counted."""
MAX_WIDTH = 80
"""Columns, however wide the terminal is."""
_INDENT = " " * 11


def as_table(report: FleetReport, style: Style) -> str:
    """Parts with nothing to show are left out; what was given up and what comes of it is always stated."""
    limit = 10**9 if style.verbose else SHOWN
    width = min(style.width, MAX_WIDTH)
    parts = [
        _given_up(report, limit, width),
        _pairs(report, limit, width),
        _risks(report, limit, width),
        _drifts(report, limit, width),
        _clusters(report.clusters, limit, width),
    ]
    lines: list[StyledLine] = []
    for part in parts:
        shown = list(part)
        if shown:
            lines += [*shown, StyledLine()]
    for sentence in (*_closing(report), *report.notes):
        lines += paragraph(sentence, width)
    return painted(lines, colour=style.colour)


def _given_up(report: FleetReport, limit: int, width: int) -> Iterator[StyledLine]:
    lost = [repository for repository in report.repositories if repository.why]
    if lost:
        yield text(("Given up", "bold red"))
        for fleet_repository in lost[:limit]:
            yield text((f"  {fleet_repository.name}", "underline"))
            yield from paragraph(fleet_repository.why, width, first="    ", rest="    ")
        yield from _more(len(lost) - limit)


def _pairs(report: FleetReport, limit: int, width: int) -> Iterator[StyledLine]:
    worst = [fleet_pair for fleet_pair in report.pairs if fleet_pair.severity or fleet_pair.why]
    if not worst:
        return
    yield text(("Pairs", "bold"))
    for pair in worst[:limit]:
        names = _pair_names(pair, width)
        tone = TONE[Severity(pair.severity)] if pair.severity else "red"
        yield text((f"  {pair.severity or 'unknown':<9}", tone), (names[0], ""))
        yield from (text((f"{'':<11}{name}", "")) for name in names[1:])
        if pair.address:
            shared = f"both name {pair.address}{'' if pair.certain else '; others write it, too'}"
            yield from paragraph(shared, width, first=_INDENT, rest=_INDENT, tone="dim")
        yield from paragraph(_says(pair), width, first=_INDENT, rest=_INDENT)
    yield from _more(len(worst) - limit)


def _pair_names(pair: FleetPair, width: int) -> list[str]:
    """Writer and reader, their repository once where they have one; in two lines where one is too short."""
    repository, _, writer = pair.writer.rpartition(":")
    begin, _, reader = pair.reader.rpartition(":")
    joined = f"{pair.writer} → {pair.reader}" if pair.address or begin != repository else ""
    joined = joined or f"{repository}: {writer} → {reader}"
    return [joined] if len(joined) <= width - len(_INDENT) else [pair.writer, f"→ {pair.reader}"]


def _says(pair: FleetPair) -> str:
    """The versions of the worst findings, and how many more there are."""
    if pair.why:
        return pair.why
    own = [finding for finding in pair.findings if finding["severity"] == pair.severity]
    texts = [_finding(row) for row in own[:FEW]]
    more = len(pair.findings) - len(texts)
    return "; ".join(texts) + (f"; {more} more" if more > 0 else "")


def _finding(row: dict[str, object]) -> str:
    versions = f" {row['expected']} → {row['actual']}" if row["expected"] and row["actual"] else ""
    return f"{row['code']} {row['package'] or row['name']}{versions}"


def _risks(report: FleetReport, limit: int, width: int) -> Iterator[StyledLine]:
    if not report.asked:
        return
    models = {f"{risk.environment} {model}" for risk in report.risks for model in risk.models}
    where = plural(len({risk.environment for risk in report.risks}), "environment")
    yield text((f"What if {', '.join(report.asked)}: {where} at risk, {plural(len(models), 'named model')}", "bold"))
    for risk in report.risks[:limit]:
        named = f" ({', '.join(risk.models[:FEW])}{', …' if len(risk.models) > FEW else ''})" if risk.models else ""
        yield from stacked([(f"  {risk.environment}", ""), (f"{risk.package} {risk.stated}{named}", "")], width, gap=3)
        yield from paragraph(risk.why, width, first="    ", rest="    ", tone="dim")
    yield from _more(len(report.risks) - limit)


def _drifts(report: FleetReport, limit: int, width: int) -> Iterator[StyledLine]:
    if not report.drifts:
        return
    by_package: dict[str, list[VersionUse]] = {}
    for version in report.versions:
        by_package.setdefault(version.package, []).append(version)
    yield text(("Packages that drift most", "bold"))
    rows: list[list[Segment]] = []
    for drift in report.drifts[:limit]:
        pairs = f"{drift.differing:,} of {plural(drift.compared, 'pair')}"
        rows.append([(f"  {drift.package}", ""), (pairs, ""), (_versions(by_package.get(drift.package, ())), "")])
    yield from columns(rows, width=width)


def _versions(uses: Sequence[VersionUse]) -> str:
    """The versions that most environments install, with how many do."""
    ranked = sorted(uses, key=lambda use: (-use.count, use.version))
    shown = ", ".join(f"{for_terminal(use.version)} ×{use.count:,}" for use in ranked[:FEW])
    more = len(ranked) - FEW
    return shown + (f", {more:,} more" if more > 0 else "")


def _clusters(clusters: Sequence[EnvironmentCluster], limit: int, width: int) -> Iterator[StyledLine]:
    if not clusters:
        return
    yield text(("Environments that agree in every watched package", "bold"))
    limit = min(limit, SHOWN // 2) if limit == SHOWN else limit
    for cluster in clusters[:limit]:
        named = ", ".join(cluster.where[:2]) + (f", {cluster.count - 2:,} more" if cluster.count > 2 else "")
        yield from stacked([(f"  {cluster.count:,}", "bold"), (named, "")], width, gap=3, indent=6)
        versions = ", ".join(f"{name} {version}" for name, version in cluster.versions[:FEW])
        more = len(cluster.versions) - FEW
        rest = f", {more} more" if more > 0 else ""
        yield from paragraph(f"{versions}{rest}", width, first="      ", rest="      ", tone="dim")
    yield from _more(len(clusters) - limit)


def _more(count: int) -> Iterator[StyledLine]:
    if count > 0:
        yield text((f"  and {count:,} more: --verbose", "dim"))


def _closing(report: FleetReport) -> Iterator[str]:
    counts = summary(report)
    given_up = f", {counts['given_up']:,} given up" if counts["given_up"] else ""
    yield (
        f"{plural(len(report.repositories), 'repository')}{given_up}; "
        f"{plural(report.environments, 'environment')}, {plural(len(report.pairs), 'pair')}"
        f"{_spanning(report)}: {counts['error']:,} with errors, {counts['warning']:,} with warnings, "
        f"{counts['info']:,} with notes only."
    )
    rest = not_listed(report)
    if rest:
        yield f"{plural(rest, 'further finding')} about no pair; `mlaudit check` in a repository lists them."
    unread = sum(repository.unread for repository in report.repositories)
    if unread:
        yield f"{plural(unread, 'entry')} of sources not read; `mlaudit check` in a repository says which."


def _spanning(report: FleetReport) -> str:
    spanning = sum(bool(pair.address) for pair in report.pairs)
    return f" ({spanning:,} across repositories)" if spanning else ""
