"""A history as HTML: a picture over time, drawn without a script, and the commits of each drift."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.history import DriftHistory, PackageDrift
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._history_facts import closing, commit_words, headline, since, steps

WIDTH, ROW, LABEL = 1000, 26, 320
"""Units of the picture: its width, the height of a row, and the width of the labels."""
MAX_ROWS = 60
"""Drifts that are drawn; the list below the picture has all of them."""
_TICKS = 4


def as_fragment(history: DriftHistory) -> Iterator[str]:
    """What was looked at, the picture and the list."""
    yield f"<p>{for_html(closing(history))}</p>"
    yield from (f"<p>{for_html(note)}</p>" for note in history.notes)
    if history.drifts and history.begins is not None and history.ends is not None:
        yield from _picture(history)
    for drift in history.drifts:
        about = f"{for_html(headline(drift))} <small>{for_html(since(drift, history))}</small>"
        yield f"<details><summary>{about}</summary><ul>"
        yield from (f"<li>{did}: {for_html(commit_words(step, drift))}</li>" for did, step in steps(drift))
        yield "</ul></details>"


def _picture(history: DriftHistory) -> Iterator[str]:
    shown = history.drifts[:MAX_ROWS]
    height = ROW * (len(shown) + 1)
    yield (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" font-size="13" fill="currentColor" '
        'aria-label="When each package differed, from the first to the last commit">'
    )
    for number, drift in enumerate(shown):
        yield from _row(drift, history, number * ROW)
    yield from _axis(history, height)
    yield "</svg>"
    if len(history.drifts) > MAX_ROWS:
        yield f"<p>{len(history.drifts) - MAX_ROWS} more are not drawn.</p>"


def _row(drift: PackageDrift, history: DriftHistory, top: int) -> Iterator[str]:
    label = for_html(f"{drift.package} ({drift.reader})"[:44])
    yield f'<text x="0" y="{top + 17}">{label}<title>{for_html(headline(drift))}</title></text>'
    first = _x(drift.first_seen.timestamp(), history)
    yield f'<rect x="{first:.1f}" y="{top + 10}" width="{max(1.0, WIDTH - first):.1f}" height="4" opacity="0.25"/>'
    for period in drift.periods:
        left = _x(period.begins.timestamp(), history)
        right = _x(period.ends.timestamp(), history) if period.ends is not None else float(WIDTH)
        until = f"{period.ends:%Y-%m-%d}" if period.ends is not None else "now"
        # The colours of errors and warnings mean severity; here the height alone shows what differs.
        yield (
            f'<rect x="{left:.1f}" y="{top + 4}" width="{max(2.0, right - left):.1f}" height="16" opacity="0.75">'
            f"<title>{for_html(f'{drift.package}: different {period.begins:%Y-%m-%d} to {until}')}</title></rect>"
        )


def _axis(history: DriftHistory, height: int) -> Iterator[str]:
    if history.begins is None or history.ends is None:
        return
    whole = history.ends - history.begins
    for number in range(_TICKS + 1):
        when = history.begins + whole * number / _TICKS
        at = LABEL + (WIDTH - LABEL) * number / _TICKS
        anchor = "start" if number == 0 else "end" if number == _TICKS else "middle"
        yield f'<text x="{at:.0f}" y="{height - 8}" text-anchor="{anchor}" opacity="0.8">{when:%Y-%m-%d}</text>'


def _x(moment: float, history: DriftHistory) -> float:
    if history.begins is None or history.ends is None or history.begins == history.ends:
        return float(LABEL)
    begin, end = history.begins.timestamp(), history.ends.timestamp()
    share = min(1.0, max(0.0, (moment - begin) / (end - begin)))
    return LABEL + (WIDTH - LABEL) * share
