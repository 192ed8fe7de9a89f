"""The two environments run different Pythons."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.crossing import PYTHON, Consequence
from mlaudit.knowledge.kinds import packages_needed
from mlaudit.model.nouns import Distance, Kind, Severity, Verdict
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.model.scope import COMPILED_FOR
from mlaudit.rules._phrases import places, worded
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA301",
    Severity.WARNING,
    since="0.1",
    title="Python differs",
    fact="python",
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT],
    when="is_of_python",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """The two environments run different Pythons.

    What it does:
        Compares the Python that writes with the one that reads. A difference in patch releases is an info; in minor
        versions, or ranges that share no version, is a warning, or an info where only formats cross that store no
        Python objects; an error where they carry bytecode, unless a Python is known only as the one that a list was
        compiled for.

    Why:
        Code that cloudpickle or dill stores is bytecode of one minor version of Python, and wheels are selected by it.

    Example:
        Training runs `python:3.12`, serving runs `python:3.10-slim`.

    Fix:
        Use the same minor version on both sides.

    References:
        https://github.com/cloudpipe/cloudpickle#cloudpickle
    """
    if crossing.writer.kind is not Kind.PYTHON:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    known = None if crossing.distance is Distance.PATCH else view.judgements.of_pythons(crossing)
    apart = crossing.distance is not Distance.PATCH
    free = apart and _crosses_without_objects(crossing, view)
    default = Severity.WARNING if apart and not free else Severity.INFO
    runs = f"{_runs(writer)}, {_runs(reader)}."
    if free:
        runs = f"{runs} The artifacts that pass between them store no Python objects."
    yield Hit(
        package="python",
        environments=crossing.environments,
        severity=_severity(known, crossing) if known else default,
        message=f"{runs} {known.says}" if known else runs,
        evidence=known.evidence if known else (),
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
    )


def _runs(cell: Cell) -> str:
    verb = "is compiled for" if _is_of_header(cell) else "runs"
    return f"{cell.environment} {verb} Python {worded(cell)}"


def _is_of_header(cell: Cell) -> bool:
    """Whether only the header of a generated list names the Python."""
    return bool(cell.pins) and all(pin.detail == COMPILED_FOR for pin in cell.pins)


def _severity(known: Consequence, crossing: Crossing) -> Severity:
    """As known; at most a warning where a list is compiled for the Python, which need not run it."""
    mildest = Severity.WARNING if any(_is_of_header(cell) for cell in crossing.cells) else Severity.ERROR
    return max(known.severity, mildest, key=lambda level: level.rank)


def _crosses_without_objects(crossing: Crossing, view: View) -> bool:
    """Whether everything that crosses is known to have a format that no version of Python matters to."""
    kinds, _ = view.judgements.what_crosses(*crossing.environments)
    needed = packages_needed(kinds)
    return needed is not None and PYTHON not in needed
