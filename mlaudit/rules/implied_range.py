"""A version in one environment is excluded by what the packages of the other require."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.requirements import ImpliedRange, implied_range
from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Severity, State, Verdict
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.model.versions import admits, disjoint
from mlaudit.rules._phrases import places, verb_of, worded
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA011",
    Severity.ERROR,
    since="0.2",
    title="a requirement on the other side excludes this version",
    fact="version",
    supersedes=["MLA003"],
    verdicts=[Verdict.LOOSE],
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """A version in one environment is excluded by what the packages of the other require.

    What it does:
        If one side does not name a package, uses the range that the versions it names are known to require.
        Reports the package if the other side's version or range is outside of that.

    Why:
        A package that is not named is installed as a requirement, in a version that another package chooses.

    Example:
        Training has torch 2.5.1; serving names only `vllm==0.6.3`, which requires torch 2.4.0.

    Fix:
        Use a release of the package that requires what the other side has, or change the other side.

    References:
        https://packaging.python.org/en/latest/specifications/core-metadata/#requires-dist-multiple-use
    """
    if crossing.verdict is not Verdict.LOOSE:
        return
    writer, reader = crossing.cells
    silent, stated = (writer, reader) if writer.state is State.UNSTATED else (reader, writer)
    if silent.state is not State.UNSTATED or stated.state not in (State.EXACT, State.RANGE):
        return
    implied = implied_range(view.environments[silent.environment], crossing.package)
    if implied is None or _may_meet(stated, implied):
        return
    at, related = places(crossing, view)
    shown = f"{implied.range} (implied)"
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        message=(
            f"{stated.environment} {verb_of(crossing, stated)} {crossing.package} {worded(stated)}. "
            f"{silent.environment} does not name it and has {implied.because}, which requires "
            f"{crossing.package}{implied.range}: no version satisfies both."
        ),
        at=at,
        related=related,
        evidence=implied.evidence,
        expected=writer.shown if silent is reader else shown,
        actual=shown if silent is reader else reader.shown,
        fix=Fix(says=_remedy(stated, silent, implied)),
    )


def _remedy(stated: Cell, silent: Cell, implied: ImpliedRange) -> str:
    named = implied.chain[0].partition(" ")[0]
    moved = f"{stated.environment}: {stated.package}{implied.range}"
    return f"{moved}, or {silent.environment}: another release of {named}"


def _may_meet(stated: Cell, implied: ImpliedRange) -> bool:
    if stated.version is not None:
        return admits(implied.range, stated.version)
    return stated.specifier is None or not disjoint(stated.specifier, implied.range)
