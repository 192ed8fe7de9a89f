"""ONNX between two packages: what the writing side's onnx writes by default, and what the reading onnxruntime loads."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.crossing import Consequence
from mlaudit.knowledge.load import Certainty, Effect
from mlaudit.knowledge.schema import checked, evidence
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.versions import parsed, public

_OPSET = lazy_pattern(r"(\d{1,3})")
_OPSET_OF_DOMAIN = lazy_pattern(r"""["'](?:ai\.onnx)?["']: (\d{1,3})(?=[,}])""")
"""The opset of the plain domain in a dictionary: `{'': 15, 'ai.onnx.ml': 3}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """An IR version and the opsets of ai.onnx and ai.onnx.ml, written or loaded by a release; 0 for one not known."""

    release: str
    ir: int
    opset: int
    ml: int = 0


@dataclass(frozen=True, slots=True)
class Exporters:
    """What takes an opset of its own where the code states none, and the arguments that state one.

    `limits` are arguments that state the highest opset, `with_ir` those of them that decide the IR version.
    """

    names: tuple[str, ...]
    opset: tuple[str, ...]
    limits: tuple[str, ...]
    with_ir: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Tables:
    writes: tuple[Level, ...]
    loads: tuple[Level, ...]
    writes_evidence: tuple[Evidence, ...]
    loads_evidence: tuple[Evidence, ...]
    exporters: Exporters


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    return checked("onnx.toml", _built)


def _built(root: Node) -> _Tables:
    writes, loads, exporters = root.get("writes"), root.get("loads"), root.get("exporters")
    return _Tables(
        _levels(writes),
        _levels(loads),
        evidence(writes),
        evidence(loads),
        Exporters(
            exporters.get("names").texts(),
            exporters.get("opset").texts(),
            exporters.get("limits").texts(),
            exporters.get("with_ir").texts(),
            evidence(exporters),
        ),
    )


def _levels(table: Node) -> tuple[Level, ...]:
    return tuple(_level(row) for row in table.get("rows").each())


def _level(row: Node) -> Level:
    match row.value:
        case [str(release), int(ir), int(opset)]:
            return Level(release=release, ir=ir, opset=opset)
        case [str(release), int(ir), int(opset), int(ml)]:
            return Level(release=release, ir=ir, opset=opset, ml=ml)
    raise Malformed("expected [release, IR version, opset] or these and the opset of ai.onnx.ml", row.route)


def written(onnx: str) -> Level | None:
    """What a release of onnx writes by default; None for one that no row covers."""
    version = parsed(public(onnx))
    rows = [row for row in _tables().writes if (at := parsed(row.release)) and version is not None and at <= version]
    return rows[-1] if rows else None


def loaded(onnxruntime: str) -> Level | None:
    """The highest that a release of onnxruntime loads; None for one newer than the table."""
    version = parsed(".".join(public(onnxruntime).split(".")[:2]))
    rows = [row for row in _tables().loads if (at := parsed(row.release)) and version is not None and at >= version]
    return rows[0] if rows else None


def onnx_crossing(onnx: str, onnxruntime: str) -> Consequence | None:
    """What happens to a model exported with a release of onnx, at its default levels, in a release of onnxruntime."""
    level = written(onnx)
    if level is None:
        return None
    consequence = onnx_loads(level.ir, level.opset, onnxruntime, writer=f"By default, onnx {onnx} writes")
    limit = loaded(onnxruntime)
    if consequence is None or limit is None or level.ml <= _ml_of(limit):
        return consequence
    trees = (
        f" Graphs of classical models also have ai.onnx.ml opset {level.ml}; the runtime loads up to {_ml_of(limit)}."
    )
    return replace(consequence, says=consequence.says + trees)


def exporters() -> Exporters:
    """What converts models to ONNX. Raises KnowledgeError."""
    return _tables().exporters


def conditional(consequence: Consequence) -> Consequence:
    """What onnx writes by default, where an exporter that is not onnx itself writes the graph."""
    known = exporters()
    own = f"{', '.join(known.names[:-1])} and {known.names[-1]}"
    return replace(
        consequence,
        severity=Severity.WARNING,
        says=f"{consequence.says} This holds if the exporter uses the defaults of onnx; {own} choose an opset of their "
        "own if the code states none.",
        evidence=consequence.evidence + known.evidence,
    )


@dataclass(frozen=True, slots=True)
class StatedOpset:
    """An opset that an export states by an argument, in full: `opset_version`, `skl2onnx.target_opset`."""

    argument: str
    opset: int


def stated_opset(arguments: Iterable[tuple[str, str]]) -> StatedOpset | None:
    """The opset among the arguments of an export, None if they state none or one that the code does not show."""
    known = exporters()
    for name, text in arguments:
        match = _OPSET.fullmatch(text) or _OPSET_OF_DOMAIN.search(text)
        if match is not None and name in (*known.opset, *known.limits):
            return StatedOpset(name, int(match[1]))
    return None


def stated_opset_loads(stated: StatedOpset, onnxruntime: str) -> Consequence | None:
    """What a release of onnxruntime does with a graph of which only the opset is known; None if it may load."""
    limit = loaded(onnxruntime)
    known = exporters()
    if limit is None:
        return None
    ir = next((row.ir for row in _tables().writes if row.opset >= stated.opset), 0)
    if stated.argument in known.with_ir and ir > limit.ir:
        return _ir_of_limit_refused(stated, ir, limit, onnxruntime)
    if stated.opset <= limit.opset:
        return None
    refused = _opset_refused(stated.opset, limit, onnxruntime)
    if stated.argument not in known.limits:
        return refused
    return replace(
        refused,
        severity=Severity.WARNING,
        says=f"{refused.says} `{_keyword(stated)}` is an upper limit: the graph has a lower opset where its "
        "operators allow it.",
        evidence=refused.evidence + known.evidence,
    )


def _keyword(stated: StatedOpset) -> str:
    return stated.argument.rpartition(".")[2]


def _refused(*, says: str, evidence: tuple[Evidence, ...], remedy: str) -> Consequence:
    """A model that onnxruntime does not load."""
    return Consequence(
        id="onnx-newer-than-onnxruntime",
        effect=Effect.UNREADABLE,
        severity=Severity.ERROR,
        says=says,
        kinds=("onnx",),
        certainty=Certainty.MEASURED.value,
        evidence=evidence,
        remedy=remedy,
        via="onnxruntime",
    )


def _ir_of_limit_refused(stated: StatedOpset, ir: int, limit: Level, onnxruntime: str) -> Consequence:
    tables = _tables()
    return _refused(
        says=(
            f"The code exports with {_keyword(stated)} {stated.opset}, which gives IR version {ir}; onnxruntime "
            f"{onnxruntime} loads up to IR {limit.ir} and refuses the rest: `Unsupported model IR version: {ir}, max "
            f"supported IR version: {limit.ir}`."
        ),
        evidence=tables.loads_evidence + tables.exporters.evidence,
        remedy=f"Export with {_keyword(stated)} {limit.opset}{_or_serve_with(ir, stated.opset)}",
    )


def _opset_refused(opset: int, limit: Level, onnxruntime: str) -> Consequence:
    return _refused(
        says=(
            f"The code exports with opset {opset}; onnxruntime {onnxruntime} loads up to opset {limit.opset} and "
            f"refuses the rest: `Opset {opset} is under development and support for this is limited`."
        ),
        evidence=_tables().loads_evidence,
        remedy=f"Export with opset {limit.opset}{_or_serve_with(0, opset)}",
    )


def _ml_of(limit: Level) -> int:
    """The ai.onnx.ml opset of a runtime: that of the onnx whose opset it has, since it is built with it."""
    return max((row.ml for row in _tables().writes if row.opset <= limit.opset), default=0)


def onnx_loads(
    ir: int, opset: int, onnxruntime: str, *, ml: int = 0, writer: str = "the model has"
) -> Consequence | None:
    """What a release of onnxruntime does with a model; None if it loads or the release is not known."""
    limit = loaded(onnxruntime)
    if limit is None or (ir <= limit.ir and opset <= limit.opset and ml <= _ml_of(limit)):
        return None
    if ir <= limit.ir and opset <= limit.opset:
        return _ml_refused(ml, _ml_of(limit), onnxruntime, writer)
    error = (
        f"Unsupported model IR version: {ir}, max supported IR version: {limit.ir}"
        if ir > limit.ir
        else f"ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. "
        f"Opset {opset} is under development and support for this is limited"
    )
    tables = _tables()
    return _refused(
        says=(
            f"{writer} IR version {ir}{f' and opset {opset}' if opset else ''}; onnxruntime {onnxruntime} loads up to "
            f"IR {limit.ir} and opset {limit.opset} and refuses the rest: `{error}`."
        ),
        evidence=tables.loads_evidence + tables.writes_evidence,
        remedy=_remedy(ir, opset, limit),
    )


def _ml_refused(ml: int, highest: int, onnxruntime: str, writer: str) -> Consequence:
    """Operators of classical models newer than the runtime."""
    return Consequence(
        id="onnx-ml-newer-than-onnxruntime",
        effect=Effect.UNREADABLE,
        severity=Severity.ERROR,
        says=(
            f"{writer} ai.onnx.ml opset {ml}; onnxruntime {onnxruntime} loads up to {highest} and refuses the rest: "
            f"`Opset {ml} is under development and support for this is limited`."
        ),
        kinds=("onnx",),
        certainty=Certainty.DERIVED.value,
        evidence=(*_tables().writes_evidence, *_tables().loads_evidence),
        remedy=f"Export with target_opset={{'': ..., 'ai.onnx.ml': {highest}}}, or serve with a newer onnxruntime.",
        via="onnxruntime",
    )


def _remedy(ir: int, opset: int, limit: Level) -> str:
    lower = f" and opset {min(opset, limit.opset)}" if opset else ""
    return f"Export with ir_version={min(ir, limit.ir)}{lower}{_or_serve_with(ir, opset)}"


def _or_serve_with(ir: int, opset: int) -> str:
    """The first release of onnxruntime that loads a graph, where one is known, as the end of a sentence."""
    able = next((row.release for row in _tables().loads if row.ir >= ir and row.opset >= opset), None)
    return f", or serve with onnxruntime>={able}." if able else "."
