"""An environment has a range, or does not name the package, where the other has an exact version."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.requirements import ImpliedRange, implied_range
from mlaudit.comparison.scene import View
from mlaudit.knowledge import table
from mlaudit.knowledge.family import demands_of
from mlaudit.knowledge.kinds import companions
from mlaudit.knowledge.releases import newest, release
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Severity, State, Verdict
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.model.versions import exact
from mlaudit.rules._consequences import is_needless
from mlaudit.rules._phrases import align, places, verb_of, worded
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA003", Severity.INFO, since="0.1", title="not pinned to one version", fact="version", verdicts=[Verdict.LOOSE]
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """An environment has a range, or does not name the package, where the other has an exact version.

    What it does:
        Reports a package whose versions may or may not be equal: one side gives a range that admits the other side's
        version, or both give ranges that overlap, or an incomplete list (a requirements file) does not name it at all.
        It is a warning where model artifacts depend on the package and one side is exact. What only serving names, and
        nothing in training is known to require, is an info, and so is everything where one side names no package or
        does not name it in the part of its sources that could be read, and a package that serving does not name where
        it has a runtime of what that package exports (tflite-runtime of tensorflow).

    Why:
        What a range resolves to depends on the day of the install. The two sides are equal only until something is
        released.

    Example:
        Training locks pandas 2.2.3; serving says `pandas>=2,<3`.

    Fix:
        Pin the other side's version.

    References:
        https://pip.pypa.io/en/stable/topics/repeatable-installs/
    """
    if crossing.verdict is not Verdict.LOOSE or crossing.writer.kind is not Kind.PACKAGE:
        return
    writer, reader = crossing.cells
    implied = _implied(crossing, view)
    if implied is not None and exact(implied.range) is not None and State.EXACT in (writer.state, reader.state):
        return
    if reader.state is State.UNSTATED and is_needless(crossing, view):
        yield _hit(crossing, view, _not_asked_for(crossing))
        return
    runtime = _runtime_instead(crossing, view) if implied is None and reader.state is State.UNSTATED else None
    if runtime is not None:
        yield _hit(crossing, view, _loaded_by(crossing, runtime))
        return
    details = tuple(filter(None, map(_newest, crossing.cells)))
    if writer.state is State.UNSTATED and not _is_brought(crossing, view):
        yield replace(_hit(crossing, view, _only_in_reader(writer, reader)), details=details)
        return
    hit = replace(_hit(crossing, view, _message(crossing, implied, view)), details=details)
    if not any(_lacks_a_list(cell, view) for cell in crossing.cells):
        severity = Severity.INFO if _names_nothing(crossing, view) else _severity(crossing)
        hit = replace(hit, severity=severity, fix=align(crossing))
    yield hit


def _hit(crossing: Crossing, view: View, message: str) -> Hit:
    """The hit of a crossing, an info until something makes it more."""
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    return Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=Severity.INFO,
        message=message,
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
    )


def _is_brought(crossing: Crossing, view: View) -> bool:
    """Whether something that the writer names is known to need a package, so that it is installed there as well.

    Everything else may be what serving alone needs: a server, an exporter, another model.
    """
    named = view.environments[crossing.environments[0]].cells
    demanded = any(
        demand.other == crossing.package and demand.subject in named for demand in demands_of(crossing.package)
    )
    implied = implied_range(view.environments[crossing.environments[0]], crossing.package)
    carried = any(companion.package == crossing.package for name in named for companion in companions(name))
    return demanded or carried or implied is not None


def _names_nothing(crossing: Crossing, view: View) -> bool:
    """Whether one side names no package at all, which is reported once for all of them (MLA905)."""
    return any(not view.environments[name].packages for name in crossing.environments)


def _lacks_a_list(cell: Cell, view: View) -> bool:
    """Whether a list or command was not read that may name any package; a model that was not read names none."""
    readings = view.environments[cell.environment].readings
    return cell.state is State.UNSTATED and any(not entry.package for reading in readings for entry in reading.unread)


def _severity(crossing: Crossing) -> Severity:
    one_exact = State.EXACT in (crossing.writer.state, crossing.reader.state)
    return Severity.WARNING if one_exact and table.in_artifacts(crossing.package) else Severity.INFO


def _runtime_instead(crossing: Crossing, view: View) -> str | None:
    """The runtime with which the reader loads what the package exports, so that it need not have the package."""
    foreign = view.foreign_runtimes(*crossing.environments)
    return next((other.runtime.package for other in foreign if crossing.package in other.row.writers), None)


def _loaded_by(crossing: Crossing, runtime: str) -> str:
    writer, reader = crossing.cells
    return (
        f"{writer.environment} {verb_of(crossing, writer)} {writer.package} {worded(writer)}; {reader.environment} "
        f"does not name it, and has {runtime}, which loads what it exports."
    )


def _not_asked_for(crossing: Crossing) -> str:
    writer, reader = crossing.cells
    return (
        f"{writer.environment} {verb_of(crossing, writer)} {writer.package} {worded(writer)}; "
        f"{reader.environment} does not name it, and the artifacts that pass between them do not need it."
    )


def _only_in_reader(writer: Cell, reader: Cell) -> str:
    return (
        f"{reader.package} {worded(reader)} is named only in {reader.environment}: whether {writer.environment} has it "
        f"is not known, since its list is not complete."
    )


def _implied(crossing: Crossing, view: View) -> ImpliedRange | None:
    """What the side that does not name the package implies of it."""
    silent = next((cell for cell in crossing.cells if cell.state is State.UNSTATED), None)
    return implied_range(view.environments[silent.environment], crossing.package) if silent else None


def _newest(cell: Cell) -> str:
    """What a range resolves to with the newest release that is known, empty if that is not known."""
    if cell.state is not State.RANGE:
        return ""
    version = newest(cell.package, admitted_by=cell.specifier or "")
    known = release(cell.package, version) if version else None
    day = f" of {known.day}" if known and known.day else ""
    return f"the newest known release that {cell.environment} admits is {version}{day}" if known else ""


def _message(crossing: Crossing, implied: ImpliedRange | None, view: View) -> str:
    writer, reader = crossing.cells
    for cell, other in ((writer, reader), (reader, writer)):
        if _lacks_a_list(cell, view):
            return (
                f"{other.environment} {verb_of(crossing, other)} {other.package} {worded(other)}; {cell.environment} "
                f"does not name it in what was read of it{_bounded(implied)}."
            )
        if cell.state is State.UNSTATED:
            return (
                f"{other.environment} {verb_of(crossing, other)} {other.package} {worded(other)}; {cell.environment} "
                f"does not name it and is not a complete list, so its version there is not pinned{_bounded(implied)}."
            )
    sides = (f"{worded(cell)} in {cell.environment}" for cell in (writer, reader))
    return f"{writer.package} may differ: {', '.join(sides)}."


def _bounded(implied: ImpliedRange | None) -> str:
    """What bounds its version, as a clause."""
    return f"; {implied.chain[-1]} requires {implied.range}" if implied and implied.range else ""
