"""A history as JSON, schema `mlaudit.history/1`."""

from __future__ import annotations

from datetime import datetime

from mlaudit import __version__
from mlaudit.model.history import Commit, CrossingState, DriftHistory, DriftStep, PackageDrift, Period
from mlaudit.model.secrets import masked
from mlaudit.reporters._history_facts import days
from mlaudit.reporters._json_text import Json, lines


def as_json(history: DriftHistory) -> str:
    """Every drift with its periods, dates in UTC."""
    return lines(
        {
            "schema": "mlaudit.history/1",
            "mlaudit": __version__,
            "tip": history.tip,
            "today": history.today.isoformat(),
            "commits": history.commits,
            "begins": _moment(history.begins),
            "ends": _moment(history.ends),
            "begins_late": history.begins_late,
            "drifts": [_drift(drift, history) for drift in history.drifts],
            "notes": list(history.notes),
        }
    )


def _drift(drift: PackageDrift, history: DriftHistory) -> Json:
    return {
        "package": drift.package,
        "writer": drift.writer,
        "reader": drift.reader,
        "lasts": drift.lasts,
        "latest": _state(drift.latest),
        "first_seen": _moment(drift.first_seen),
        "periods": [_period(period, history) for period in drift.periods],
    }


def _period(period: Period, history: DriftHistory) -> Json:
    return {
        "begins": _moment(period.begins),
        "ends": _moment(period.ends),
        "days": days(period, history),
        "parted": [_step(step) for step in period.parted],
        "changed": [_step(step) for step in period.steps],
        "mended": [_step(step) for step in period.mended],
    }


def _step(step: DriftStep) -> Json:
    return {
        "side": step.side,
        "commit": _commit(step.commit),
        "landed": _commit(step.landed) if step.landed is not None else None,
        **_state(step.state),
    }


def _state(state: CrossingState) -> Json:
    return {"written": state.writer, "read": state.reader}


def _commit(commit: Commit) -> Json:
    return {
        "name": commit.name,
        "repository": commit.repository or None,
        "authored": _moment(commit.authored),
        "committed": _moment(commit.committed),
        "author": masked(commit.author),
        "subject": masked(commit.subject),
        "bot": commit.bot,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
