"""The judge: what a model written under one version meets under another. Pure functions over the knowledge files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from mlaudit.knowledge.kinds import artifact_kinds, kinds_of, owned
from mlaudit.knowledge.load import Certainty, Dossier, Effect, Known, Moment, Skew, Step, dossier
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.versions import admits, distance, is_before, of_its_release, public, same_public

PYTHON = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What a crossing does, how bad that is, and why it is believed.

    Attributes:
        id: the row of the knowledge it comes from.
        says: one full sentence with both versions, and the real error text or the size of the change.
        kinds, classes: the artifact kinds and estimator classes it is for; empty means any.
        certainty: `measured`, `documented` or `derived`.
        failed, tried: of the artifacts measured, how many failed or changed.
        remedy: the smallest change that fixes it.
        via: the companion package that causes it.
        depends: it is so for some classes or names alone, and whether what crosses has them is not known.
    """

    id: str
    effect: Effect
    severity: Severity
    says: str
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    certainty: str = Certainty.DERIVED.value
    evidence: tuple[Evidence, ...] = ()
    failed: int | None = None
    tried: int | None = None
    remedy: str = ""
    via: str | None = None
    depends: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts the worst first; equals stay as the file has them, which is by weight."""
        return (self.severity.rank, self.effect.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class _VersionPair:
    """A writer and a reader of one package, and what is known of the file between them."""

    writer: str
    reader: str
    writer_python: str | None
    reader_python: str | None
    kinds: frozenset[str]
    kinds_known: bool
    classes: frozenset[str]
    names: frozenset[str]
    beside: frozenset[tuple[str, str]]


def judge(
    package: str,
    writer: str,
    reader: str,
    *,
    writer_python: str | None = None,
    reader_python: str | None = None,
    kinds: frozenset[str] = frozenset(),
    classes: frozenset[str] = frozenset(),
    names: frozenset[str] = frozenset(),
    beside: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[Consequence, ...]:
    """What happens when `reader` reads what `writer` wrote, worst first; empty if the knowledge says nothing.

    Versions are PEP 440 texts, local parts ignored. With no `kinds`, every kind the package writes is considered; with
    no `names`, which are what pickles import with their modules, every name. `beside` are other packages of the reader
    with their versions; rows that need one speak only where it is among them.
    Raises KnowledgeError where a knowledge file is broken.
    """
    known = dossier(package)
    if known is None:
        return ()
    asked = frozenset(kinds & artifact_kinds().keys())
    own = kinds_of(package, asked) if asked else owned(package)
    pair = _VersionPair(
        writer=public(writer),
        reader=public(reader),
        writer_python=writer_python,
        reader_python=reader_python,
        kinds=own,
        kinds_known=bool(asked),
        classes=classes,
        names=names,
        beside=beside,
    )
    untouched = bool(asked) and bool(known.kinds) and not own
    consequences = [] if untouched else [*_crossed(known, pair), *_python_crossed(package, pair)]
    consequences.extend(_skewed(known, pair))
    return tuple(sorted(consequences, key=lambda consequence: consequence.rank))


def _crossed(known: Dossier, pair: _VersionPair) -> Iterator[Consequence]:
    """The first step that hits, for each kind of artifact; equal versions cross nothing."""
    if same_public(pair.writer, pair.reader):
        return
    settled: frozenset[str] = frozenset()
    for step in Step:
        hits = [row for row in known.rows if row.step is step and _applies(row, pair, settled)]
        yield from (_consequence(row, pair) for row in (_first_rates(hits, pair) if step is Step.RATE else hits))
        settled = settled.union(*(_wanted(row, pair) or {"*"} for row in hits))


def _wanted(row: Known, pair: _VersionPair) -> frozenset[str]:
    """The kinds in question that a row speaks of."""
    return pair.kinds.intersection(row.kinds) if row.kinds else pair.kinds


def _first_rates(hits: Iterable[Known], pair: _VersionPair) -> Iterator[Known]:
    """Base rates go from the special to the general: one answer for each kind."""
    settled: set[str] = set()
    for row in hits:
        kinds = _wanted(row, pair) or {"*"}
        if not settled.issuperset(kinds):
            settled.update(kinds)
            yield row


def _applies(row: Known, pair: _VersionPair, settled: frozenset[str]) -> bool:
    wanted = _wanted(row, pair)
    if (row.kinds and not wanted) or "*" in settled or (wanted and wanted <= settled):
        return False
    return (
        _between(row, pair)
        and _has_beside(row, pair.beside)
        and _of_class(row, pair.classes)
        and _of_names(row, pair.names)
    )


def _between(row: Known, pair: _VersionPair) -> bool:
    """Whether both versions, both Pythons, the distance and the direction are the row's."""
    if not (_within(row.writer, pair.writer) and _within(row.reader, pair.reader)):
        return False
    if not (_python_within(row.writer_python, pair.writer_python)):
        return False
    if not _python_within(row.reader_python, pair.reader_python):
        return False
    if row.distances and distance(pair.writer, pair.reader) not in row.distances:
        return False
    return not row.direction or row.direction == _direction(pair.writer, pair.reader)


