"""Ranges instead of versions: the worst verdict inside what two specifiers allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from mlaudit.knowledge.crossing import Consequence, judge
from mlaudit.knowledge.load import Dossier, dossier
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Severity
from mlaudit.model.versions import admits, exact, in_order, is_before, is_version, release_numbers

MAX_PAIRS = 900
"""Pairs of candidates that are judged for one crossing of two ranges."""

_BOUND = lazy_pattern(r"(?:>=|==|<=|~=)\s*([0-9][0-9.]*)(?![0-9.*])")
"""A bound that belongs to its range is a release; one that is only excluded need not exist."""
_SERIES = lazy_pattern(r"==\s*([0-9]+(?:\.[0-9]+)*)\.\*")
"""The releases that begin with these numbers: the range of a file that records major and minor version alone."""
_PATCH = lazy_pattern(r"<\s*([0-9]+\.[0-9]+\.[1-9][0-9]*)(?![0-9.*])")
"""A patch release that a row excludes mended what the row is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstInRanges:
    """The worst of what two ranges allow: it may come to this, not: it will.

    Attributes:
        holds_for_all: every pair of releases that was judged has a consequence of the same severity.
    """

    writer: str
    reader: str
    consequences: tuple[Consequence, ...]
    holds_for_all: bool = False


def worst_in_ranges(
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
) -> WorstInRanges | None:
    """The worst pair of releases that two specifiers admit (an exact version is one too), None if nothing is known.

    Candidates are the releases measured, the bounds of the rows, and the bounds of the specifiers themselves.
    """
    known = dossier(package)
    if known is None:
        return None
    worst: WorstInRanges | None = None
    severities: set[Severity | None] = set()
    for writer_version, other in _pairs(known, writer, reader):
        consequences = judge(
            package,
            writer_version,
            other,
            writer_python=writer_python,
            reader_python=reader_python,
            kinds=kinds,
            classes=classes,
            names=names,
            beside=beside,
        )
        severities.add(consequences[0].severity if consequences else None)
        if consequences and (worst is None or _weight(consequences) < _weight(worst.consequences)):
            worst = WorstInRanges(writer=writer_version, reader=other, consequences=consequences)
    return replace(worst, holds_for_all=len(severities) == 1) if worst is not None else None


def _weight(consequences: tuple[Consequence, ...]) -> tuple[tuple[int, int], int]:
    """Sorts the worst first: by the worst consequence, then by how many artifacts those of its severity broke."""
    worst = consequences[0]
    broken = sum(consequence.failed or 0 for consequence in consequences if consequence.severity is worst.severity)
    return (worst.rank, -broken)


def _pairs(known: Dossier, writer: str, reader: str) -> Iterator[tuple[str, str]]:
    writers, readers = _admitted(known, writer), _admitted(known, reader)
    # Where nothing bounds a side, an install takes the newest release: it is not older than the other side.
    if not reader.strip():
        readers = tuple(other for other in readers if not (writers and is_before(other, writers[0])))
    elif not writer.strip():
        writers = tuple(other for other in writers if not (readers and is_before(other, readers[0])))
    pairs = ((writer_version, other) for writer_version in reversed(writers) for other in reversed(readers))
    yield from (pair for _, pair in zip(range(MAX_PAIRS), pairs, strict=False))


def _admitted(known: Dossier, text: str) -> tuple[str, ...]:
    """Candidates that a specifier or an exact version admits, oldest first."""
    if is_version(text):
        return (text,)
    if (only := exact(text)) is not None:
        return (only,)
    own = (version for version in (*_BOUND.findall(text), *_SERIES.findall(text)) if is_version(version))
    return _last_patches(version for version in (*_candidates(known.package), *own) if admits(text, version))


def _last_patches(versions: Iterable[str]) -> tuple[str, ...]:
    """Of each minor version the last release, which an installer takes: a defect that a patch mended is met by none."""
    by_minor = {((*(release_numbers(version) or ()), 0, 0)[:2]): version for version in _ordered(versions)}
    return tuple(by_minor.values())


@lru_cache(maxsize=256)
def _candidates(package: str) -> tuple[str, ...]:
    known = dossier(package)
    if known is None:
        return ()
    texts = [text for row in known.rows for text in (row.writer, row.reader)]
    bounds = (bound for text in texts for pattern in (_BOUND, _PATCH) for bound in pattern.findall(text))
    return _ordered((*known.tested, *bounds))


def _ordered(versions: Iterable[str]) -> tuple[str, ...]:
    return tuple(in_order(version for version in versions if is_version(version)))
