"""What a whole audit says of a measured load: code and knowledge together, with the artifact and both environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from mlaudit.api import compare
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Finding
from mlaudit.request.options import Options
from mlaudit.rules._consequences import refused_words

OF_ARTIFACTS, OF_VERSIONS = "MLA4", "MLA1"
"""How the codes of rules begin that judge an artifact, and the versions of a package on both sides."""
CONDITIONAL = frozenset(("MLA411",))
"""Rules whose warnings say that using the model fails under a condition."""


def audited_findings(work: Path, family: str, versions: tuple[str, str], artifact: Path) -> tuple[Finding, ...]:
    """What `mlaudit compare` says of an artifact that one environment of a work folder wrote and another loads."""
    writer, reader = (_packages(work, family, version) for version in versions)
    if writer is None or reader is None:
        return ()
    model = artifact.relative_to(work).as_posix()
    options = Options(root=work, waivers=False, caches=False)
    return compare([f"training={writer},training={model}", f"serving={reader}"], options, folder=work).findings


def says_failure(findings: Iterable[Finding], packages: Collection[str]) -> bool:
    """Whether some finding says that the load of an artifact of some packages, or using what is loaded, fails."""
    return any(
        (one.code.startswith(OF_ARTIFACTS) or (one.code.startswith(OF_VERSIONS) and one.package in packages))
        and (one.severity is Severity.ERROR or (one.code in CONDITIONAL and one.severity is Severity.WARNING))
        for one in findings
    )


def shares(counts: Counter[tuple[bool, bool]]) -> str:
    """Recall and quiet of loads by what was said and what they did."""
    bad, good = (sum(counts[said, did] for said in (True, False)) for did in (True, False))
    recall, quiet = counts[True, True] / max(bad, 1), counts[False, False] / max(good, 1)
    return f"recall {recall:.3f} ({counts[True, True]} of {bad}), quiet {quiet:.3f} ({counts[False, False]} of {good})"


def refused_configurations(work: Path, family: str, version: str, artifact: Path) -> tuple[str, ...]:
    """What the code of one environment of a work folder refuses of the configurations of an artifact."""
    reader = _packages(work, family, version)
    model = artifact.relative_to(work).as_posix()
    options = Options(root=work, waivers=False, caches=False)
    made = compare([f"training={model}", f"serving={reader}"], options, folder=work).environments if reader else ()
    return tuple(refused_words(found) for one in made for found in one.refused_configurations)


def _packages(work: Path, family: str, version: str) -> str | None:
    found = sorted(work.glob(f"venvs/{family}-{version}/lib/python*/site-packages"))
    return found[0].relative_to(work).as_posix() if found else None
