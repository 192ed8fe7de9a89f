"""A history for a terminal: each drift with the commits behind it, and a line that shows it over time."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.history import DriftHistory, PackageDrift
from mlaudit.reporters._facts import plural
from mlaudit.reporters._history_facts import closing, commit_words, pair_words, shares, since, steps, versions_words
from mlaudit.reporters._layout import Segment, StyledLine, columns, painted, paragraph, stacked, text
from mlaudit.reporters._registry import Style

PARTS = 32
"""Characters of the line that shows a drift over time."""
STEPS = 6
"""Commits of one drift that are shown before the rest is counted."""
_LEVELS = "▁▂▃▄▅▆▇█"


def as_table(history: DriftHistory, style: Style) -> str:
    """What differs now, then what was fixed, then which commits were read."""
    lines: list[StyledLine] = []
    for drift in history.drifts:
        lines += [*_drift(drift, history, style), StyledLine()]
    sentences = [_counted(history), closing(history), *history.notes]
    lines += [line for sentence in sentences for line in paragraph(sentence, style.width)]
    return painted(lines, colour=style.colour)


def as_first_bad(history: DriftHistory) -> str:
    """For scripts: a line for each drift that lasts, the commit by which it began first."""
    rows = [
        " ".join((_first_bad(drift), drift.package, drift.writer, drift.reader))
        for drift in history.drifts
        if drift.lasts
    ]
    return painted([text((row, "")) for row in rows], colour=False)


def _first_bad(drift: PackageDrift) -> str:
    """The commit by which a drift began, the later one where both sides moved; `-` if that is not known."""
    parted = drift.periods[-1].parted
    return max(parted, key=lambda step: step.commit.committed).commit.name if parted else "-"


def _drift(drift: PackageDrift, history: DriftHistory, style: Style) -> Iterator[StyledLine]:
    bold = "bold" if drift.lasts else ""
    yield from stacked([(versions_words(drift), bold), (pair_words(drift), bold)], style.width)
    line = (f"  {sparkline(drift, history)}", "red" if drift.lasts else "green")
    yield from stacked([line, (since(drift, history), "")], style.width, gap=2)
    shown = list(steps(drift))
    rows: list[list[Segment]] = []
    for did, step in shown if style.verbose else shown[:STEPS]:
        rows.append([(f"  {did}", "dim"), (commit_words(step, drift), "")])
        rows.append([("", ""), (f"{step.state.writer} → {step.state.reader}", "dim")])
    yield from columns(rows, width=style.width)
    if len(shown) > STEPS and not style.verbose:
        yield text((f"  and {len(shown) - STEPS} more commits: --verbose", "dim"))


def sparkline(drift: PackageDrift, history: DriftHistory) -> str:
    """The history from left to right: high where both sides differ, low where they agree, a dot for not known."""
    return "".join(
        "·" if share is None else _LEVELS[round(share * (len(_LEVELS) - 1))] for share in shares(drift, history, PARTS)
    )


def _counted(history: DriftHistory) -> str:
    lasting = sum(drift.lasts for drift in history.drifts)
    fixed = len(history.drifts) - lasting
    if not history.drifts:
        return "No watched package differed between two environments at any time."
    differ = f"{plural(lasting, 'difference')} now" if lasting else "No difference now"
    return f"{differ}; {plural(fixed, 'earlier one')} aligned again." if fixed else f"{differ}."
