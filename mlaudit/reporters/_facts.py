"""What several reports say in the same words: counts, headlines, and the findings that belong to a cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.model.nouns import Severity, State, Unread
from mlaudit.model.report import Cell, Environment, Finding, Report, Row

UNREAD = frozenset(("unread", "template"))
"""The facts of findings about what was seen in a file and not understood."""


def plural(count: int, word: str) -> str:
    """A count and its noun: `1 error`, `2,000 errors`, `2 entries`."""
    many = f"{word[:-1]}ies" if word.endswith(("ry", "ty")) else f"{word}s"
    return f"{count:,} {word if count == 1 else many}"


def counts(report: Report) -> str:
    """How many findings of each severity there are: `1 error, 2 warnings, 3 info`."""
    summary, change = report.summary, report.against
    parts = [plural(summary.error, "error"), plural(summary.warning, "warning"), f"{summary.info} info"]
    counted = ", ".join([*parts, *suppressed(report)])
    if change is None:
        return counted
    # A hash needs no escaping anywhere, which the name of a branch does.
    rest = f"{len(change.unchanged)} unchanged, {len(change.mended)} fixed"
    worse = f"{len(change.worse)} of them worse than before, " if change.worse else ""
    return f"new since {change.base[:12]}: {counted}; {worse}{rest}"


def suppressed(report: Report) -> Iterator[str]:
    """What was found and does not count, by what suppressed it; nothing if nothing was."""
    summary = report.summary
    each = (
        (summary.by_configuration, "by the configuration"),
        (summary.by_waivers, "by waivers"),
        (summary.by_baseline, "by the baseline"),
        (summary.by_evidence, "by recorded proofs"),
    )
    if summary.suppressed:
        yield f"{summary.suppressed} suppressed ({', '.join(f'{count} {by}' for count, by in each if count)})"
    if summary.left_out:
        yield f"{summary.left_out} left out by code"


def as_counts(report: Report) -> dict[str, int]:
    """The same as data."""
    summary = report.summary
    by_evidence = {"evidence": summary.by_evidence} if summary.by_evidence else {}
    return {
        "configuration": summary.by_configuration,
        "waivers": summary.by_waivers,
        "baseline": summary.by_baseline,
        **by_evidence,
        "left_out": summary.left_out,
    }


def compared(report: Report) -> str:
    """How much was compared and what of it agrees, as one sentence."""
    summary = report.summary
    if not summary.compared:
        return "No package is stated by both sides of a pair, so nothing was compared."
    return f"Both sides agree in {summary.aligned:,} of {plural(summary.compared, 'package comparison')}."


def unknown_images(report: Report) -> str:
    """Which base images nothing is known of, as one sentence; empty if there is none."""
    images = report.summary.unknown_images
    if not images:
        return ""
    what = f"image {images[0]} contains" if len(images) == 1 else f"images {_listed(images)} contain"
    return f"What the base {what} is not known here, so not judged."


def unknown_requirements(report: Report) -> str:
    """Of which packages it is not known what they require, as one sentence; empty if there is none."""
    packages = report.summary.unknown_requirements
    if not packages:
        return ""
    requires = "requires" if len(packages) == 1 else "require"
    return f"What {_listed(packages)} {requires} is not known here, so not checked."


def incomplete(environments: Iterable[Environment]) -> str:
    """Which environments are no complete lists, as one sentence; empty if there is none."""
    names = [environment.name for environment in environments if not environment.complete]
    if not names:
        return ""
    listed = _listed(names)
    if len(names) == 1:
        return f"{listed} is not a complete list: packages it does not name may still be installed."
    return f"{listed} are not complete lists: packages they do not name may still be installed."


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def headline(finding: Finding) -> str:
    """What a finding is about, in a few words: `numpy 2.1.3 → 1.26.0`."""
    if finding.package and finding.expected is not None and finding.actual is not None:
        return f"{finding.package} {finding.expected} → {finding.actual}"
    return finding.package or " → ".join(finding.environments) or str(finding.at)


def sides(finding: Finding) -> Iterator[tuple[str, str]]:
    """Every place of a finding; with the text there if several places are compared."""
    several = len(finding.locations) > 1
    return ((str(location.place), location.says if several else "") for location in finding.locations)


def cell_text(cell: Cell) -> str:
    """A cell as people read it; nothing if the package is not installed."""
    if cell.state is State.ABSENT:
        return "-"
    return "not named" if cell.state is State.UNSTATED else cell.shown


def distance(row: Row) -> str:
    """How far apart the worst of a row's crossings is, else its verdict."""
    return row.distance.value if row.distance else row.verdict.value


def unread(report: Report) -> list[tuple[Environment, Unread]]:
    """Everything that was seen and not understood, with whose it is."""
    return [(environment, entry) for environment in report.environments for entry in environment.unread]


def by_package(findings: Iterable[Finding]) -> Mapping[str, Severity]:
    """The worst severity of the findings on each package, as far as they compare environments."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        if len(finding.environments) > 1:
            for package in (finding.package, *finding.covers):
                if package is not None:
                    worst[package] = min(worst.get(package, finding.severity), finding.severity, key=_rank)
    return worst


def _rank(severity: Severity) -> int:
    return severity.rank


def worst_first(rows: Iterable[Row], severities: Mapping[str, Severity]) -> list[Row]:
    """Rows in the order in which they matter: findings, then watched packages, then verdicts, then names."""

    def order(row: Row) -> tuple[object, ...]:
        severity = severities.get(row.package)
        return (severity.rank if severity else 9, not row.watched, row.verdict.rank, row.package)

    return sorted(rows, key=order)


def with_findings(report: Report) -> list[Row]:
    """The rows on which there are findings, worst first."""
    severities = by_package(report.findings)
    return worst_first((row for row in report.rows if row.package in severities), severities)
