"""The map of a project, from paths and options; and the part of it that was requested."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlaudit.api import check
from mlaudit.environments.found_tree import look
from mlaudit.mapping.assembly import assemble_map
from mlaudit.mapping.narrowing import nodes_named, reached_by, touching
from mlaudit.model.dependency_map import DependencyMap, NodeKind
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nearest import nearest
from mlaudit.model.report import Report
from mlaudit.request.options import Options
from mlaudit.sources.paths import relative

_FILES = (NodeKind.FILE, NodeKind.CODE, NodeKind.DATA, NodeKind.MODEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapQuestion:
    """What of a map is requested: everything, dependencies of a few things, or what a change of some files reaches."""

    models: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    impact: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows the map."""
        return not (self.models or self.packages or self.files or self.impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedProject:
    """A report with the map of what it is about.

    Attributes:
        asked: the nodes that the question names.
        is_impact: the map has what a change of these reaches, and not what they depend on.
    """

    report: Report
    map: DependencyMap
    asked: tuple[str, ...] = ()
    is_impact: bool = False


def project_map(paths: Sequence[str], options: Options, question: MapQuestion, folder: Path = Path()) -> MappedProject:
    """The map of what is below some paths; files of the question are relative to `folder`. Raises UsageError."""
    tree = look(paths, options)
    report = check(paths, options, tree=tree)
    declared = bool(options.settings.environments or options.settings.pairs)
    whole = assemble_map(report, tree, options.settings.path if declared else None)
    if question.is_whole:
        return MappedProject(report=report, map=whole)
    starts = _starts(whole, question, options.root, folder)
    part = reached_by(whole, starts) if question.impact else touching(whole, starts)
    return MappedProject(
        report=report,
        map=replace(part, left_out=whole.left_out),
        asked=tuple(starts),
        is_impact=bool(question.impact),
    )


def _starts(whole: DependencyMap, question: MapQuestion, root: Path, folder: Path) -> list[str]:
    if question.impact and (question.models or question.packages or question.files):
        raise UsageError("--impact goes without --model, --package and --file: it shows only what a change reaches")
    asked = (
        *(("--model", (NodeKind.MODEL, NodeKind.DATA), name) for name in question.models),
        *(("--package", (NodeKind.PACKAGE,), name) for name in question.packages),
        *(("--file", _FILES, path) for path in question.files),
        *(("--impact", (*_FILES, NodeKind.PACKAGE), path) for path in question.impact),
    )
    return [key for option, kinds, name in asked for key in _keys(whole, option, kinds, name, root, folder)]


def _keys(
    whole: DependencyMap, option: str, kinds: Sequence[NodeKind], name: str, root: Path, folder: Path
) -> list[str]:
    """The nodes that an option names. Raises UsageError if there is none."""
    is_path = option in ("--file", "--impact")
    nodes = nodes_named(whole, kinds, relative(folder / name, root)) if is_path else []
    nodes = nodes or nodes_named(whole, kinds, name)
    if nodes:
        return [node.key for node in nodes]
    near = nearest(name, [node.name for node in whole.nodes if node.kind in kinds])
    known = " or ".join(dict.fromkeys(kind.value for kind in kinds))
    advice = f"; did you mean {near}?" if near else "; `mlaudit map` lists what it knows"
    raise UsageError(f"{option} {name}: the map has no {known} of that name{advice}")
