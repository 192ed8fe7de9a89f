"""One line per pair: who writes, who reads, what crosses and where the code says so."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Environment, Report

SHOWN_CROSSES = 2
"""Artifacts of one pair that are named before the rest is counted."""
SHOWN_SOURCES = 3
"""Sources of one environment that are named before the rest is counted."""


def pair_lines(report: Report) -> Iterator[str]:
    """`training (uv.lock) → serving (serve/Dockerfile): model.joblib, joblib dump (train.py:42 → app.py:17)`."""
    named = {one.name: one for one in report.environments}
    for pair in report.known_pairs:
        if pair.writer in named and pair.reader in named:
            sides = f"{_side(named[pair.writer])} → {_side(named[pair.reader])}"
            yield f"{sides}: {_crosses(pair)}"


def _side(one: Environment) -> str:
    first, *rest = one.sources or (one.name,)
    more = [
        *rest[: SHOWN_SOURCES - 1],
        *([f"{len(rest) - SHOWN_SOURCES + 1} more"] if len(rest) >= SHOWN_SOURCES else []),
    ]
    listed = f"{first}: {', '.join(more)}" if more else first
    return f"{one.name} ({listed})"


def _crosses(pair: EnvironmentPair) -> str:
    if not pair.crosses:
        if pair.certain:
            return pair.reason or "declared"
        return "a guess by names, so its findings are warnings at most; `follows` in mlaudit.toml makes it sure"
    shown = [
        f"{one.artifact}, {one.form} ({one.written.path}:{one.written.line} → {one.read.path}:{one.read.line})"
        for one in pair.crosses[:SHOWN_CROSSES]
    ]
    more = len(pair.crosses) - SHOWN_CROSSES
    return "; ".join((*shown, *([f"{more} more"] if more > 0 else [])))
