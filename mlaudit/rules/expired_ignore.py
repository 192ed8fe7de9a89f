"""The last day of an ignore has passed."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Severity
from mlaudit.model.report import Hit
from mlaudit.request.settings import IgnoreRow
from mlaudit.rules._registry import policy_rule


@policy_rule("MLA903", Severity.WARNING, since="0.1", title="an ignore has expired", fact="expired-ignore")
def check(row: IgnoreRow) -> Iterator[Hit]:
    """The last day of an ignore has passed.

    What it does:
        Reports an `ignore` row whose `until` is before today. What it covered is reported again.

    Why:
        The date was set so that somebody looks at it once more.

    Example:
        `until = 2026-06-30` on the first of July.

    Fix:
        Fix what it suppresses, or set a new date with a reason that is still true.

    References:
        https://google.github.io/osv-scanner/configuration/
    """
    yield Hit(
        package=row.selection.package,
        message=f"This ignore ({row.reason}) ended on {row.until}.",
        at=row.at,
        actual=str(row.until),
    )
