"""What one environment exports by default is newer than what the runtime of the other loads."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.knowledge.kinds import carried
from mlaudit.knowledge.table import readers
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import fleet_rule

_WRITER = "onnx"


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
        really contains. Where it is known that other formats cross and no ONNX model does, nothing is reported.

    Why:
        The two packages have version numbers that cannot be compared, so no list of differences shows it.

    Example:
        Training exports with onnx 1.17.0, serving runs onnxruntime 1.16.3: `Unsupported model IR version: 10`.

    Fix:
        Export with an older opset and IR version, or upgrade onnxruntime.

    References:
        https://github.com/microsoft/onnxruntime/blob/main/docs/Versioning.md
    """
    tables = {(one.writer, one.reader) for one in view.known_pairs if one.exchanges_tables_alone}
    for writer, reader in view.pairs:
        kinds, _ = view.judgements.what_crosses(writer, reader)
        if _WRITER in carried(kinds) or not (kinds or (writer, reader) in tables):
            yield from _exported(view.environments[writer], view.environments[reader], view)


def _exported(writing: Environment, reading: Environment, view: View) -> Iterator[Hit]:
    written = writing.cell(_WRITER)
    for package in readers(_WRITER)[1:]:
        runtime = reading.cell(package)
        if written.version is None or runtime.version is None:
            continue
        from mlaudit.knowledge.onnx import onnx_crossing

        found = onnx_crossing(written.version, runtime.version)
        if found is not None:
            yield Hit(
                package=package,
                environments=(writing.name, reading.name),
                message=f"{writing.name} writes with {_WRITER} {written.version}: {found.says}",
                at=view.place(runtime),
                related=(Location(view.place(written), Role.WRITER, f"{_WRITER} {written.version}"),),
                evidence=found.evidence,
                expected=f"{_WRITER} {written.version}",
                actual=f"{package} {runtime.version}",
                fix=Fix(says=found.remedy),
            )
