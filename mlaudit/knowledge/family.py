"""Packages that must fit together in one environment: what each release demands of the others.

What a release declares (`knowledge/releases/`) is asked first, then `demands.toml`, which has wheels of packages that
are not all read, then what the releases around one declare alike. `demands.toml` stands also where a release is known
by its tag only, or is another build than that of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge import releases
from mlaudit.knowledge.declared_requirements import DeclaredRequirement, LazyRequirements
from mlaudit.knowledge.schema import built_from, evidence, parse, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import admits, disjoint, is_before, joined, oldest, parsed, public

if TYPE_CHECKING:
    from packaging.version import Version

_FILE = "demands.toml"
_KEYS = frozenset({"family", "runs"})

# Packaging's own parsers would take ten times as long over the whole table; they see the rows that are requested.
_VERSION = lazy_pattern(r"[0-9][0-9a-z.]{0,30}")
_RANGE = lazy_pattern(r"(?:(?:===|==|~=|!=|<=|>=|<|>)[0-9][0-9a-z.]{0,30}(?:\.\*)?(?:,(?!$)|$)){1,8}")
_EXTRA = lazy_pattern(r"""extra *== *["']([A-Za-z0-9._-]{1,64})["']""")
_ASKED_EXTRAS = lazy_pattern(r"[A-Za-z0-9._-]{1,128} ?\[([A-Za-z0-9._, -]{1,512})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Releases `first` to `last` of a subject demand the same range of another package."""

    first: str
    last: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a subject demands of another package."""

    family: str
    subject: str
    other: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandedRange:
    """The range that one release demands of another package, and who says so."""

    range: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Two packages of one environment that do not fit; `wanted` is the range that the subject's release demands.

    `other_version` is the version that is there, or the range that is requested.
    """

    subject: str
    subject_version: str
    other: str
    other_version: str
    wanted: str
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


Holds = Callable[[str], bool]
"""Whether an environment marker holds where the packages are installed."""


def never(_marker: str) -> bool:
    """If nothing is known of the machine, no marker holds for sure."""
    return False


@lru_cache(maxsize=1)
def _table() -> Node:
    return parse(_FILE)


@lru_cache(maxsize=1)
def _proof() -> tuple[Evidence, ...]:
    return built_from(_FILE, _table(), evidence)


@lru_cache(maxsize=4096)
def _demands(subject: str) -> tuple[Demand, ...]:
    """Only the rows asked for are built: the whole table takes longer than the rest of a run's knowledge."""
    return built_from(_FILE, _table(), lambda root: tuple(_rows(subject, root)))


def _rows(subject: str, root: Node) -> Iterator[Demand]:
    for other, row in root.get("demand").get(subject).items():
        unknown_keys(row, _KEYS)
        yield Demand(
            family=row.get("family").text(),
            subject=subject,
            other=other,
            runs=tuple(_run(entry) for entry in row.get("runs").each()),
        )


def _subjects() -> tuple[str, ...]:
    return tuple(name for name, _ in _table().get("demand").items())


@lru_cache(maxsize=1)
def known_subjects() -> frozenset[str]:
    """The packages of which it is known what some release demands."""
    return frozenset((*releases.indexed_packages(), *_subjects()))


def _run(entry: Node) -> Run:
    texts = entry.texts()
    if len(texts) != 3:
        raise Malformed("expected [first, last, range]", entry.route)
    first, last, wanted = texts
    if not (_VERSION.fullmatch(first) and _VERSION.fullmatch(last) and _RANGE.fullmatch(wanted)):
        raise Malformed("expected two versions and a range", entry.route)
    return Run(first=first, last=last, range=wanted)


@lru_cache(maxsize=1)
def families() -> Mapping[str, frozenset[str]]:
    """Members of each family, by its name. Raises KnowledgeError."""
    members: dict[str, set[str]] = {}
    for row in (row for subject in _subjects() for row in _demands(subject)):
        members.setdefault(row.family, set()).update((row.subject, row.other))
    return {name: frozenset(member_names) for name, member_names in sorted(members.items())}


def demands_of(package: str) -> tuple[Demand, ...]:
    """Rows in which a package is the subject or the other."""
    rows = (row for subject in _subjects() for row in _demands(subject))
    return tuple(row for row in rows if package in (row.subject, row.other))


def demanded(subject: str, version: str, holds: Holds = never) -> Mapping[str, DemandedRange]:
    """What one release demands, by the other package; empty for a release of which nothing is known."""
    known = ((other, wanted(subject, version, other, holds)) for other in demanded_packages(subject, version))
    return {other: demanded_range for other, demanded_range in known if demanded_range is not None}


def _declared(subject: str, version: str) -> Mapping[str, tuple[DeclaredRequirement, ...]]:
    own = releases.requirements(subject, version)
    if own is not None:
        return own
    alike = releases.agreed(subject, version)
    return alike.requirements if alike is not None else {}


def wanted(
    subject: str, version: str, other: str, holds: Holds = never, extras: frozenset[str] = frozenset()
) -> DemandedRange | None:
    """The range that a release demands of another package, with the extras that are asked for.

    None if it demands it nowhere, or nothing is known.
    """
    known = releases.release(subject, version)
    declared = known is not None and known.requires is not None
    other_build = "+" in version
    if known is None or not declared or not known.from_metadata or other_build:
        run = _run_of(subject, version, other)
        if run is not None:
            return DemandedRange(range=run.range, evidence=_proof())
    required = _declared(subject, version)
    if not extras and isinstance(required, LazyRequirements) and required.is_optional(other):
        return None
    clauses = [
        requirement.specifier
        for requirement in required.get(other, ())
        if requirement.marker is None
        or (not (other_build and _is_of_a_build(requirement.marker)) and _is_asked(requirement.marker, holds, extras))
    ]
    evidence = _evidence_of(subject, version)
    if not clauses or evidence is None:
        return None
    return DemandedRange(range=_in_reading_order(joined(clauses)), evidence=(evidence,))


def _is_asked(marker: str, holds: Holds, extras: frozenset[str]) -> bool:
    """Whether a marker holds, one with an extra only where that extra is asked for and all parts must hold."""
    if "extra" not in marker:
        return holds(marker)
    if " or " in marker:
        return False
    asked = [_EXTRA.fullmatch(part.strip(" ()")) for part in marker.split(" and ")]
    rest = " and ".join(
        part.strip(" ()") for part, match in zip(marker.split(" and "), asked, strict=True) if match is None
    )
    named = [normalized(match.group(1)) for match in asked if match is not None]
    return bool(named) and extras.issuperset(named) and (not rest or ("extra" not in rest and holds(rest)))


def _reached_extras(subject: str, version: str, extras: frozenset[str]) -> frozenset[str]:
    """The extras that are asked for, and those that they ask of the same package, as `sglang[all]` does of `srt`."""
    own = _declared(subject, version).get(subject, ())
    while True:
        asked = [row.text for row in own if row.marker is not None and _is_asked(row.marker, never, extras)]
        matches = [_ASKED_EXTRAS.match(text) for text in asked]
        more = {normalized(name.strip()) for match in matches if match is not None for name in match[1].split(",")}
        if more <= extras:
            return extras
        extras = extras.union(more)


def _is_of_a_build(marker: str) -> bool:
    """Whether a requirement belongs to wheels of some machines, as those on CUDA do: other builds have others."""
    return "platform" in marker


def _evidence_of(subject: str, version: str) -> Evidence | None:
    known = releases.release(subject, version)
    if known is not None and known.requires is not None:
        return known.evidence
    alike = releases.agreed(subject, version)
    return alike.evidence if alike is not None else None


def _in_reading_order(specifier: str) -> str:
    """`>=1,<2`: from where it begins, to where it ends."""
    clauses = [clause for clause in specifier.split(",") if clause]
    return ",".join(sorted(clauses, key=lambda clause: (clause[0] != ">", clause)))


def _run_of(subject: str, version: str, other: str) -> Run | None:
    rows = (row for row in _demands(subject) if row.other == other)
    return next((run for row in rows for run in row.runs if _in(run, version)), None)


def _in(run: Run, version: str) -> bool:
    asked = public(version)
    return is_before(asked, run.first) is False and is_before(run.last, asked) is False


def family_mismatches(
    versions: Mapping[str, str],
    *,
    ranges: Mapping[str, str] | None = None,
    worlds: Mapping[str, Holds] | None = None,
    extras: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Mismatch, ...]:
    """Pairs of one environment that do not fit, by subject.

    Args:
        versions: the exact version of each package.
        ranges: the range of each package that has no exact version; no version of the range may be the one demanded.
        worlds: by Python, whether a marker holds on it; what does not fit must do so on every Python that the subject
            admits.
        extras: those that are asked of a package.
    """
    rows = _mismatches(versions, ranges or {}, worlds or {"": never}, extras or {})
    return tuple(sorted(rows, key=lambda row: (row.subject, row.other)))


def _mismatches(
    versions: Mapping[str, str],
    ranges: Mapping[str, str],
    worlds: Mapping[str, Holds],
    extras: Mapping[str, frozenset[str]],
) -> Iterator[Mismatch]:
    for subject, version in versions.items():
        yield from mismatches_of(
            subject,
            version,
            versions=versions,
            ranges=ranges,
            worlds=worlds,
            extras=extras.get(subject, frozenset()),
        )


def mismatches_of(
    subject: str,
    version: str,
    *,
    versions: Mapping[str, str],
    ranges: Mapping[str, str],
    worlds: Mapping[str, Holds],
    others: Container[str] | None = None,
    extras: frozenset[str] = frozenset(),
) -> Iterator[Mismatch]:
    """What one release requires of the packages beside it, or only of some of them, and does not get."""
    extras = _reached_extras(subject, version, extras) if extras else extras
    for other in demanded_packages(subject, version):
        if other == subject or (other not in versions and other not in ranges):
            continue
        if others is not None and other not in others:
            continue
        there = _There(other, versions.get(other), ranges.get(other, ""))
        if _surely_fits(subject, version, there):
            continue
        demands = {
            python: wanted(subject, version, other, worlds[python], extras)
            for python in _admitted(subject, version, worlds)
        }
        refused = {python: demand for python, demand in demands.items() if demand and not there.fits(demand.range)}
        if refused and len(refused) == len(demands):
            yield _mismatch(subject, version, there, refused, worlds, extras)


def _surely_fits(subject: str, version: str, there: _There) -> bool:
    """Whether a package meets everything that a release may demand of it, so that no marker needs to be asked."""
    known, declared = releases.release(subject, version), releases.requirements(subject, version)
    if known is None or declared is None:
        return False
    run = None if known.from_metadata else _run_of(subject, version, there.package)
    if run is not None:
        return there.fits(run.range)
    everything = declared.everything(there.package) if there.package in declared else None
    return everything is not None and (not everything or there.fits(everything))


def _admitted(subject: str, version: str, worlds: Mapping[str, Holds]) -> tuple[str, ...]:
    """The Pythons that a release has wheels for, else those that it declares; all where it shows none of them."""
    from mlaudit.knowledge.wheels import has_wheel_anywhere

    known = releases.release(subject, version)
    declared = known.requires_python if known else None
    fitting = tuple(python for python in worlds if not declared or not python or _some_patch(declared, python))
    wheels = (known.wheels if known else None) or ()
    built = tuple(python for python in fitting if not python or has_wheel_anywhere(wheels, python))
    return built or fitting or tuple(worlds)


def _some_patch(declared: str, python: str) -> bool:
    return any(admits(declared, python + patch) for patch in (("",) if python.count(".") > 1 else (".0", ".99")))


@dataclass(frozen=True, slots=True)
class _There:
    """What an environment states about a package: a version, or the range that it asks for."""

    package: str
    version: str | None
    range: str

    def fits(self, wanted: str) -> bool:
        """Whether it may be what is wanted; a vendor's build counts as its release."""
        if self.version is None:
            return not disjoint(wanted, self.range)
        return admits(wanted, self.version) or admits(wanted, public(self.version))

    def __str__(self) -> str:
        if self.version is None:
            return f"{self.package}{self.range} is required; no version satisfies both"
        return f"{self.package} is {self.version}"


def demanded_packages(subject: str, version: str) -> dict[str, None]:
    """The packages that a release may demand, on some machine or with some extra."""
    return dict.fromkeys((*_declared(subject, version), *(row.other for row in _demands(subject))))


def requirements_are_known(subject: str, version: str) -> bool:
    """Whether it is known what a release requires: by its own METADATA or tag, its neighbours', or a measured row."""
    return (
        releases.requirements(subject, version) is not None
        or releases.agreed(subject, version) is not None
        or any(_run_of(subject, version, row.other) is not None for row in _demands(subject))
    )


def _mismatch(
    subject: str,
    version: str,
    there: _There,
    refused: Mapping[str, DemandedRange],
    worlds: Mapping[str, Holds],
    extras: frozenset[str],
) -> Mismatch:
    python, demanded_range = list(refused.items())[-1]
    differs = len({demanded_range.range for demanded_range in refused.values()}) > 1
    fitting = _fitting(subject, there, worlds[python], extras)
    alternative = f", or {subject} {fitting}" if fitting else ""
    return Mismatch(
        subject=subject,
        subject_version=version,
        other=there.package,
        other_version=there.version or there.range,
        wanted=demanded_range.range,
        says=f"{subject} {version} requires {there.package}{demanded_range.range}"
        f"{f' on Python {python}' if differs else ''}, and {there}.",
        remedy=f"Set {there.package}{demanded_range.range}{alternative}.",
        evidence=demanded_range.evidence,
    )


def _fitting(subject: str, there: _There, holds: Holds, extras: frozenset[str] = frozenset()) -> str | None:
    """The newest release of the subject that is known to demand a range which admits what is there.

    A final one, unless the project has none.
    """
    known = releases.history(subject)
    candidates = [release.version for release in known.releases] if known else []
    candidates += [run.last for row in _demands(subject) if row.other == there.package for run in row.runs]
    read = {text: version for text in candidates if (version := parsed(text))}
    final = [text for text, version in read.items() if not version.is_prerelease]
    for candidate in sorted(final or read, key=_order, reverse=True):
        demanded_range = wanted(subject, candidate, there.package, holds, extras)
        if demanded_range is not None and there.fits(demanded_range.range):
            return candidate
    return None


def demanding_releases(subject: str) -> tuple[str, ...]:
    """The first and last releases of the runs that demand something, for a subject that the release index lacks."""
    return tuple(dict.fromkeys(end for row in _demands(subject) for run in row.runs for end in (run.first, run.last)))


def fitting_release(subject: str, other: str, version: str) -> str | None:
    """The newest final release of a subject whose known demand of another package admits a version of it."""
    return _fitting(subject, _There(other, version, ""), never)


def _order(version: str) -> Version:
    return parsed(version) or oldest()
