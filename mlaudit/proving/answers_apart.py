"""How far two answers to the same rows are apart: shapes, types, labels, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.proving.nouns import ProofAnswer, ProofLimits, Values

_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What differs, a sentence each; `greatest` is the greatest relative difference of two numbers."""

    differences: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    greatest: float | None = None


def apart(writer: ProofAnswer, reader: ProofAnswer, limits: ProofLimits) -> Apart:
    """What the reader gives differently from the writer."""
    differences: list[str] = []
    remarks: list[str] = []
    greatest: float | None = None
    here = {str(answer["call"]): answer for answer in writer.answers}
    there = {str(answer["call"]): answer for answer in reader.answers}
    for call in here:
        if call not in there:
            differences.append(f"{call}: the reader gives nothing")
            continue
        written, other = here[call], there[call]
        if written.get("shape") != other.get("shape"):
            differences.append(f"{call}: shape {_shown(written)} became {_shown(other)}")
            continue
        if written.get("dtype") != other.get("dtype"):
            remarks.append(f"{call}: type {written.get('dtype')} became {other.get('dtype')}")
        apart_texts, largest = _values(call, _list(written), _list(other), limits)
        differences += apart_texts
        if largest is not None:
            greatest = largest if greatest is None else max(greatest, largest)
        if written.get("left_out"):
            remarks.append(f"{call}: of its values the first {len(_list(written)):,} were compared")
    return Apart(differences=tuple(differences), remarks=tuple(remarks), greatest=greatest)


def _shown(values: Values) -> str:
    shape = values.get("shape")
    return "x".join(map(str, shape)) if isinstance(shape, list) else "of no array"


def _list(answer: Values) -> Sequence[object]:
    values = answer.get("values")
    return values if isinstance(values, list) else []


def _values(
    call: str, here: Sequence[object], there: Sequence[object], limits: ProofLimits
) -> tuple[list[str], float | None]:
    if len(here) != len(there):
        return [f"{call}: {len(here)} values became {len(there)}"], None
    labels = 0
    first = ""
    beyond = 0
    greatest: float | None = None
    farthest = 0.0
    for mine, other in zip(here, there, strict=True):
        left, right = _number(mine), _number(other)
        if left is None or right is None:
            if mine != other:
                labels += 1
                first = first or f"{mine!r} became {other!r}"[:200]
            continue
        relative = _relative(left, right)
        greatest = relative if greatest is None else max(greatest, relative)
        if not _close(left, right, limits):
            beyond += 1
            farthest = max(farthest, abs(left - right))
    sentences = []
    if labels:
        sentences.append(f"{call}: {labels} of {len(here)} labels differ, the first one: {first}")
    if beyond:
        by = f"by up to {farthest:.3g}, relatively {greatest:.3g}"
        sentences.append(f"{call}: {beyond} of {len(here)} numbers differ, {by}")
    return sentences, greatest


def _number(value: object) -> float | None:
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return float(value)
    return _NUMBERS.get(value) if isinstance(value, str) else None


def _relative(left: float, right: float) -> float:
    if left == right or (math.isnan(left) and math.isnan(right)):
        return 0.0
    if not (math.isfinite(left) and math.isfinite(right)):
        return math.inf
    return abs(left - right) / max(abs(left), abs(right))


def _close(left: float, right: float, limits: ProofLimits) -> bool:
    if left == right or (math.isnan(left) and math.isnan(right)):
        return True
    return math.isfinite(left) and math.isfinite(right) and abs(left - right) <= limits.atol + limits.rtol * abs(left)
