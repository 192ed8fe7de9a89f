"""Packages that must fit together in one environment: what their wheels demand of each other, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.load import built_from, evidence, parse, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import admits, parsed, public

_FILE = "demands.toml"
_KEYS = frozenset({"family", "runs"})

# Packaging's own parsers would take ten times as long over the whole table; they see the rows that are asked for.
_VERSION = lazy_pattern(r"[0-9][0-9a-z.]{0,30}")
_RANGE = lazy_pattern(r"(?:(?:===|==|~=|!=|<=|>=|<|>)[0-9][0-9a-z.]{0,30}(?:\.\*)?(?:,(?!$)|$)){1,8}")


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
class Mismatch:
    """Two packages of one environment that do not fit; `wanted` is the range that the subject's release demands."""

    family: str
    subject: str
    subject_version: str
    other: str
    other_version: str
    wanted: str
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


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
    return {name: frozenset(found) for name, found in sorted(members.items())}


def demands_of(package: str) -> tuple[Demand, ...]:
    """Rows in which a package is the subject or the other."""
    rows = (row for subject in _subjects() for row in _demands(subject))
    return tuple(row for row in rows if package in (row.subject, row.other))


@lru_cache(maxsize=4096)
def demanded(subject: str, version: str) -> Mapping[str, str]:
    """The ranges that one release of a package demands, by the other package; only what its own metadata says."""
    return {row.other: run.range for row in _demands(subject) for run in row.runs if _in(run, version)}


def _in(run: Run, version: str) -> bool:
    found, first, last = parsed(public(version)), parsed(run.first), parsed(run.last)
    return found is not None and first is not None and last is not None and first <= found <= last


def family_mismatches(versions: Mapping[str, str]) -> tuple[Mismatch, ...]:
    """Pairs of one environment (`versions` by package) that do not fit, by family and subject."""
    return tuple(sorted(_mismatches(versions), key=lambda row: (row.family, row.subject, row.other)))


def _mismatches(versions: Mapping[str, str]) -> Iterator[Mismatch]:
    for row in (row for subject in versions for row in _demands(subject)):
        subject, other = versions[row.subject], versions.get(row.other)
        if other is None:
            continue
        run = next((run for run in row.runs if _in(run, subject)), None)
        if run is not None and not admits(run.range, public(other)):
            yield _mismatch(row, run, subject, other)


def _mismatch(row: Demand, run: Run, subject: str, other: str) -> Mismatch:
    return Mismatch(
        family=row.family,
        subject=row.subject,
        subject_version=subject,
        other=row.other,
        other_version=other,
        wanted=run.range,
        says=f"{row.subject} {subject} is released for {row.other}{run.range}, and {row.other} is {other}.",
        remedy=_remedy(row, run, other),
        evidence=_proof(),
    )


def _remedy(row: Demand, run: Run, other: str) -> str:
    """Move the other package, or the subject where a release of it fits."""
    fitting = [entry for entry in row.runs if admits(entry.range, public(other))]
    moved = f"Set {row.other}{run.range}"
    if not fitting:
        return f"{moved}."
    newest = fitting[-1]
    named = newest.last if newest.first == newest.last else f"{newest.first} to {newest.last}"
    return f"{moved}, or {row.subject} {named}."
