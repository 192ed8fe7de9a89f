"""At the start of serving: what the model was trained with, against what this process would import.

    from mlaudit import guard

    guard.check("model.snapshot.json")

The snapshot is made where the model is (`mlaudit snapshot --output model.snapshot.json`). Names and versions are
compared first, which takes milliseconds; only where something differs that models depend on is the audit loaded.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.model.errors import MlauditError
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import package_of
from mlaudit.model.packaged import packaged_toml
from mlaudit.sources.installed import Distribution, distributions
from mlaudit.sources.interpreter import Interpreter, running

if TYPE_CHECKING:
    from mlaudit.model.nouns import Reading
    from mlaudit.model.report import Finding, Report
    from mlaudit.request.settings import Settings

TRAINING = "training"
SERVING = "serving"


class Drift(MlauditError):
    """This process is not what the model was trained in; `report` holds the findings."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class DriftWarning(UserWarning):
    """What `Drift` would have said."""


def check(
    snapshot: str | PathLike[str],
    *,
    on: str = "raise",
    settings: Settings | None = None,
    artifact_kinds: Sequence[str] = (),
) -> Report | None:
    """Compare a snapshot of the training environment (the writer) with this process (the reader).

    What both have alike is no drift, and no finding: a conflict that training had too is for `mlaudit check`.

    Args:
        snapshot: the JSON of `mlaudit snapshot`.
        on: `raise` or `warn`: what happens where a finding reaches `fail_on` of the settings (default: error).
        settings: what `mlaudit.request.config_file.load` gives; ignores, severities and the rest apply.
        artifact_kinds: what is loaded, such as `sklearn.pickle`; makes verdicts exact that depend on it.

    Returns:
        The report, with a row for each package that models depend on, and with settings for all of them; None if
        nothing differs that a model depends on.

    Raises:
        Drift: a finding reaches `fail_on`, and `on` is `raise`.
        ValueError: `on` is another word, or one of `artifact_kinds` is no kind.
        mlaudit.document.document.Unreadable: the snapshot cannot be read.
    """
    if on not in ("raise", "warn"):
        raise ValueError(f'on={on!r}: expected "raise" or "warn"')
    if artifact_kinds:
        _demand_kinds(artifact_kinds)
    live = running()
    installed = distributions(live.paths)
    if settings is None and not _differs(Path(snapshot), live, installed):
        return None
    report = _judged(Path(snapshot), live, installed.values(), settings, artifact_kinds)
    if report.exit_code:
        message = _message(report, snapshot)
        if on == "raise":
            raise Drift(message, report)
        warnings.warn(message, DriftWarning, stacklevel=2)
    return report


def _demand_kinds(names: Sequence[str]) -> None:
    """Raises ValueError on a name of no artifact kind, which would make no verdict more certain."""
    from mlaudit.knowledge.kinds import kind_problem

    problems = [problem for name in names if (problem := kind_problem(name))]
    if problems:
        raise ValueError(f"artifact_kinds: {problems[0]}")


@dataclass(frozen=True, slots=True)
class _Trained:
    """A snapshot as far as names and versions go."""

    python: str
    packages: Mapping[str, tuple[str, str]]


def _differs(path: Path, live: Interpreter, installed: Mapping[str, Distribution]) -> bool:
    """Whether anything differs on which models depend, or the snapshot needs a closer look."""
    trained = _trained(path)
    if trained is None or trained.python != live.python:
        return True
    now = {
        distribution.name: (distribution.version, "direct" if distribution.direct else "index")
        for distribution in installed.values()
    }
    then = trained.packages
    return any(_matters(name) for name in now.keys() | then.keys() if then.get(name) != now.get(name))


