"""A plan carried out: files replaced together, audited again, and put back where that does not show what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mlaudit.model.errors import MlauditError
from mlaudit.model.findings import Finding
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Report
from mlaudit.repair.nouns import Move, NativeCommand, RepairOutcome, RepairPlan
from mlaudit.sources.native_tools import run_tool
from mlaudit.sources.replacement import ReplacedFiles, Replacement, replace_all

_Fact = tuple[str, str | None, tuple[str, ...], str]
_STALE_LOCK = "lock-stale"


def carried_out(
    plan: RepairPlan, before: Report, root: Path, audit_again: Callable[[], Report], *, relock: bool
) -> RepairOutcome:
    """Carry out a plan, or leave everything as it is. Raises UsageError where the files cannot be replaced.

    Args:
        before: the report that the plan was made of.
        root: the folder that the paths of the plan are relative to.
        audit_again: gives the report on the files after the change.
        relock: the tools that own locks are run.
    """
    commands = plan.commands if relock else ()
    if not plan.files and not commands:
        return RepairOutcome(plan=plan)
    replacements = [Replacement(change.real, change.old, change.new) for change in plan.files]
    replaced = replace_all(root, [*replacements, *_locks(commands, root)])
    try:
        for command in commands:
            run_tool(command.words, root / command.folder)
        after = audit_again()
    except MlauditError as error:
        return _put_back(plan, replaced, [f"{error}"])
    except BaseException:
        replaced.put_back()
        raise
    why = list(_objections(plan, before, after, relocked=relock))
    if why:
        return _put_back(plan, replaced, why)
    replaced.keep()
    return RepairOutcome(plan=plan, written=True, ran=commands, remarks=tuple(_remarks(before, after)))


def _put_back(plan: RepairPlan, replaced: ReplacedFiles, why: list[str]) -> RepairOutcome:
    return RepairOutcome(plan=plan, why=(*why, replaced.put_back()))


def _locks(commands: tuple[NativeCommand, ...], root: Path) -> Iterator[Replacement]:
    """The locks that tools will write, so that they can be put back."""
    for path in dict.fromkeys((root / command.lock).resolve() for command in commands):
        if path.is_file():
            yield Replacement(path, path.read_bytes(), None)


def _objections(plan: RepairPlan, before: Report, after: Report, *, relocked: bool) -> Iterator[str]:
    """Why the files must be put back: what was to vanish and did not, and what is new."""
    waiting = [move for move in plan.made if move.commands and not relocked]
    pending = {fingerprint for move in waiting for fingerprint in move.fingerprints}
    due = {fingerprint for move in plan.made for fingerprint in move.fingerprints} - pending
    known = _facts(before)
    for finding in after.findings:
        if finding.fingerprint in due:
            yield f"still there: {_shown(finding)}"
        elif (
            _fact(finding) not in known and finding.severity is not Severity.INFO and not _awaits_lock(finding, waiting)
        ):
            yield f"new: {_shown(finding)}"


def _facts(report: Report) -> frozenset[_Fact]:
    return frozenset(map(_fact, (*report.findings, *report.suppressed)))


def _fact(finding: Finding) -> _Fact:
    """What is new where it was not there; that a package is not pinned is no news because it moved, an error is."""
    values = finding.fingerprint if finding.severity is Severity.ERROR else ""
    return finding.code, finding.package, finding.environments, values


def _awaits_lock(finding: Finding, waiting: list[Move]) -> bool:
    """Whether a finding only states that a lock is not updated yet."""
    environments = {move.change.environment for move in waiting}
    packages = {move.change.package for move in waiting}
    near = bool(environments.intersection(finding.environments))
    return near and (finding.package in packages or finding.name == _STALE_LOCK)


def _remarks(before: Report, after: Report) -> Iterator[str]:
    known = _facts(before)
    for finding in after.findings:
        if _fact(finding) not in known and finding.severity is Severity.INFO:
            yield f"new, for information: {_shown(finding)}"


def _shown(finding: Finding) -> str:
    return f"{finding.severity.value}[{finding.code}] {finding.message} ({finding.at})"
