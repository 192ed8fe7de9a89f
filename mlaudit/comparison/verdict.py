"""Two cells against one another: the one verdict of a crossing and its distance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from mlaudit.model.nouns import Distance, Kind, State, Verdict
from mlaudit.model.report import Cell, Crossing
from mlaudit.model.versions import admits, disjoint, distance, exact, same_public, split_variant

Judged = tuple[Verdict, Distance | None]

_ALIGNED: Judged = (Verdict.ALIGNED, None)
_LOOSE: Judged = (Verdict.LOOSE, None)
_PREFIXES = frozenset((Kind.PYTHON, Kind.CUDA, Kind.CUDNN))
# Hashes, revisions and registry versions are equal or they are not.
_NAMES = frozenset((Kind.MODEL, Kind.DATA, Kind.FILE))
_PRECISE = frozenset((State.EXACT, State.RANGE, State.SEVERAL))

MAX_ALTERNATIVES = 24
"""Statements of one cell that are compared with those of another; of more the first count, which are true too."""


def crossing(writer: Cell, reader: Cell, *, watched: bool, from_model: bool = False) -> Crossing:
    """The crossing of one package from writer to reader."""
    verdict, far = judge(writer, reader)
    return Crossing(
        writer=writer,
        reader=reader,
        verdict=verdict,
        distance=far,
        watched=watched,
        from_model=from_model,
    )


def judge(writer: Cell, reader: Cell) -> Judged:
    """Verdict and distance; symmetric, so that the direction is left to the rules."""
    if State.UNREAD in (writer.state, reader.state):
        return Verdict.UNREAD, None
    if writer.state not in _PRECISE or reader.state not in _PRECISE:
        return _missing(writer, reader)
    if State.SEVERAL in (writer.state, reader.state):
        return worst(_by_alternatives(writer, reader))
    if writer.kind in _PREFIXES and writer.version and reader.version:
        return _prefixes(writer.version, reader.version)
    if writer.kind in _NAMES and writer.version and reader.version:
        return _ALIGNED if writer.version == reader.version else (Verdict.DIFFERS, None)
    if writer.is_plain and reader.is_plain:
        return _statements(_statement(writer), _statement(reader), None, None)
    return _statements(_statement(writer), _statement(reader), writer.variant, reader.variant)


def agree(left: str, other: str, kind: Kind) -> bool:
    """Whether two exact versions say the same, as far as both say it: `12.9` of CUDA is every 12.9.x."""
    if kind in _PREFIXES:
        return _prefixes(left, other) == _ALIGNED
    return same_public(left, other)


def worst(judged: Iterator[Judged]) -> Judged:
    """The worst of several judgements."""
    return min(
        judged,
        key=lambda judged_pair: (judged_pair[0].rank, judged_pair[1].rank if judged_pair[1] else 9),
        default=_ALIGNED,
    )


def _missing(writer: Cell, reader: Cell) -> Judged:
    if writer.state not in _PRECISE and reader.state not in _PRECISE:
        return _ALIGNED
    return (Verdict.ONE_SIDED, None) if State.ABSENT in (writer.state, reader.state) else _LOOSE


def _statement(cell: Cell) -> str:
    """A cell as one text: an exact version as `==` would name it, else the range."""
    return f"=={cell.versions[0]}" if cell.state is State.EXACT else (cell.specifier or "")


@lru_cache(maxsize=65536)
def _statements(writer: str, reader: str, *variants: str | None) -> Judged:
    """Two statements against one another; those of a fleet are few and meet often."""
    left, right = _version(writer), _version(reader)
    if left is not None and right is not None:
        return _versions(left, right, *variants)
    if left is not None:
        return _LOOSE if admits(reader, left) else (Verdict.DISJOINT, None)
    if right is not None:
        return _LOOSE if admits(writer, right) else (Verdict.DISJOINT, None)
    return (Verdict.DISJOINT, None) if disjoint(writer, reader) else _LOOSE


def _version(statement: str) -> str | None:
    if statement.startswith("==") and not statement.endswith("*") and "," not in statement:
        return statement.removeprefix("==").removeprefix("=").strip()
    return exact(statement) if statement else None


def _versions(left: str, right: str, left_exact: str | None, other: str | None) -> Judged:
    if not same_public(left, right):
        return Verdict.DIFFERS, distance(left, right)
    if left_exact is not None and other is not None and left_exact != other:
        return Verdict.DIFFERS, Distance.VARIANT
    return _ALIGNED


def _prefixes(left: str, right: str) -> Judged:
    """Versions at the precision that both state: Python `3.11` and CUDA `12.1` are every patch release of it."""
    precision = min(left.count("."), right.count(".")) + 1
    first, other = (".".join(version.split(".")[:precision]) for version in (left, right))
    return _ALIGNED if same_public(first, other) else (Verdict.DIFFERS, distance(first, other))


def _by_alternatives(writer: Cell, reader: Cell) -> Iterator[Judged]:
    for writing, other in meetings(writer, reader):
        yield _statements(writing, other, _variant(writing, writer), _variant(other, reader))


def meetings(writer: Cell, reader: Cell) -> tuple[tuple[str, str], ...]:
    """Every pair of statements (`==2.1.3`, `>=2`) that can meet; if both sides state them by Python, of one Python."""
    left, right = _alternatives(writer), _alternatives(reader)
    shared = [python for python in left if python in right]
    pairs = (
        [(left[python], right[python]) for python in shared]
        if shared and _splits(writer) and _splits(reader)
        else [(writing, other) for writing in left.values() for other in right.values()]
    )
    return tuple(dict.fromkeys(pairs))


def statements(cell: Cell) -> tuple[str, ...]:
    """What a cell that is stated may mean, each as `==2.1.3` or a range."""
    return tuple(dict.fromkeys(_alternatives(cell).values()))


def _splits(cell: Cell) -> bool:
    return bool(cell.by_python)


def _alternatives(cell: Cell) -> Mapping[str, str]:
    if cell.by_python:
        return cell.by_python
    statements = [f"=={version}" for version in cell.versions[:MAX_ALTERNATIVES]]
    if cell.state is not State.EXACT and (cell.specifier is not None or not statements):
        statements.append(cell.specifier or "")
    return {str(number): statement for number, statement in enumerate(statements)}


def _variant(statement: str, cell: Cell) -> str | None:
    version = _version(statement)
    return (split_variant(version)[1] if version else None) or cell.variant
