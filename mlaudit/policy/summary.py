"""What an audit amounts to: how much was compared, what is equal besides packages, and what nobody stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlaudit.comparison.images import unknown_images
from mlaudit.comparison.requirements import unknown_requirements
from mlaudit.comparison.scene import View, is_compared
from mlaudit.model.nouns import Kind, Verdict
from mlaudit.model.report import (
    BASELINED,
    CONFIGURATION,
    PROVEN,
    WAIVER,
    ArtifactCrossing,
    Crossing,
    Environment,
    Row,
    Summary,
)
from mlaudit.model.versions import same_public

_PLATFORM: Mapping[Kind, str] = {
    Kind.PYTHON: "Python",
    Kind.CUDA: "CUDA",
    Kind.CUDNN: "cuDNN",
    Kind.DRIVER: "driver",
    Kind.SYSTEM: "system libraries",
}
_WORTH_SAYING = (Kind.PYTHON, Kind.CUDA, Kind.SYSTEM)
"""Kinds reported as not stated; who states CUDA need not state cuDNN and the driver."""


def summary(view: View, counts: Mapping[str, int]) -> Summary:
    """The counts of one report; `counts` are those of its findings."""
    both = [crossing for crossing in view.crossings() if crossing.writer.kind not in _PLATFORM and _stated(crossing)]
    paired = {name for pair in view.pairs for name in pair}
    recorded = [artifact for artifact in view.artifacts if is_compared(artifact)]
    return Summary(
        error=counts.get("error", 0),
        warning=counts.get("warning", 0),
        info=counts.get("info", 0),
        suppressed=sum(counts.get(by, 0) for by in (CONFIGURATION, WAIVER, BASELINED, PROVEN)),
        by_configuration=counts.get(CONFIGURATION, 0),
        by_waivers=counts.get(WAIVER, 0),
        by_baseline=counts.get(BASELINED, 0),
        by_evidence=counts.get(PROVEN, 0),
        left_out=counts.get("left_out", 0),
        aligned=sum(crossing.verdict is Verdict.ALIGNED for crossing in both) + sum(map(_equal, recorded)),
        compared=len(both) + len(recorded),
        unread=sum(len(environment.unread) for environment in view.environments.values()),
        equal=tuple(_platform(view)),
        unseen=tuple(_unseen(view)) if view.pairs else (),
        unknown_images=unknown_images(environment for name, environment in view.environments.items() if name in paired),
        unknown_requirements=tuple(sorted(_unknown_requirements(view.environments.values()))),
    )


def _unknown_requirements(environments: Iterable[Environment]) -> frozenset[str]:
    return frozenset(package for environment in environments for package in unknown_requirements(environment))


def _stated(crossing: Crossing) -> bool:
    return crossing.writer.stated and crossing.reader.stated


def _equal(crossing: ArtifactCrossing) -> bool:
    written, installed = crossing.pin.version, crossing.cell.version
    return written is not None and installed is not None and same_public(written, installed)


def _platform(view: View) -> Iterator[str]:
    """What is not a package, and the same for every pair: `Python 3.11`, `CUDA 12.4`, `7 system libraries`."""
    rows = [row for row in view.rows if row.kind in _PLATFORM and view.pairs and _same(row, view)]
    for kind in (Kind.PYTHON, Kind.CUDA, Kind.CUDNN, Kind.DRIVER):
        yield from (f"{_PLATFORM[kind]} {_version(row)}" for row in rows if row.kind is kind)
    libraries = sum(row.kind is Kind.SYSTEM for row in rows)
    if libraries:
        yield f"{libraries} system librar{'y' if libraries == 1 else 'ies'}"


def _same(row: Row, view: View) -> bool:
    agreed = [crossing for crossing in row.crossings if _stated(crossing) and crossing.verdict is Verdict.ALIGNED]
    return len(agreed) == len(view.pairs)


def _version(row: Row) -> str:
    """The version as far as every side states it: `3.11` where one says `3.11.7`."""
    return min((cell.shown for cell in row.cells if cell.stated), key=len)


def _unseen(view: View) -> Iterator[str]:
    """What no pair states on both sides, so that nothing that is known of it applied."""
    seen: set[Kind] = set()
    for crossing in view.crossings():
        # Of a fleet nearly every kind is known by its first crossing.
        if crossing.writer.kind not in seen and _stated(crossing):
            seen.add(crossing.writer.kind)
    yield from (_PLATFORM[kind] for kind in _WORTH_SAYING if kind not in seen)
    if not view.artifacts and not any(
        environment.artifact_kinds or environment.kinds_from for environment in view.environments.values()
    ):
        yield "model artifacts"
    yield from dict.fromkeys(
        f"{foreign.runtime.package} with what {foreign.written.package} exports"
        for pair in view.pairs
        for foreign in view.foreign_runtimes(*pair)
        if not foreign.is_judged
    )
