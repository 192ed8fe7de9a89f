"""A model artifact records a library version that the environment which loads it cannot read, or reads wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlaudit.comparison.judgement import Judgement
from mlaudit.comparison.scene import View
from mlaudit.knowledge.crossing import Consequence
from mlaudit.knowledge.kinds import carriers_of, only_wrote, reads_otherwise
from mlaudit.knowledge.load import Effect
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Artifact, Fix, Kind, Pin, Role, Severity, State
from mlaudit.model.report import MAX_LISTED, ArtifactCrossing, Hit, Location, listed
from mlaudit.model.versions import admits, disjoint
from mlaudit.rules._consequences import agreement, code_details, promised
from mlaudit.rules._implied_reader import implied_break
from mlaudit.rules._registry import fleet_rule

_CAN = {
    Effect.UNREADABLE: "cannot be read",
    Effect.SILENT: "is misread",
    Effect.NO_PROMISE: "is not promised to be read",
}
_MAY = {**_CAN, Effect.UNREADABLE: "may not be read", Effect.SILENT: "may be misread"}
"""What is stated where the file implies a range, of which only some versions are concerned."""


@fleet_rule(
    "MLA401",
    Severity.ERROR,
    since="0.1",
    title="the artifact is newer than its runtime",
    fact="artifact",
    supersedes=[
        "MLA001",
        "MLA002",
        "MLA003",
        "MLA101",
        "MLA102",
        "MLA103",
        "MLA104",
        "MLA410",
        "MLA411",
        "MLA412",
        "MLA413",
    ],
    where="artifacts",
)
def check(view: View) -> Iterator[Hit]:
    """A model artifact records a library version that the environment which loads it cannot read, or reads wrong.

    What it does:
        Reads, without loading it, what an artifact records about the libraries that wrote it: the version that the
        library recorded, a format number, module paths and opcodes that only some versions can load. Compares that with
        the versions of the environment that loads the artifact, or, for a library that it does not name, with every
        version that the named packages allow; known breaks are selected by the classes in the file.

    Why:
        Pins say what should have written the model. The file says what did.

    Example:
        `model.joblib` contains a RandomForestClassifier dumped by scikit-learn 1.3.2; serving installs 1.5.2.

    Fix:
        Serve with the versions that the artifact records, or train again.

    References:
        https://scikit-learn.org/stable/model_persistence.html
    """
    yield from _merged(hit for crossing in view.artifacts for hit in _of_crossing(crossing, view))


def _of_crossing(crossing: ArtifactCrossing, view: View) -> Iterator[Hit]:
    yield from _python(crossing, view)
    yield from _missing(crossing, view)
    judgement, pinned = view.judgements.of_artifact(crossing), None
    if judgement is not None and not judgement.holds_for_all:
        pinned = _pinned_by_writer(crossing, view)
        judgement = view.judgements.of_artifact(pinned) if pinned is not None else judgement
    if judgement is not None and judgement.worst.effect in _CAN and not _may_be_the_same(crossing, judgement):
        yield _hit(
            crossing,
            view,
            judgement.worst if pinned is not None else _as_recorded(crossing.pin, judgement),
            _severity(crossing, view, judgement),
            can=(_CAN if pinned is None and _holds(crossing, judgement) else _MAY)[judgement.worst.effect],
            pinned="" if pinned is None else f", and {crossing.writer} has {pinned.pin.version}",
        )
    for consequence in (*_onnx(crossing), *_by_format(crossing, view)):
        yield _hit(crossing, view, consequence, consequence.severity)
    implied = implied_break(crossing, view)
    if implied is not None:
        worst = _as_recorded(crossing.pin, implied.newest)
        yield _hit(crossing, view, worst, worst.severity, shown=implied.shown)


def _pinned_by_writer(crossing: ArtifactCrossing, view: View) -> ArtifactCrossing | None:
    """The crossing of the release that the writer pins, where the file implies a range that this release is in."""
    pin = crossing.pin
    if pin.version is not None or pin.specifier is None or crossing.writer == crossing.reader:
        return None
    version = view.environments[crossing.writer].cell(pin.package).version
    if version is None or not admits(pin.specifier, version):
        return None
    return replace(crossing, pin=replace(pin, version=version, specifier=None))


def _may_be_the_same(crossing: ArtifactCrossing, judgement: Judgement) -> bool:
    """Whether a file that tells a range may come from the reader's version, and no version of it is known to break."""
    pin, version = crossing.pin, crossing.cell.version
    return (
        judgement.worst.effect is Effect.NO_PROMISE
        and pin.version is None
        and pin.specifier is not None
        and version is not None
        and admits(pin.specifier, version)
    )


