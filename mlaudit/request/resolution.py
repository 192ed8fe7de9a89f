"""How environments without a lock are resolved: `--resolve` and `--as-of`."""

from __future__ import annotations

from datetime import date

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass

AUDIT, LOCK = "audit", "lock"
"""What `--resolve` may be: resolve for this audit, or write what was resolved as a lock too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What was asked of the resolver.

    Attributes:
        as_of: only releases up to that day count; None for everything that there is today.
        writes_locks: what was resolved is written beside its source.
    """

    as_of: date | None = None
    writes_locks: bool = False


def resolution_of(resolve: str | None, as_of: str | None) -> Resolution | None:
    """What `--resolve` and `--as-of` ask for. Raises UsageError."""
    if resolve is None:
        if as_of is not None:
            raise UsageError("--as-of limits the releases of --resolve to those up to a day; give --resolve too")
        return None
    if resolve not in (AUDIT, LOCK):
        raise UsageError(f"--resolve={resolve}: expected --resolve or --resolve lock")
    return Resolution(as_of=_day(as_of) if as_of is not None else None, writes_locks=resolve == LOCK)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text[:40]}: expected a day such as 2026-03-31") from None
