"""Findings that say the same of several environments, and those that read alike, put together for people.

Machine formats list each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity, State
from mlaudit.model.report import Finding
from mlaudit.reporters._facts import UNREAD, sides

_WHEREVER_STATED = frozenset(("mutable", "fit"))
"""Facts that are the same wherever the same sentence holds, since each environment states them in a line of its own."""

TOLD_TOGETHER = frozenset(("mutable", "compared"))
"""Facts of which one sentence tells all, wherever they are: each is acted on in the same way."""
TEMPLATE = "template"
"""The fact of a variable without a value, which may be in many files."""
OF_PYTHON = "python-wheel"
"""The fact of which one cause, the Python of an environment, makes many findings."""
REQUIREMENTS = 3
"""Unmet requirements of one release from which on they are told together: they have one cause."""


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that differ in the environment alone; the first speaks for all."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that is shown."""
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        """Of each of them."""
        return self.first.severity

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that they are about or speak for."""
        named = (name for finding in self.findings for name in (finding.package, *finding.covers) if name is not None)
        return tuple(dict.fromkeys(named))

    @property
    def writers(self) -> tuple[str, ...]:
        """The environments that write, where the findings compare two."""
        return tuple(dict.fromkeys(name for finding in self.findings for name in finding.environments[:-1]))

    @property
    def readers(self) -> tuple[str, ...]:
        """Where a change is to be made: those who read, else every environment concerned."""
        return tuple(dict.fromkeys(name for finding in self.findings for name in finding.environments[-1:]))

    @property
    def environments(self) -> tuple[str, ...]:
        """Every environment concerned, the writers first."""
        return tuple(dict.fromkeys((*self.writers, *self.readers)))

    @property
    def others(self) -> tuple[str, ...]:
        """The environments of which the first does not speak."""
        return tuple(name for name in self.environments if name not in self.first.environments)

    def sides(self) -> Iterator[tuple[str, str]]:
        """Every place with the text there, each once."""
        return iter(dict.fromkeys(side for finding in self.findings for side in sides(finding)))

    def between(self, named: int = 4) -> str:
        """The environments in a few words: `training → serving, batch`."""
        return " → ".join(part for part in (some(self.writers, named), some(self.readers, named)) if part)


def some(names: Sequence[str], named: int) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:named])
    return shown if len(names) <= named else f"{shown} and {len(names) - named} more"


def grouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """The findings in groups, in the order of the first of each."""
    by_key: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        compared = finding.package is not None and finding.expected is not None and finding.actual is not None
        pair = len(finding.environments) > 1
        same = (finding.code, finding.severity, finding.package, finding.expected, finding.actual, pair)
        by_key.setdefault(same if compared else _by_place(finding) or number, []).append(finding)
    return [FindingGroup(tuple(members)) for members in by_key.values()]


def _by_place(finding: Finding) -> object:
    """What is alike in findings of one fact in several environments, None where no other can state the same."""
    if len(finding.environments) != 1 or (finding.at.line is None and finding.fact not in UNREAD):
        return None
    sentence = finding.message.replace(finding.environments[0], "\0")
    at = None if finding.fact in _WHEREVER_STATED else finding.at
    return (finding.code, finding.severity, finding.package, at, sentence)


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
    sources that can change, and pairs of which nothing was compared, are told together wherever they are. Many unmet
    requirements of one release have one cause.
    """
    every = list(groups)
    spread = _spread([group.first for group in every])
    unmet = Counter(map(_unmet_of, every))
    batches: dict[object, list[FindingGroup]] = {}
    for number, group in enumerate(every):
        requiring = _unmet_of(group)
        is_of_many = requiring is not None and unmet[requiring] >= REQUIREMENTS
        batches.setdefault((requiring if is_of_many else _alike(group, spread)) or number, []).append(group)
    return [Notice(tuple(members)) for members in batches.values()]


def _spread(findings: Sequence[Finding]) -> frozenset[str]:
    """What is said of variables without a value that are in more than one file."""
    files: dict[str, set[str]] = {}
    for finding in findings:
        if finding.fact == TEMPLATE and not finding.package:
            files.setdefault(what_is_said(finding), set()).add(finding.at.path)
    return frozenset(says for says, paths in files.items() if len(paths) > 1)


def _unmet_of(group: FindingGroup) -> tuple[str, ...] | None:
    """Whose requirement is not met where, None for findings about anything else."""
    finding = group.first
    if finding.package is None or not is_requirement(finding):
        return None
    return (finding.code, finding.severity.value, finding.package, *finding.environments)


def is_requirement(finding: Finding) -> bool:
    """Whether it says that a package is not of the range that another one requires."""
    return finding.fact == "fit" and finding.expected is not None and len(finding.environments) == 1


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
        is_of_many = len(group.findings) > 1 and not (unread or unnamed)
        if has_its_own_fix or finding.evidence or finding.details or is_of_many:
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