def _merged(hits: Iterable[Hit]) -> Iterator[Hit]:
    """One finding where the same is to be said of many files, as of the checkpoints of one training."""
    grouped: dict[tuple[object, ...], list[Hit]] = {}
    for hit in hits:
        key = (hit.package, hit.environments, hit.severity, hit.expected, hit.actual, hit.message.partition(": ")[2])
        grouped.setdefault(key, []).append(hit)
    for first, *others in grouped.values():
        files = list(dict.fromkeys(location for hit in others for location in hit.related))
        if files:
            same = f"the same of {len(files):,} more: {listed((location.place.path for location in files), ', ')}"
            first = replace(first, details=(*first.details, same), related=(*first.related, *files[:MAX_LISTED]))
        yield first


def _as_recorded(pin: Pin, judgement: Judgement) -> Consequence:
    """The worst consequence, for the range that the file implies if it records no version."""
    if pin.specifier is None:
        return judgement.worst
    specifier = pin.specifier
    of_writer = re.compile(rf"(?<![\w.]){re.escape(judgement.writer)}(?!\w|\.\d)")
    return replace(judgement.worst, says=of_writer.sub(lambda _match: specifier, judgement.worst.says))


def _severity(crossing: ArtifactCrossing, view: View, judgement: Judgement) -> Severity:
    """As known; where only some versions that the file or the reader allows come to it, at most a warning."""
    if crossing.cell.state is State.RANGE or not judgement.holds_for_all or _reads_otherwise(crossing, judgement):
        return max(judgement.worst.severity, Severity.WARNING, key=lambda level: level.rank)
    return promised(judgement.worst, view, (crossing.writer, crossing.reader), crossing.pin.package)


def _holds(crossing: ArtifactCrossing, judgement: Judgement) -> bool:
    """Whether what is stated is so of every version, of what the file holds, and of every function that reads it."""
    depends = judgement.worst.depends or _reads_otherwise(crossing, judgement)
    return judgement.holds_for_all and not depends


def _reads_otherwise(crossing: ArtifactCrossing, judgement: Judgement) -> bool:
    """Whether it depends on the function that reads the file: read_pickle reads frames that pickle does not."""
    artifact = crossing.artifact.artifact
    return artifact is not None and reads_otherwise(artifact.kind or "", judgement.worst.kinds)


def _hit(
    crossing: ArtifactCrossing,
    view: View,
    worst: Consequence,
    severity: Severity,
    *,
    shown: str | None = None,
    can: str | None = None,
    pinned: str = "",
) -> Hit:
    cell = crossing.cell
    shown = shown or cell.shown
    can = can or _CAN[worst.effect]
    return Hit(
        package=crossing.pin.package,
        environments=_environments(crossing),
        severity=severity,
        message=f"{_described(crossing, pinned)} {can} by {crossing.reader} ({cell.package} {shown}): {worst.says}",
        at=view.place(cell),
        related=(_artifact(crossing),),
        details=(
            *_details(crossing.pin),
            *code_details(view, crossing.writer, crossing.reader, crossing.pin.package),
            *agreement(worst, view, (crossing.writer, crossing.reader), crossing.pin.package),
        ),
        evidence=worst.evidence,
        expected=_recorded(crossing.pin),
        actual=shown,
        fix=Fix(says=worst.remedy) if worst.remedy else None,
    )


def _environments(crossing: ArtifactCrossing) -> tuple[str, ...]:
    return (crossing.writer, crossing.reader) if crossing.writer != crossing.reader else (crossing.reader,)


def _recorded(pin: Pin) -> str:
    return pin.version or pin.specifier or "any version"


