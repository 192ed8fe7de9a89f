"""What an environment does not name and installs all the same, against what a model file records."""

from __future__ import annotations

from mlaudit.comparison.judgement import Judgement
from mlaudit.comparison.requirements import ImpliedRange, implied_range
from mlaudit.comparison.scene import View
from mlaudit.knowledge.load import Effect
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Kind, Severity, State
from mlaudit.model.report import ArtifactCrossing
from mlaudit.model.versions import admits

BREAKS = frozenset((Effect.UNREADABLE, Effect.SILENT, Effect.NO_PROMISE))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedBreak:
    """A library that every version which the reader can install reads wrong: the judgement of the newest of them."""

    implied: ImpliedRange
    newest: Judgement

    @property
    def shown(self) -> str:
        """The range, with who implies it."""
        return f"{self.implied.range}, implied by {self.implied.because}"


def implied_break(crossing: ArtifactCrossing, view: View) -> ImpliedBreak | None:
    """The error that no version of a library that the reader does not name avoids; None if one does."""
    from mlaudit.knowledge.releases import history

    cell, package = crossing.cell, crossing.pin.package
    if cell.state is not State.UNSTATED or crossing.pin.kind is not Kind.PACKAGE or cell.package != package:
        return None
    implied = implied_range(view.environments[crossing.reader], package)
    known = history(package) if implied is not None else None
    if implied is None or known is None:
        return None
    newest: Judgement | None = None
    for release in reversed(known.releases):
        if not admits(implied.range, release.version):
            continue
        judged = view.judgements.of_artifact(
            replace(crossing, cell=replace(cell, state=State.EXACT, versions=(release.version,)))
        )
        if judged is None or judged.worst.effect not in BREAKS or judged.worst.severity is not Severity.ERROR:
            return None
        newest = newest or judged
    return ImpliedBreak(implied=implied, newest=newest) if newest is not None else None
