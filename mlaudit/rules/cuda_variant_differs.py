"""The same version is installed in builds for different accelerators, or the CUDA versions differ."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Distance, Kind, Severity, Verdict
from mlaudit.model.report import Crossing, Hit
from mlaudit.rules._phrases import places, worded
from mlaudit.rules._registry import crossing_rule

_PLATFORM = (Kind.CUDA, Kind.CUDNN)


@crossing_rule(
    "MLA302",
    Severity.WARNING,
    since="0.1",
    title="the CUDA variant differs",
    fact="variant",
    verdicts=[Verdict.DIFFERS, Verdict.DISJOINT],
    when="is_of_builds",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """The same version is installed in builds for different accelerators, or the CUDA versions differ.

    What it does:
        Compares the build part of a version (`+cu124`, `+cpu`, `+rocm6.1`, an index of one CUDA version, a conda build
        string) separately from the version, and the CUDA and cuDNN versions of both sides. A side that states no build
        is not compared.

    Why:
        A build for another CUDA version needs another driver; a CPU build has no CUDA kernels; numbers may differ in
        the last digits.

    Example:
        Training installs `torch==2.5.1+cu124`, serving `torch==2.5.1+cpu`.

    Fix:
        Install from the same index on both sides, or accept the difference with an `ignore` that gives the reason.

    References:
        https://pytorch.org/get-started/locally/
    """
    writer, reader = crossing.cells
    if writer.kind in _PLATFORM:
        differs = crossing.verdict in (Verdict.DIFFERS, Verdict.DISJOINT)
        left, right = worded(writer), worded(reader)
    else:
        differs = crossing.verdict is Verdict.DIFFERS and crossing.distance is Distance.VARIANT
        left, right = writer.variant or worded(writer), reader.variant or worded(reader)
    if not differs:
        return
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=_severity(crossing),
        message=f"{_subject(crossing)} is {left} in {writer.environment} and {right} in {reader.environment}.",
        at=at,
        related=related,
        expected=writer.shown,
        actual=reader.shown,
    )


def _subject(crossing: Crossing) -> str:
    version = crossing.writer.version
    if crossing.writer.kind in _PLATFORM or version is None:
        return crossing.package
    return f"{crossing.package} {version.partition('+')[0]}"


def _severity(crossing: Crossing) -> Severity:
    near = crossing.writer.kind in _PLATFORM and crossing.distance is Distance.PATCH
    return Severity.INFO if near else Severity.WARNING
