"""Findings that say the same of several environments, put together for people; machine formats list each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Finding
from mlaudit.reporters._facts import UNREAD, sides

_WHEREVER_STATED = frozenset(("mutable", "fit"))
"""Facts that are the same wherever the same sentence holds, since each environment states them in a line of its own."""


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
