"""An ignore of the configuration matches nothing."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Severity
from mlaudit.model.report import Hit
from mlaudit.request.settings import IgnoreRow
from mlaudit.rules._registry import policy_rule


@policy_rule("MLA902", Severity.WARNING, since="0.1", title="an ignore suppresses nothing", fact="stale-ignore")
def check(row: IgnoreRow) -> Iterator[Hit]:
    """An ignore of the configuration matches nothing.

    What it does:
        Reports an `ignore` row that no finding of this run matched.

    Why:
        What it excused is fixed, or it never matched. It may suppress another finding later.

    Example:
        An ignore of MLA001 for pandas, after both sides were moved to pandas 2.2.3.

    Fix:
        Delete the row.

    References:
        https://embarkstudios.github.io/cargo-deny/checks/bans/diags.html
    """
    yield Hit(
        package=row.selection.package,
        message=f"This ignore ({row.reason}) matches no finding; delete it.",
        at=row.at,
        actual=row.selection.code,
    )
