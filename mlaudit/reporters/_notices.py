"""Findings that read alike, put together into one notice for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlaudit.model.findings import Finding
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity, State
from mlaudit.reporters._facts import UNREAD
from mlaudit.reporters._groups import FindingGroup

TOLD_TOGETHER = frozenset(("mutable", "compared"))
"""Facts of which one sentence tells all, wherever they are: each is acted on in the same way."""
TEMPLATE = "template"
"""The fact of a variable without a value, which may be in many files."""
OF_PYTHON = "python-wheel"
"""The fact of which one cause, the Python of an environment, makes many findings."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Findings of one rule that read alike, in one file or of one pair, shown as one."""

    groups: tuple[FindingGroup, ...]

    @property
    def first(self) -> Finding:
        """The finding that represents all."""
        return self.groups[0].first


def notices(groups: Iterable[FindingGroup]) -> list[Notice]:
    """Findings in batches: those of one rule on the lines of one file, or between the same environments.

    What must be acted on one by one stays alone: an error, and a warning with evidence or a fix of its own. Packages
    that one side does not name are pinned together, and those that a Python does not support are told together;
    sources that can change, and pairs of which nothing was compared, are told together wherever they are.
    """
    every = list(groups)
    spread = _spread([group.first for group in every])
    batches: dict[object, list[FindingGroup]] = {}
    for number, group in enumerate(every):
        batches.setdefault(_alike(group, spread) or number, []).append(group)
    return [Notice(tuple(members)) for members in batches.values()]


def _spread(findings: Sequence[Finding]) -> frozenset[str]:
    """What is said of variables without a value that are in more than one file."""
    files: dict[str, set[str]] = {}
    for finding in findings:
        if finding.fact == TEMPLATE and not finding.package:
            files.setdefault(what_is_said(finding), set()).add(finding.at.path)
    return frozenset(says for says, paths in files.items() if len(paths) > 1)


def _alike(group: FindingGroup, spread: frozenset[str]) -> object:
    """What findings of one batch have in common, None for a finding that stays alone."""
    finding = group.first
    if finding.severity is Severity.ERROR:
        return None
    if finding.fact in TOLD_TOGETHER:
        return (finding.code, finding.severity)
    if what_is_said(finding) in spread:
        return (finding.code, finding.severity, what_is_said(finding))
    unread, unnamed = is_unread(finding), unnamed_in(finding)
    if not (finding.package or unread):
        return None
    if finding.severity is Severity.WARNING and finding.fact != OF_PYTHON:
        has_its_own_fix = finding.fix is not None and not unnamed
        if has_its_own_fix or finding.evidence or finding.details or (len(group.findings) > 1 and not unread):
            return None
    return (finding.code, finding.severity, group.environments, file_of_one(finding), unread, unnamed)


def unnamed_in(finding: Finding) -> str:
    """The environment of a pair that does not name the package of a warning, empty if both do."""
    if finding.severity is not Severity.WARNING or len(finding.environments) != 2:
        return ""
    writer, reader = finding.environments
    if finding.actual == State.UNSTATED.value:
        return reader
    return writer if finding.expected == State.UNSTATED.value else ""


def is_unread(finding: Finding) -> bool:
    """Whether it is about something in a file that was not understood, and of which no package is known."""
    return finding.fact in UNREAD and not finding.package


def file_of_one(finding: Finding) -> str:
    """The file of a finding of one environment, empty where two are compared."""
    return finding.at.path if len(finding.environments) < 2 else ""


def what_is_said(finding: Finding) -> str:
    """The sentence of a finding, without its environment where the rule gives one."""
    return finding.effect or finding.message
