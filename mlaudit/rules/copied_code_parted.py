"""A function that prepares data exists on both sides, and the copies are no longer the same."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.findings import Hit, Location
from mlaudit.model.nouns import Role, Severity
from mlaudit.rules._registry import fleet_rule


@fleet_rule(
    "MLA604",
    Severity.WARNING,
    since="0.2",
    title="copies of a function differ",
    fact="copied-code",
    where="known_pairs",
)
def check(view: View) -> Iterator[Hit]:
    """A function that prepares data exists on both sides, and the copies are no longer the same.

    What it does:
        Compares, where code shows that one environment reads what another writes, the functions that prepare data and
        have the same name in a file of the same name on both sides. Reported if most of their syntax is the
        same and some is not; comments, docstrings, annotations and layout do not count. Needs no configuration; files
        that must be equal as a whole are declared with `same`, see `shared-file-differs`.

    Why:
        The model gets features in serving that it was not trained on. Nothing fails, and the answers are wrong.

    Example:
        `fill_missing` of `training/features.py` takes the median, that of `serving/features.py` takes 0.

    Fix:
        Move the function into one package that both sides import, or make the copies equal.

    References:
        https://developers.google.com/machine-learning/guides/rules-of-ml#training-serving_skew
    """
    for pair in view.known_pairs:
        for parted in pair.parted:
            yield Hit(
                environments=(pair.writer, pair.reader),
                message=(
                    f"`{parted.name}` in {pair.reader} ({parted.read.path}) differs in part from its copy in "
                    f"{pair.writer} ({parted.written.path})."
                ),
                at=parted.read,
                says=parted.name,
                related=(Location(parted.written, Role.WRITER, parted.name),),
                values=(parted.name, parted.written.path, parted.read.path),
            )
