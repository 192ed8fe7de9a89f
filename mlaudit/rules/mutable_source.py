"""A source names something that can change under the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Pin, Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule

# A tag that looks like a version is seldom moved.
_TAG = re.compile(r"@v?[0-9]{1,4}(?:\.[0-9]{1,6}){1,4}(?:[#&?]|$)")
_COMMIT = re.compile(r"@[0-9a-f]{7,64}(?:[#&?]|$)|[#?&](?:rev|commit)=[0-9a-f]{7,64}|#[0-9a-f]{40}$")


@environment_rule("MLA503", Severity.WARNING, since="0.1", fact="mutable")
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A source names something that can change under the same name.

    What it does:
        Reports requirements that come from a git branch or tag without a commit, unless a lock beside them names it,
        and base images with the tag `latest` or none.

    Why:
        Two installs of one line give different code, and no diff shows it.

    Example:
        `git+https://github.com/org/features@main`; `FROM python:latest`.

    Fix:
        Name the commit, or the image's digest.

    References:
        https://pip.pypa.io/en/stable/topics/vcs-support/
    """
    overruled = {id(pin) for cell in environment.cells.values() for pin in cell.overruled}
    for pin, selected in environment.pins():
        if selected is not False and id(pin) not in overruled and _mutable(pin):
            yield Hit(
                package=pin.package,
                environments=(environment.name,),
                message=f"{pin.name} of {environment.name} comes from {pin.origin or pin.name}, which can change.",
                at=pin.at,
                actual=pin.origin or pin.version or "latest",
                severity=Severity.INFO if _TAG.search(pin.origin or "") else None,
            )


def _mutable(pin: Pin) -> bool:
    if pin.kind is Kind.IMAGE:
        return pin.version in (None, "latest") and "@sha256:" not in (pin.origin or "")
    return pin.source == "git" and pin.origin is not None and _COMMIT.search(pin.origin) is None
