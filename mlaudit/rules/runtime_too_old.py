"""What one environment exports by default is newer than what the runtime of the other loads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.comparison.foreign_runtimes import ForeignRuntime
from mlaudit.comparison.graph_runtimes import EXPORTER
from mlaudit.comparison.scene import View
from mlaudit.knowledge.crossing import Consequence
from mlaudit.knowledge.kinds import carried
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.pairs import CrossingArtifact, EnvironmentPair
from mlaudit.model.report import Cell, Environment, Hit, Location
from mlaudit.rules._registry import fleet_rule

_SHOWN = 3


@fleet_rule(
    "MLA105",
    Severity.ERROR,
    since="0.1",
    title="the runtime is too old for the artifact",
    fact="runtime",
    when="exports_graphs",
)
def check(view: View) -> Iterator[Hit]:
    """What one environment exports by default is newer than what the runtime of the other loads.

    What it does:
        Compares the IR version and the opset that the writer's onnx gives a graph by default with the highest that the
        reader's onnxruntime loads. If the model file itself is audited, `artifact-newer-than-runtime` reports what it
        really contains. If it is known that other formats cross and no ONNX model does, nothing is reported. Where
        code shows an export, an opset that it states is judged instead of the default of onnx, without the IR version;
        `target_opset` of skl2onnx and onnxmltools is the highest that a graph may have, and that of skl2onnx decides
        the IR version. Where code states none and the file is not available, or only `crosses` of the configuration
        names a graph, the finding is a warning, since torch, skl2onnx, tf2onnx and onnxmltools choose their own. A
        tflite-runtime that is behind the writer's tensorflow is a warning too: whether a .tflite file has operators
        that came later, only the file shows.

    Why:
        The two packages have version numbers that cannot be compared, so no list of differences shows it.

    Example:
        Training exports with onnx 1.17.0, serving runs onnxruntime 1.16.3: `Unsupported model IR version: 10`.

    Fix:
        Export with an older opset and IR version, or upgrade onnxruntime.

    References:
        https://github.com/microsoft/onnxruntime/blob/main/docs/Versioning.md
    """
    known = {(known_pair.writer, known_pair.reader): known_pair for known_pair in view.known_pairs}
    for writer, reader in view.pairs:
        runtimes = view.runtimes_of(writer, reader)
        if runtimes:
            sides = (view.environments[writer], view.environments[reader])
            yield from _exported(*sides, runtimes, _exports(known.get((writer, reader))), view)
        yield from (_behind(foreign, view) for foreign in view.foreign_runtimes(writer, reader) if _is_behind(foreign))


def _is_behind(foreign: ForeignRuntime) -> bool:
    written, runtime = foreign.written.version, foreign.runtime.version
    return foreign.is_judged and foreign.row.is_behind(written or "", runtime or "")


def _behind(foreign: ForeignRuntime, view: View) -> Hit:
    """A runtime that is older than the package whose files it loads; whether a file needs more, only the file shows."""
    row, written, runtime = foreign
    versions = (written.version or "", runtime.version or "")
    says = row.filled(row.says, *versions)
    return Hit(
        package=runtime.package,
        environments=(written.environment, runtime.environment),
        severity=Severity.WARNING,
        message=f"{written.environment} has {written.package} {written.version}. {says}",
        effect=says,
        at=view.place(runtime),
        related=(Location(view.place(written), Role.WRITER, f"{written.package} {written.version}"),),
        evidence=row.evidence,
        expected=f"{written.package} {written.version}",
        actual=f"{runtime.package} {runtime.version}",
        fix=Fix(says=row.filled(row.remedy, *versions)),
    )


def _exports(pair: EnvironmentPair | None) -> tuple[CrossingArtifact, ...]:
    """The graphs that code writes for the reader."""
    return tuple(
        artifact
        for artifact in (pair.crosses if pair is not None else ())
        if EXPORTER in carried(frozenset(artifact.kinds))
    )


def _exported(
    writing: Environment,
    reading: Environment,
    runtimes: tuple[Cell, ...],
    exports: tuple[CrossingArtifact, ...],
    view: View,
) -> Iterator[Hit]:
    written, at_hand = writing.cell(EXPORTER), _at_hand(writing, reading, view)
    declared = EXPORTER in carried(frozenset(reading.kinds_from.get(writing.name, ())))
    has = "has" if exports or declared else "writes with"
    for runtime in runtimes:
        if written.version is None or runtime.version is None:
            continue
        consequence = _refused(written.version, runtime.version, exports, at_hand, declared=declared)
        if consequence is not None:
            yield Hit(
                package=runtime.package,
                environments=(writing.name, reading.name),
                severity=consequence.severity,
                message=f"{writing.name} {has} {EXPORTER} {written.version}. {consequence.says}",
                effect=consequence.says,
                at=view.place(runtime),
                related=(
                    Location(view.place(written), Role.WRITER, f"{EXPORTER} {written.version}"),
                    *(
                        Location(export.written, Role.WRITER, f"exports {export.artifact}")
                        for export in exports[:_SHOWN]
                    ),
                ),
                evidence=consequence.evidence,
                expected=f"{EXPORTER} {written.version}",
                actual=f"{runtime.package} {runtime.version}",
                fix=Fix(says=consequence.remedy),
            )


def _at_hand(writing: Environment, reading: Environment, view: View) -> frozenset[str]:
    """The names of the graphs that were read themselves, without their folders."""
    return frozenset(
        posixpath.basename(artifact.artifact.name)
        for artifact in view.artifacts
        if (artifact.writer, artifact.reader) == (writing.name, reading.name) and artifact.pin.package == EXPORTER
    )


def _refused(
    onnx: str,
    onnxruntime: str,
    exports: tuple[CrossingArtifact, ...],
    at_hand: frozenset[str],
    *,
    declared: bool,
) -> Consequence | None:
    """What the runtime refuses: of the opsets that code states, or of what onnx writes by default."""
    from mlaudit.knowledge.onnx import conditional, onnx_crossing, stated_opset, stated_opset_loads

    default = onnx_crossing(onnx, onnxruntime)
    if not exports and not declared:
        return default
    opsets = [(export, stated_opset(export.stated)) for export in exports]
    stated = sorted((opset for _, opset in opsets if opset is not None), key=lambda opset: -opset.opset)
    refused = [consequence for opset in stated if (consequence := stated_opset_loads(opset, onnxruntime)) is not None]
    consequence = min(refused, key=lambda consequence: consequence.severity is not Severity.ERROR, default=None)
    unknown = [
        artifact for artifact, opset in opsets if opset is None and posixpath.basename(artifact.artifact) not in at_hand
    ]
    is_known = not unknown if exports else bool(at_hand)
    if consequence is not None or default is None or is_known:
        return consequence
    return conditional(default)
