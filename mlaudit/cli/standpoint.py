"""A report for a person's terminal: its paths relative to the current folder, so that they can be opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.nouns import Place, Reading
from mlaudit.model.report import Discovered, Environment, Finding, Report
from mlaudit.sources import paths

if TYPE_CHECKING:
    from mlaudit.model.dependency_map import DependencyMap
    from mlaudit.model.history import BranchChange
    from mlaudit.model.pairs import EnvironmentPair
    from mlaudit.model.requirement_paths import InstallReason, RequirementStep


def seen_from(report: Report, root: Path, here: Path) -> Report:
    """The report with its paths, which are relative to the root, relative to a folder (absolute where that is shorter).

    Machine formats keep the paths of the root: a script that reads them has no current folder.
    """
    view = _Standpoint(root=root, here=here)
    return replace(
        report,
        environments=tuple(map(view.environment, report.environments)),
        findings=tuple(map(view.finding, report.findings)),
        suppressed=tuple(map(view.finding, report.suppressed)),
        found=tuple(map(view.discovered, report.found)),
        known_pairs=tuple(map(view.pair, report.known_pairs)),
        against=view.change(report.against) if report.against is not None else None,
    )


def listed_from(environments: Iterable[Environment], root: Path, here: Path) -> list[Environment]:
    """Environments with the paths of everything that was read, as they are reached from a folder."""
    view = _Standpoint(root=root, here=here)
    shown_environments = [view.environment(environment) for environment in environments]
    return [
        replace(
            environment,
            readings=tuple(map(view.pinned, environment.readings)),
            writes=tuple(map(view.pinned, environment.writes)),
            reads=tuple(map(view.pinned, environment.reads)),
        )
        for environment in shown_environments
    ]


def map_from(whole: DependencyMap, root: Path, here: Path) -> DependencyMap:
    """A map with its paths as they are reached from a folder."""
    from mlaudit.model.dependency_map import NodeKind

    view = _Standpoint(root=root, here=here)
    of_paths = (NodeKind.CODE, NodeKind.FILE)
    return replace(
        whole,
        nodes=tuple(
            replace(node, name=view.path(node.name)) if node.kind in of_paths else node for node in whole.nodes
        ),
        edges=tuple(
            replace(edge, evidence=tuple(replace(seen, at=view.place(seen.at)) for seen in edge.evidence))
            for edge in whole.edges
        ),
    )


def reason_from(reason: InstallReason, root: Path, here: Path) -> InstallReason:
    """Why a package is installed, with the places as they are reached from a folder."""
    view = _Standpoint(root=root, here=here)

    def step(requirement_step: RequirementStep) -> RequirementStep:
        return (
            requirement_step
            if requirement_step.at is None
            else replace(requirement_step, at=view.place(requirement_step.at))
        )

    return replace(
        reason,
        direct=tuple(map(view.place, reason.direct)),
        paths=tuple(replace(path, steps=tuple(map(step, path.steps))) for path in reason.paths),
    )


@dataclass(slots=True, kw_only=True)
class _Standpoint:
    root: Path
    here: Path
    known: dict[str, str] = field(default_factory=dict)

    def path(self, path: str) -> str:
        """A path of the report as it is reached from here; what is no path of a file stays as it is."""
        if path not in self.known:
            self.known[path] = self._path(path)
        return self.known[path]

    def _path(self, path: str) -> str:
        file, archive, inner = path.partition("!/")
        absolute = os.path.normpath(self.here / self.root / file)
        if not paths.lexists(absolute):
            return path
        relative = paths.relative(absolute, self.here)
        outside = relative.startswith("../") and not Path(absolute).is_relative_to(
            os.path.normpath(self.here / self.root)
        )
        shown = Path(absolute).as_posix() if outside and len(absolute) < len(relative) else relative
        return f"{shown}{archive}{inner}"

    def place(self, place: Place) -> Place:
        path = self.path(place.path)
        return place if path == place.path else replace(place, path=path)

    def source(self, source: str) -> str:
        """A source, whose part behind `#` belongs to no path."""
        path, sign, part = source.rpartition("#")
        return f"{self.path(path)}#{part}" if sign and self.path(source) == source else self.path(source)

    def finding(self, finding: Finding) -> Finding:
        at = self.place(finding.at)
        related = tuple(location._replace(place=self.place(location.place)) for location in finding.related)
        known = {path: self.path(path) for path in (location.place.path for location in finding.locations)}
        return replace(
            finding,
            at=at,
            related=related,
            message=_with_paths(finding.message, known),
            details=tuple(_with_paths(detail, known) for detail in finding.details),
        )

    def change(self, change: BranchChange) -> BranchChange:
        """What is unchanged from here; what was fixed has the places of the earlier state."""
        return replace(change, unchanged=tuple(map(self.finding, change.unchanged)))

    def environment(self, environment: Environment) -> Environment:
        return replace(
            environment,
            sources=tuple(map(self.source, environment.sources)),
            readings=tuple(map(self.reading, environment.readings)),
            writes=tuple(map(self.reading, environment.writes)),
            reads=tuple(map(self.reading, environment.reads)),
        )

    def pair(self, pair: EnvironmentPair) -> EnvironmentPair:
        crosses = (
            replace(artifact, written=self.place(artifact.written), read=self.place(artifact.read))
            for artifact in pair.crosses
        )
        return replace(pair, crosses=tuple(crosses))

    def reading(self, reading: Reading) -> Reading:
        if not reading.unread:
            return reading
        return replace(reading, unread=tuple(replace(entry, at=self.place(entry.at)) for entry in reading.unread))

    def pinned(self, reading: Reading) -> Reading:
        return replace(reading, pins=tuple(replace(pin, at=self.place(pin.at)) for pin in reading.pins))

    def discovered(self, discovered: Discovered) -> Discovered:
        # Discovered paths are relative to the folder that was named, which is relative to the current folder.
        absolute = os.path.normpath(self.here / discovered.folder)
        if not paths.is_folder(absolute):
            return discovered
        relative = paths.relative(absolute, self.here)
        shown = Path(absolute).as_posix() if relative.startswith("../") and len(absolute) < len(relative) else relative
        return replace(discovered, folder=f"{shown}/")


def _with_paths(sentence: str, known: Mapping[str, str]) -> str:
    """A sentence in which places (`serving/uv.lock:3`) are replaced by their other paths."""
    moved = {old: new for old, new in known.items() if old != new}
    if not moved:
        return sentence
    longest_first = sorted(moved, key=len, reverse=True)
    pattern = rf"(?<![\w./-])({'|'.join(map(re.escape, longest_first))})(?=:\d)"
    return re.sub(pattern, lambda match: moved[match[1]], sentence)