def _trained(path: Path) -> _Trained | None:
    """None for whatever is no snapshot: the parser will state why."""
    try:
        data = json.loads(path.read_bytes())
        packages = {row["name"]: (row["version"], row.get("source", "index")) for row in data["packages"]}
        return _Trained(data["python"], packages) if data["schema"] == "mlaudit.snapshot/1" else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _matters(name: str) -> bool:
    """Whether the ML table names a package: `mlaudit.knowledge.table.watched`, without loading what that needs."""
    package = package_of(name)
    names, patterns = _watched()
    return package in names or any(fnmatchcase(package, pattern) for pattern in patterns)


@lru_cache(maxsize=1)
def _watched() -> tuple[frozenset[str], tuple[str, ...]]:
    roles = packaged_toml("knowledge/table.toml")["packages"].values()
    named = [name for names in roles if isinstance(names, list) for name in names]
    return frozenset(named), tuple(name for name in named if "*" in name)


def _judged(
    path: Path,
    live: Interpreter,
    installed: Iterable[Distribution],
    settings: Settings | None,
    artifact_kinds: Sequence[str],
) -> Report:
    """The audit's report on the pair, as far as it speaks of drift. Raises Unreadable."""
    from mlaudit.audit import audit
    from mlaudit.environments.environment import environment
    from mlaudit.request.audit_request import AuditRequest, EnvironmentRequest
    from mlaudit.request.options import Options
    from mlaudit.request.settings import Settings
    from mlaudit.request.wanted import Wanted
    from mlaudit.snapshot import reading

    chosen = settings or Settings()
    then, now = _read(path), reading(live, installed)
    if settings is None:
        # Nothing can be said of the others, and most of several hundred packages are such.
        then, now = _watched_of(then), _watched_of(now)
    environments = (
        environment(EnvironmentRequest(name=TRAINING, role=TRAINING, artifact_kinds=artifact_kinds), (then,), Wanted()),
        environment(EnvironmentRequest(name=SERVING, role=SERVING, follows=(TRAINING,)), (now,), Wanted()),
    )
    return _drift(audit(environments, AuditRequest(command="check", options=Options(settings=chosen))), chosen)


def _watched_of(reading: Reading) -> Reading:
    """The reading without packages that the ML table does not name."""
    from mlaudit.model.nouns import Kind

    return replace(reading, pins=tuple(pin for pin in reading.pins if pin.kind is Kind.PYTHON or _matters(pin.name)))


def _read(path: Path) -> Reading:
    """The snapshot's reading. Raises Unreadable, also where a single entry of it means nothing."""
    from mlaudit.model.errors import Unreadable
    from mlaudit.parsers._read import read
    from mlaudit.sources.working_tree import WorkingTree

    reading = read(WorkingTree(Path()).document(path), "snapshot")
    if reading.unread:
        raise Unreadable(f"{reading.unread[0].at}: {reading.unread[0].why}")
    return reading


def _drift(report: Report, settings: Settings) -> Report:
    """The report without what training alone has, or has as well."""
    from collections import Counter

    before = {_fact(finding) for finding in report.findings if finding.environments == (TRAINING,)}
    kept = tuple(
        finding
        for finding in report.findings
        if SERVING in finding.environments and (len(finding.environments) > 1 or _fact(finding) not in before)
    )
    counts = Counter(finding.severity.value for finding in kept)
    level = settings.fail_on
    failed = level is not None and any(finding.severity.rank <= level.rank for finding in kept)
    summary = replace(report.summary, error=counts["error"], warning=counts["warning"], info=counts["info"])
    return replace(report, findings=kept, summary=summary, exit_code=int(failed))


def _fact(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.package, finding.expected, finding.actual


def _message(report: Report, snapshot: str | PathLike[str]) -> str:
    """What is wrong and what fixes it, worst first."""
    lines = [f"this process is not what the model was trained in ({snapshot}):"]
    for finding in report.findings:
        lines.append(f"  {finding.severity.value}[{finding.code}] {finding.name}: {finding.message}")
        if finding.fix is not None:
            lines.append(f"    fix: {finding.fix.says}")
    return "\n".join(lines)
