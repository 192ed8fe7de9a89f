"""What the knowledge says of a crossing, and how a rule words it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mlaudit.comparison.scene import View
from mlaudit.comparison.verdict import meetings, statements
from mlaudit.knowledge.crossing import PYTHON, Consequence, judge
from mlaudit.knowledge.load import Effect
from mlaudit.knowledge.ranges import worst_in_ranges
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Fix, Kind, Severity, Verdict
from mlaudit.model.report import ArtifactCrossing, Crossing, Environment, Hit
from mlaudit.model.versions import exact
from mlaudit.rules._phrases import align, on_pythons, places, said, verb_of_writer

DETAILS = 4
"""Further consequences that a finding names."""
_JUDGED = (Verdict.DIFFERS, Verdict.DISJOINT, Verdict.LOOSE)
_BYTECODE = frozenset(("python.bytecode", "python.bytecode-dill"))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Consequences, worst first, of the versions that meet; `may` where only ranges that overlap allow them."""

    writer: str
    reader: str
    consequences: tuple[Consequence, ...]
    may: bool

    @property
    def worst(self) -> Consequence:
        """The consequence that decides."""
        return self.consequences[0]


def judgement(crossing: Crossing, view: View) -> Judgement | None:
    """What is known of a crossing; None where nothing is, or where a side does not state the package."""
    writer, reader = crossing.cells
    if crossing.verdict not in _JUDGED or not (writer.stated and reader.stated):
        return None
    writing, reading = (view.environments[name] for name in crossing.environments)
    kinds, classes = what_crosses(writing, reading)
    return _judged(
        crossing.package,
        meetings(writer, reader),
        _python(writing),
        _python(reading),
        kinds,
        classes,
    )


def what_crosses(writing: Environment, reading: Environment) -> tuple[frozenset[str], frozenset[str]]:
    """The artifact kinds and estimator classes that cross, as declared or as the artifacts themselves say."""
    readings = (*writing.writes, *reading.reads)
    artifacts = [pin for found in readings for pin in found.pins if pin.kind is Kind.ARTIFACT]
    kinds = {*writing.artifact_kinds, *reading.artifact_kinds, *(pin.origin for pin in artifacts if pin.origin)}
    return frozenset(kinds), frozenset(name for pin in artifacts for name in pin.extras)


def _python(one: Environment) -> str | None:
    return one.target.pythons[0] if len(one.target.pythons) == 1 else None


@lru_cache(maxsize=16384)
def _judged(
    package: str,
    pairs: tuple[tuple[str, str], ...],
    writer_python: str | None,
    reader_python: str | None,
    kinds: frozenset[str],
    classes: frozenset[str],
) -> Judgement | None:
    """The worst judgement over the pairs of statements that can meet."""
    worst: Judgement | None = None
    for writer, reader in pairs:
        left, right = exact(writer), exact(reader)
        if left is not None and right is not None:
            found = judge(
                package,
                left,
                right,
                writer_python=writer_python,
                reader_python=reader_python,
                kinds=kinds,
                classes=classes,
            )
            here = Judgement(left, right, found, may=False) if found else None
        else:
            here = _in_ranges(package, writer, reader, kinds, classes)
        if here is not None and (worst is None or here.worst.rank < worst.worst.rank):
            worst = here
    return worst


def _in_ranges(
    package: str, writer: str, reader: str, kinds: frozenset[str], classes: frozenset[str]
) -> Judgement | None:
    found = worst_in_ranges(package, writer, reader, kinds=kinds, classes=classes)
    return Judgement(found.writer, found.reader, found.consequences, may=True) if found else None


def told(crossing: Crossing, view: View, effect: Effect) -> Iterator[Hit]:
    """The finding of a crossing whose worst consequence is `effect`."""
    found = judgement(crossing, view)
    if found is None or found.worst.effect is not effect or crossing.writer.kind is not Kind.PACKAGE:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=_severity(crossing, found),
        message=f"{_opening(crossing, found)} {found.worst.says}",
        at=at,
        related=related,
        details=tuple(_detail(one, found) for one in found.consequences[: DETAILS + 1] if _worth(one, found)),
        evidence=found.worst.evidence,
        expected=writer.shown,
        actual=reader.shown,
        fix=_fix(crossing, found),
    )


