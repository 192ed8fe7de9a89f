"""Something in a source was seen and not understood."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule


@environment_rule("MLA901", Severity.WARNING, since="0.1", title="not read", fact="unread", where="unread")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Something in a source was seen and not understood.

    What it does:
        Reports every line or entry of a source that could not be read, and why. The rest of the source counts.

    Why:
        What was not read was not compared. A report that does not say so claims more than it knows.

    Example:
        `serving/environment.yml` has `- numpy=1.26=`, which is not a conda match spec: its build string is empty.

    Fix:
        Correct the line.

    References:
        https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    for entry in environment.unread:
        if not entry.template:
            why = f"{f'`{entry.what}`: ' if entry.what and entry.what[:60] not in entry.why else ''}{entry.why}."
            yield Hit(
                package=entry.package,
                environments=(environment.name,),
                message=f"Not read: {why}",
                effect=why[:1].upper() + why[1:] if why.partition(" ")[0].isalpha() else why,
                at=entry.at,
                actual=entry.what or entry.why,
                values=(entry.what,),
            )
