"""What rules say and what policy makes of it: hits, findings, and the locations of both."""

from __future__ import annotations

from typing import NamedTuple

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence, Fix, Place, Role, Severity

ORPHANS = "This bump orphans"
"""How the message begins if a branch leaves models behind that its reader no longer loads."""
WOULD_TAKE = "would take the newest release"
ALL_BREAK = "every release that fits breaks"
"""How a first sentence goes on that tells what an install takes; the second tells what happens then."""


class Location(NamedTuple):
    """One place of a finding.

    Attributes:
        role: what it has to do with the finding.
        says: what is there, in a few words (`2.1.3`); empty if that is not known.
    """

    place: Place
    role: Role
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a rule says: the fact, without code, fingerprint or policy.

    Attributes:
        at: where the change should be made.
        effect: what happens, where the message begins with what the headline says already: versions and environments.
        title: words for what is the matter, where the rule's own say too much.
        says: what is there, where that is not `actual`.
        other: the second package of a fact about two packages of one environment.
        values: what the fingerprint is made of, where `expected` and `actual` hold more than the two versions.
    """

    message: str
    at: Place
    package: str | None = None
    environments: tuple[str, ...] = ()
    severity: Severity | None = None
    says: str | None = None
    related: tuple[Location, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    effect: str = ""
    title: str = ""
    details: tuple[str, ...] = ()
    expected: str | None = None
    actual: str | None = None
    other: str | None = None
    values: tuple[str, ...] = ()
    fix: Fix | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact that the user should know, after policy.

    Attributes:
        title: words for what is the matter (`artifacts do not load`).
        effect: what happens, where the message says versions and environments first; empty elsewhere.
        says: what is at `at`.
        details: further sentences, one a line (what was seen, how sure).
        covers: other differences that this finding speaks for (forty `nvidia-*` behind one torch).
        suppressed: why it does not count (an ignore's reason, the baseline), None if it counts.
        suppressed_by: `configuration`, `waiver` or `baseline`, None if it counts.
        fact, values: what the fingerprint is made of beside package and environments (`version`); `values` where
            they are others than `expected` and `actual`.
        status: `new`, `worse`, `unchanged` or `mended` against another revision, None if none was requested.
    """

    code: str
    name: str
    severity: Severity
    message: str
    at: Place
    package: str | None = None
    environments: tuple[str, ...] = ()
    says: str = ""
    related: tuple[Location, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    effect: str = ""
    title: str = ""
    details: tuple[str, ...] = ()
    expected: str | None = None
    actual: str | None = None
    fix: Fix | None = None
    covers: tuple[str, ...] = ()
    fingerprint: str = ""
    suppressed: str | None = None
    suppressed_by: str | None = None
    fact: str = ""
    values: tuple[str, ...] = ()
    status: str | None = None

    @property
    def locations(self) -> tuple[Location, ...]:
        """Where the change should be made first, then the others; each place once."""
        by_place: dict[Place, Location] = {}
        for location in (Location(self.at, Role.CHANGE, self.says), *self.related):
            by_place.setdefault(location.place, location)
        return tuple(by_place.values())