def _written_by(pin: Pin) -> str:
    """The library that a file records, with the version where there is one."""
    return " ".join(filter(None, (pin.package, pin.version or pin.specifier)))


def _artifact(crossing: ArtifactCrossing) -> Location:
    return Location(crossing.artifact.at, Role.ARTIFACT, _written_by(crossing.pin))


def _described(crossing: ArtifactCrossing, pinned: str = "") -> str:
    artifact, pin = crossing.artifact, crossing.pin
    own = pin.recorded.classes if pin.recorded else ()
    names = own or (artifact.artifact.classes[:3] if artifact.artifact else ())
    classes = f", {', '.join(names)}" if names else ""
    return f"{artifact.name} ({_written_by(pin)}{pinned}{classes})"


def _details(pin: Pin) -> tuple[str, ...]:
    return (f"recorded ({pin.strength.value}): {pin.detail}",) if pin.strength and pin.detail else ()


def _python(crossing: ArtifactCrossing, view: View) -> Iterator[Hit]:
    """A protocol or code object that the reader's Python is too old, or too new, for."""
    cell, pin = crossing.cell, crossing.pin
    if pin.kind is not Kind.PYTHON or pin.specifier is None or cell.version is None:
        return
    if disjoint(pin.specifier, _any_patch(cell.version)):
        yield Hit(
            package="python",
            environments=_environments(crossing),
            message=(
                f"{crossing.artifact.name} needs Python {pin.specifier}{f' ({pin.detail})' if pin.detail else ''}, and "
                f"{crossing.reader} runs {cell.version}."
            ),
            at=view.place(cell),
            related=(_artifact(crossing),),
            expected=pin.specifier,
            actual=cell.version,
        )


def _any_patch(python: str) -> str:
    return f"=={python}" if python.count(".") > 1 else f"=={python}.*"


def _missing(crossing: ArtifactCrossing, view: View) -> Iterator[Hit]:
    """A library that the file names and that a complete list does not have."""
    pin = crossing.pin
    if pin.kind is not Kind.PACKAGE or pin.recorded is None:
        return
    carriers = carriers_of(pin.recorded.kinds) if crossing.cell.state is State.ABSENT else ()
    if any(view.environments[crossing.reader].cell(carrier).stated for carrier in carriers):
        return
    if crossing.cell.state is State.ABSENT and not only_wrote(pin.package, pin.recorded.kinds):
        yield Hit(
            package=crossing.pin.package,
            environments=_environments(crossing),
            severity=Severity.WARNING,
            message=f"{_described(crossing)} needs {crossing.pin.package}, which {crossing.reader} does not have.",
            at=view.home(crossing.reader),
            related=(_artifact(crossing),),
            expected=_recorded(crossing.pin),
            actual="absent",
        )


def _by_format(crossing: ArtifactCrossing, view: View) -> Iterator[Consequence]:
    """What the format of the file requires of the one that loads it, whoever wrote it."""
    recorded, cell = crossing.pin.recorded, crossing.cell
    if recorded is None or cell.version is None:
        return
    from mlaudit.knowledge.minimum_readers import too_old_for

    artifact = crossing.artifact.artifact or Artifact()
    reading = view.environments[crossing.reader]
    for kind in recorded.kinds:
        consequence = too_old_for(
            kind,
            cell.package,
            cell.version,
            file=crossing.artifact.name,
            classes=artifact.classes,
            numbers=dict(recorded.numbers),
            has=lambda package: reading.cell(package).stated,
        )
        if consequence is not None:
            yield consequence


def _onnx(crossing: ArtifactCrossing) -> Iterator[Consequence]:
    """The IR version and opset of a graph, in the runtime of the reader."""
    recorded, runtime = crossing.pin.recorded, crossing.cell
    ir = recorded.number("ir") if recorded else None
    if recorded is None or ir is None or runtime.package == crossing.pin.package or runtime.version is None:
        return
    from mlaudit.knowledge.onnx import onnx_loads

    opset, ml = (recorded.number(name) or 0 for name in ("ai.onnx", "ai.onnx.ml"))
    consequence = onnx_loads(ir, opset, runtime.version, ml=ml, writer=f"{crossing.artifact.name} has")
    if consequence is not None:
        yield consequence
