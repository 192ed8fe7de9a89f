"""One environment has a package that the other, whose list is complete, does not have."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Severity, State, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._phrases import places, verb_of, worded
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA004", Severity.INFO, since="0.1", title="stated by one side only", fact="version", verdicts=[Verdict.ONE_SIDED]
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """One environment has a package that the other, whose list is complete, does not have.

    What it does:
        Reports a watched package that is in one environment and is absent from the other's complete list (a lock, a
        full freeze, an installed environment). A package that an incomplete list does not name is not absent: see
        `loose-pin`.

    Why:
        A pickle that names a module which serving does not install cannot be loaded. Often the absence is intended, so
        this is only an info.

    Example:
        `training/uv.lock` lists lightgbm; `serving/uv.lock` does not.

    Fix:
        Install it on the other side if the model needs it.

    References:
        https://docs.python.org/3/library/pickle.html#what-can-be-pickled-and-unpickled
    """
    if crossing.writer.kind is not Kind.PACKAGE:
        return
    writer, reader = crossing.cells
    here, there = (reader, writer) if writer.state is State.ABSENT else (writer, reader)
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        message=(
            f"{here.environment} {verb_of(crossing, here)} {crossing.package} {worded(here)}; "
            f"{there.environment} does not have it (its list is complete)."
        ),
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
    )
