"""What `mlaudit history` prints: a history in one of its formats."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import Options
    from mlaudit.revisions.history import HistoryRequest

FORMATS = ("table", "json", "html")


def history_text(
    request: HistoryRequest, options: Options, format_: str, style: Style, *, first_bad: bool = False
) -> str:
    """The history as text; as a page it is a section of the report of `check`."""
    from mlaudit.reporters._history_json import as_json
    from mlaudit.reporters._history_lines import as_first_bad, as_table
    from mlaudit.revisions.history import drift_history

    history = drift_history(request, options)
    if first_bad:
        return as_first_bad(history)
    if format_ == "json":
        return as_json(history)
    if format_ == "html":
        from mlaudit.api import check
        from mlaudit.reporters._registry import render

        return render("html")(replace(check((), options), history=history), style)
    return as_table(history, style)


def demand_format(format_: str, *, first_bad: bool) -> None:
    """Raises UsageError where there is no such format, or it has no room for what is asked."""
    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: history prints {', '.join(FORMATS)}")
    if first_bad and format_ != "table":
        raise UsageError("--first-bad prints lines; leave --format out")


def day_of(text: str | None) -> date | None:
    """The day of `--since`. Raises UsageError."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text[:40]}: expected a date such as 2026-03-31") from None
