"""What a branch changed beside its new findings."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.reporters._branch import branch_html
from mlaudit.reporters._html.pair_views import PageView
from mlaudit.reporters._html.sections._registry import section


@section("Branch", order=5)
def branch(view: PageView) -> Iterator[str]:
    """The counts, then what was fixed and what is unchanged; nothing if no branch was requested."""
    yield from branch_html(view.report)
