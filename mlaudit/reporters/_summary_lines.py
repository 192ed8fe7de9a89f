"""What a report for people ends with: how much was compared, what is equal, and what was not compared, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.nouns import Kind, Verdict
from mlaudit.model.report import Report
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._facts import (
    UNREAD,
    counts,
    incomplete,
    plural,
    suppressed,
    unknown_images,
    unknown_requirements,
)
from mlaudit.reporters._layout import StyledLine, text, wrapped
from mlaudit.reporters._pair_lines import target
from mlaudit.reporters._registry import Style
from mlaudit.reporters._tables import is_listed

ENTRIES = 5
"""Unread entries that are listed before the rest is counted."""
SIDES = 4
"""Environments of pairs for which the summary gives Python and platform; more only with `--verbose`."""
PAIRS = 2
"""Pairs that are named of those that exchange the same kinds."""


def summary_lines(report: Report, style: Style) -> Iterator[StyledLine]:
    """One sentence after the other, each with lines of its own."""
    for sentence in filter(None, (*_sentences(report), _fixes(report))):
        yield from (text((line, "")) for line in wrapped(sentence, style.width, rest="  "))


def unread_lines(report: Report, style: Style) -> Iterator[StyledLine]:
    """What was seen and not understood and is no finding: some entries with their reasons, the others counted."""
    places = {finding.at for finding in report.findings if finding.fact in UNREAD}
    entries = list(
        dict.fromkeys(
            (str(entry.at), entry.what, entry.why)
            for environment in report.environments
            for entry in environment.unread
            if entry.at not in places
        )
    )
    if not entries:
        return
    yield text(("Not compared:", "bold"))
    most = len(entries) if style.verbose else ENTRIES
    for at, what, why in entries[:most]:
        quoted = f" `{for_terminal(what)[:60]}`" if what else ""
        reason = wrapped(why, style.width, first="    ", rest="    ")
        if len(reason) == 1 and len(at) + len(quoted) + len(reason[0]) <= style.width:
            yield text(("  ", ""), (at, "underline"), (f"{quoted}: {reason[0].strip()}", ""))
        else:
            if len(at) + len(quoted) + 2 <= style.width:
                yield text(("  ", ""), (at, "underline"), (quoted, ""))
            else:
                yield from (text(("  ", ""), (at, "underline")), text(("   ", ""), (quoted, "")))
            yield from (text((line, "")) for line in reason)
    if entries[most:]:
        yield text((f"  and {len(entries) - most} more: --verbose", "dim"))


def _sentences(report: Report) -> Iterator[str]:
    summary = report.summary
    if not report.pairs:
        packages = sum(environment.packages for environment in report.environments)
        where = plural(len(report.environments), "environment")
        yield f"{where}, {plural(packages, 'package')}, no pair to compare; {counts(report)}."
        yield unknown_requirements(report)
        return
    known = (*report.findings, *(report.against.unchanged if report.against else ()))
    if summary.compared and summary.compared == summary.aligned and not known:
        yield _all_aligned(report)
    elif summary.compared:
        shared = f"{summary.aligned} of {summary.compared} shared packages are aligned"
        yield f"{shared}{_equal(report)}; {counts(report)}. {_one_sided(report)}".rstrip()
        yield _incomplete_sides(report)
    else:
        yield f"No package is stated by both sides of a pair; {counts(report)}. {_one_sided(report)}".rstrip()
        yield _incomplete_sides(report)
    unlisted = _unlisted(report)
    if unlisted:
        yield f"{plural(unlisted, 'difference')} in packages that are not watched; --verbose lists all."
    yield unknown_images(report)
    yield unknown_requirements(report)
    if summary.unseen:
        yield f"Not stated on both sides, so not judged: {', '.join(summary.unseen)}."
    yield from _without_code(report)
    yield from _judged_for(report)
    yield _targets(report)


def _fixes(report: Report) -> str:
    """How many findings advise another version of what is written, where a command makes such changes."""
    by_name = {environment.name: environment for environment in report.environments}
    advised = [finding.fix for finding in report.findings if finding.fix is not None and finding.fix.changes]
    written = [
        fix
        for fix in advised
        if (change := fix.changes[0]).environment in by_name and by_name[change.environment].cell(change.package).named
    ]
    if report.command != "check" or not written:
        return ""
    safe = sum(fix.safe for fix in written)
    counted = [f"{count} {word}" for count, word in ((safe, "safe"), (len(written) - safe, "unsafe")) if count]
    fixes = "fix" if len(written) == 1 else "fixes"
    return f"{len(written):,} {fixes} ({', '.join(counted)}): mlaudit fix shows what it can change."


def _without_code(report: Report) -> Iterator[str]:
    """Which code that models need was not available, and how to have it read too."""
    lacking = [
        (environment.name, environment.without_code[:SIDES])
        for environment in report.environments
        if environment.without_code
    ]
    if lacking:
        named = "; ".join(f"{', '.join(packages)} in {name}" for name, packages in lacking[:SIDES])
        more = f" and {plural(len(lacking) - SIDES, 'more environment')}" if lacking[SIDES:] else ""
        yield (
            f"The code of {named}{more} is not available, so its models are judged by versions alone; "
            "name its image, virtual environment or wheels as a source for more."
        )


def _judged_for(report: Report) -> Iterator[str]:
    """In which forms artifacts cross where code shows it: what is known of other forms is not reported there."""
    pairs: dict[str, list[str]] = {}
    for environment in report.environments:
        for writer, kinds in environment.kinds_from.items():
            if kinds:
                pairs.setdefault(", ".join(kinds), []).append(f"{writer} → {environment.name}")
    if sum(map(len, pairs.values())) == len(report.pairs) and len(pairs) == 1:
        yield f"Judged only for what the code exchanges: {next(iter(pairs))}."
    elif pairs:
        shown = [f"{kinds} ({_some_pairs(names)})" for kinds, names in pairs.items()]
        more = f" and {len(shown) - SIDES} more sets of kinds" if shown[SIDES:] else ""
        yield f"Judged only for what the code exchanges: {'; '.join(shown[:SIDES])}{more}."


def _some_pairs(names: Sequence[str]) -> str:
    more = f" and {plural(len(names) - PAIRS, 'more pair')}" if names[PAIRS:] else ""
    return ", ".join(names[:PAIRS]) + more


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"


def _all_aligned(report: Report) -> str:
    summary = report.summary
    names = _paired(report)
    across = " and ".join(names) if len(names) < SIDES else f"{len(report.pairs)} pairs"
    besides = f" ({', '.join(summary.equal)})" if summary.equal else ""
    shared = f"{plural(summary.compared, 'shared package')} {_verb(summary.compared)} aligned across {across}{besides}."
    return f"{shared} {_left_out(report)}".rstrip()


def _paired(report: Report) -> list[str]:
    paired = {name for pair in report.pairs for name in pair}
    return [environment.name for environment in report.environments if environment.name in paired]


def _equal(report: Report) -> str:
    """What is equal beside the packages, as the end of a clause."""
    equal = report.summary.equal
    return f", and so {_verb(len(equal))} {', '.join(equal)}" if equal else ""


def _left_out(report: Report) -> str:
    """What of two aligned sides was not compared; that nothing was left out only if that is so."""
    unread = [f"{report.summary.unread} not read"] if report.summary.unread else []
    left = [*unread, *suppressed(report)]
    if left:
        return f"{', '.join(left)}."
    partial, summary = _incomplete_sides(report), report.summary
    if partial or summary.unseen or summary.unknown_images or summary.unknown_requirements:
        return partial
    return "Nothing was left out."


def _one_sided(report: Report) -> str:
    """How many packages one side alone states, empty where there are many sides."""
    rows = [row for row in report.rows if row.kind is Kind.PACKAGE and sum(cell.stated for cell in row.cells) == 1]
    only = dict.fromkeys(_paired(report), 0)
    for row in rows:
        name = next(cell.environment for cell in row.cells if cell.stated)
        if name in only:
            only[name] += 1
    counted = [f"{count} only in {name}" for name, count in only.items() if count]
    return f"{', '.join(counted)}." if counted and len(only) <= SIDES else ""


def _incomplete_sides(report: Report) -> str:
    """Which sides have a list that is not complete."""
    paired = set(_paired(report))
    return incomplete(environment for environment in report.environments if environment.name in paired)


def _unlisted(report: Report) -> int:
    """How many packages are stated on both sides, not aligned, and are neither in a table nor in a finding."""
    spoken = {name for finding in report.findings for name in (finding.package, *finding.covers)}
    return sum(
        row.kind is Kind.PACKAGE
        and row.verdict is not Verdict.ALIGNED
        and row.package not in spoken
        and any(crossing.writer.stated and crossing.reader.stated for crossing in row.crossings)
        and not is_listed(row, report, Style())
        for row in report.rows
    )


def _targets(report: Report) -> str:
    """For which Python and platform the sides were read; of a fleet only with `--verbose`."""
    paired = set(_paired(report))
    sides = [environment for environment in report.environments if environment.name in paired]
    if len(sides) > SIDES:
        return ""
    if len({target(side) for side in sides}) == 1:
        return f"Read for {target(sides[0])}."
    return f"Read for {'; '.join(f'{side.name}: {target(side)}' for side in sides)}."
