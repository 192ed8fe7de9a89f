"""Where the project and its documentation are published: the only place that says so.

`python -m mlaudit.lab.publish ADDRESS` replaces the repository's address here and in every document that names it.
"""

from __future__ import annotations

REPOSITORY = "https://github.com/YOUR-ORG/mlaudit"
"""The repository; the name of its owner is open until somebody publishes it."""
OPEN_OWNER = "YOUR-ORG"
"""The owner's name while nobody has published the project."""
ISSUES = f"{REPOSITORY}/issues"
"""Where a defect is reported."""
DOCUMENTATION = f"{REPOSITORY}/blob/main/docs"
"""The pages of the documentation, readable on the web without a site of their own."""


def is_published() -> bool:
    """Whether the addresses lead anywhere, so that a report may name them."""
    return OPEN_OWNER not in REPOSITORY


def rule_address(code: str, name: str) -> str:
    """The documentation of a rule, by its heading."""
    return f"{DOCUMENTATION}/reference/rules.md#{code.lower()}-{name}"