def _has_beside(row: Known, beside: frozenset[tuple[str, str]]) -> bool:
    """Whether the reader has the other package that the row needs, in one of its versions."""
    return row.beside is None or any(name == row.beside and _within(row.besides, version) for name, version in beside)


def _python_within(specifier: str, version: str | None) -> bool:
    return not specifier or (version is not None and _within(specifier, version))


@lru_cache(maxsize=65536)
def _within(specifier: str, version: str) -> bool:
    """Like `admits`, but a prerelease counts as its release: 1.3rc1 writes what 1.3.0 writes."""
    release = of_its_release(version)
    return release is not None and (not specifier or admits(specifier, release))


def _direction(writer: str, reader: str) -> str:
    return "newer" if is_before(writer, reader) else "older"


def _of_class(row: Known, classes: frozenset[str]) -> bool:
    """A harmless row must cover every class in the file, any other row only one."""
    if row.unless and any(fnmatchcase(name, pattern) for name in classes for pattern in row.unless):
        return False
    if not row.classes:
        return True
    if not classes:
        return row.effect is not Effect.HARMLESS
    hits = (any(fnmatchcase(name, pattern) for pattern in row.classes) for name in classes)
    return all(hits) if row.effect is Effect.HARMLESS else any(hits)


def _of_names(row: Known, names: frozenset[str]) -> bool:
    """Whether pickles that cross import what the row is about; of an unknown pickle that may be so."""
    if not row.names or not names:
        return not row.names or row.effect is not Effect.HARMLESS
    return any(fnmatchcase(name, pattern) for name in names for pattern in row.names)


def _consequence(row: Known, pair: _VersionPair) -> Consequence:
    known = pair.kinds_known or bool(pair.classes)
    depends = bool(row.classes and not pair.classes) or bool(row.names and not pair.names)
    certain = (known or not row.kinds) and not depends
    return Consequence(
        id=row.id,
        effect=row.effect,
        severity=row.severity if certain else row.unsure,
        says=_filled(row.says, pair),
        kinds=row.kinds,
        classes=row.classes,
        certainty=row.certainty.value,
        evidence=row.evidence,
        failed=row.failed,
        tried=row.tried,
        remedy=_filled(row.remedy, pair),
        via=row.via,
        depends=depends,
    )


def _filled(text: str, pair: _VersionPair) -> str:
    """Versions into a sentence; not `str.format`, since error texts hold braces of their own."""
    filled = text.replace("{writer}", pair.writer).replace("{reader}", pair.reader)
    filled = filled.replace("{writer_python}", pair.writer_python or "an unknown version")
    return filled.replace("{reader_python}", pair.reader_python or "an unknown version")


def _python_crossed(package: str, pair: _VersionPair) -> Iterator[Consequence]:
    """Kinds that hold bytecode break with Python itself, whatever the package's versions."""
    if package == PYTHON or pair.writer_python is None or pair.reader_python is None:
        return
    known = dossier(PYTHON)
    carried = kinds_of(PYTHON, pair.kinds)
    if known is None or not carried:
        return
    python_pair = replace(
        pair,
        writer=pair.writer_python,
        reader=pair.reader_python,
        kinds=carried,
        kinds_known=True,
    )
    for consequence in _crossed(known, python_pair):
        if consequence.effect is not Effect.HARMLESS:
            yield replace(consequence, via=PYTHON)


def _skewed(known: Dossier, pair: _VersionPair) -> Iterator[Consequence]:
    """Changes of behaviour of feature code between the two versions, in the words of the direction taken."""
    upward = _direction(pair.writer, pair.reader) == "newer"
    low, high = (pair.writer, pair.reader) if upward else (pair.reader, pair.writer)
    for row in known.skews:
        if row.when is Moment.FEATURES and _within(f"<{row.since}", low) and _within(f">={row.since}", high):
            yield _skew_consequence(known.package, row, pair, upward=upward)


def _skew_consequence(package: str, row: Skew, pair: _VersionPair, *, upward: bool) -> Consequence:
    before, after = (row.before, row.after) if upward else (row.after, row.before)
    change = f"{row.what} {before} under {pair.writer} and {_without_verb_of(before, after)} under {pair.reader}"
    if before == after:
        change = f"{row.what} {after} under {pair.reader} than under {pair.writer}"
    sides = f"{package}>={row.since} or {package}<{row.since}"
    return Consequence(
        id=row.id,
        effect=Effect.PREPROCESSING,
        severity=row.severity,
        says=f"{change}. Affected: {row.affects}{f' ({row.size})' if row.size not in row.affects else ''}.",
        certainty=row.certainty.value,
        evidence=row.evidence,
        remedy=f"Use {sides} on both sides, or set the wanted behaviour in the code.",
    )


def _without_verb_of(before: str, after: str) -> str:
    """`float32` behind `is float64 under 1.26 and`: a verb that both parts share is written once."""
    verb, _, rest = after.partition(" ")
    return rest if rest and before.partition(" ")[0] == verb else after
