"""A source names something that can change under the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Pin, Place, Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule

# A tag that looks like a version is seldom moved.
_TAG = lazy_pattern(r"@v?[0-9]{1,4}(?:\.[0-9]{1,6}){1,4}(?:[#&?]|$)")
# Tags that their publishers move with every release, alone or with the flavour of an image.
_MOVING = lazy_pattern(
    r"(?:^|[-_.])(?:latest|nightly)(?:$|[-_.])|^(?:edge|main|master|stable|dev|rolling)$", re.IGNORECASE
)
_DATE = lazy_pattern(r"20\d{2}-?[01]\d-?[0-3]\d")
_COMMIT = lazy_pattern(r"@[0-9a-f]{7,64}(?:[#&?]|$)|[#?&](?:rev|commit)=[0-9a-f]{7,64}|#[0-9a-f]{40}$")


@environment_rule(
    "MLA503", Severity.WARNING, since="0.1", title="the source can change", fact="mutable", when="has_mutable"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A source names something that can change under the same name.

    What it does:
        Reports requirements that come from a git branch or tag without a commit, unless a lock beside them names it,
        and base images whose tag moves (`latest`, `latest-gpu`, `nightly`) or that have none.

    Why:
        Two installs of one line give different code, and no diff shows it.

    Example:
        `git+https://github.com/org/features@main`; `FROM python:latest`.

    Fix:
        Name the commit, or the image's digest.

    References:
        https://pip.pypa.io/en/stable/topics/vcs-support/
    """
    seen: set[tuple[str | None, Place]] = set()
    overruled = {id(pin) for cell in environment.cells.values() for pin in cell.overruled}
    for pin, selected in environment.pins():
        counts = selected is not False and id(pin) not in overruled
        if counts and _mutable(pin) and (pin.package, pin.at) not in seen:
            # One line is read twice where a Dockerfile installs the file beside it.
            seen.add((pin.package, pin.at))
            yield Hit(
                package=pin.package,
                environments=(environment.name,),
                message=f"{_subject(pin, environment)} {_origin(pin)}, which can change.",
                at=pin.at,
                actual=pin.origin or pin.version or "latest",
                severity=Severity.INFO if pin.origin and _TAG.search(pin.origin) else None,
            )


def _mutable(pin: Pin) -> bool:
    if pin.kind is Kind.IMAGE:
        return not pin.hashes and _moves(pin.version)
    return pin.source == "git" and pin.origin is not None and _COMMIT.search(pin.origin) is None


def _moves(tag: str | None) -> bool:
    """Whether the image of a tag is replaced from time to time; a tag with a date in it names one build."""
    return tag is None or (_MOVING.search(tag) is not None and _DATE.search(tag) is None)


def _subject(pin: Pin, environment: Environment) -> str:
    if pin.kind is Kind.IMAGE:
        return f"{environment.name} uses the image"
    return f"{pin.name} in {environment.name} comes from"


def _origin(pin: Pin) -> str:
    named = f"{pin.name}:{pin.version}" if pin.kind is Kind.IMAGE and pin.version else pin.name
    return pin.origin or named
