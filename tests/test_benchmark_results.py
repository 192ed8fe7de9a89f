"""What a benchmark writes into RESULTS.md, and what of it stays."""

from __future__ import annotations

from benchmarks.speed_table import renewed

BEFORE = "# Speed\n\nold\n\n| work | 1 |\n\n- work: old cause.\n\nWritten by hand.\n\n# Trust\n\n| x | 2 |\n"


def test_only_what_was_measured_is_replaced() -> None:
    page = "# Speed\n\nnew\n\n| work | 3 |\n"
    assert renewed(BEFORE, page) == f"{page}\nWritten by hand.\n\n# Trust\n\n| x | 2 |\n"
    assert renewed("", page) == page