def _severity(crossing: Crossing, found: Judgement) -> Severity:
    """As known; where ranges only allow it, at most a warning, and equal ranges are only said."""
    if not found.may or crossing.verdict is Verdict.DISJOINT:
        return found.worst.severity
    if crossing.writer.shown == crossing.reader.shown:
        return Severity.INFO
    return max(found.worst.severity, Severity.WARNING, key=lambda level: level.rank)


def _opening(crossing: Crossing, found: Judgement) -> str:
    writer, reader = crossing.cells
    package = crossing.package
    if found.may:
        asked = f"{writer.environment} asks for {package} {said(writer)} and {reader.environment} for {said(reader)}"
        link = "; no version is both, and they" if crossing.verdict is Verdict.DISJOINT else ", which"
        return f"{asked}{link} may resolve to {found.writer} and {found.reader}."
    left, right = on_pythons(writer, found.writer), on_pythons(reader, found.reader)
    return f"{writer.environment} {verb_of_writer(crossing)} {package} {left}, {reader.environment} reads with {right}."


def _worth(one: Consequence, found: Judgement) -> bool:
    """The worst for its rate, others for what they say; what is harmless needs no line beside what is not."""
    if one is found.worst:
        return one.tried is not None
    return one.effect is not Effect.HARMLESS


def _detail(one: Consequence, found: Judgement) -> str:
    """How sure it is, and what else happens; the message says the worst already."""
    rate = f"{one.failed} of {one.tried} artifacts failed or changed" if one.tried is not None else ""
    if one is found.worst:
        return f"{one.certainty}: {rate}"
    return f"{one.certainty}: {one.says}" + (f" ({rate})" if rate else "")


def _fix(crossing: Crossing, found: Judgement) -> Fix | None:
    aligned = align(crossing)
    if aligned is None:
        return Fix(says=found.worst.remedy) if found.worst.remedy else None
    # Where the writer is told to take the reader's version, advice that names another one would contradict that.
    contradicts = crossing.writer.version is None and found.writer in (found.worst.remedy or "")
    remedy = None if contradicts else found.worst.remedy
    return Fix(says=". ".join(part for part in (aligned.says, remedy) if part), safe=aligned.safe)


def harmless(crossing: Crossing, view: View) -> Consequence | None:
    """The consequence that says that a difference was measured or is promised to do no harm."""
    found = judgement(crossing, view)
    return found.worst if found is not None and found.worst.effect is Effect.HARMLESS else None


def python_judgement(crossing: Crossing, view: View) -> Consequence | None:
    """What the Pythons of two environments do to what crosses; code does where a package that pickles it is there."""
    writer, reader = crossing.cells
    if writer.version is None or reader.version is None:
        return None
    writing, reading = (view.environments[name] for name in crossing.environments)
    kinds, classes = what_crosses(writing, reading)
    if not kinds and any(one.cell(package).stated for one in (writing, reading) for package in CODE_PICKLERS):
        kinds = _BYTECODE
    if not kinds:
        return None
    found = judge(PYTHON, writer.version, reader.version, kinds=kinds, classes=classes)
    return found[0] if found else None


CODE_PICKLERS = ("cloudpickle", "dill")
"""Packages that store functions and classes as byte code."""


def artifact_judgement(crossing: ArtifactCrossing, reading: Environment) -> Judgement | None:
    """What is known of a library that an artifact records, in the environment that loads the artifact."""
    pin, cell = crossing.pin, crossing.cell
    if (
        not cell.stated
        or cell.package != pin.package
        or pin.kind is not Kind.PACKAGE
        or (pin.version is None and pin.specifier is None)
    ):
        return None
    recorded = f"=={pin.version}" if pin.version is not None else pin.specifier or ""
    kinds = frozenset((pin.origin or crossing.artifact.origin or "").split(","))
    return _judged(
        pin.package,
        tuple((recorded, statement) for statement in statements(cell)),
        None,
        _python(reading),
        kinds,
        frozenset(crossing.artifact.extras),
    )
