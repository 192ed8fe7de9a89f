"""A proof report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.model.secrets import masked
from mlaudit.proving.nouns import Proof
from mlaudit.proving.prove import ProofReport
from mlaudit.reporters._layout import wrapped
from mlaudit.reporters._registry import Style

SCHEMA = "mlaudit.proof/1"
_NAMED = 6
"""Changes that were not tried and are named."""
_LABEL = 11
_LONGEST = 600


def as_text(report: ProofReport, style: Style | None = None) -> str:
    """For a terminal: one block a model, then the environments; no line wider than the terminal."""
    width = (style or Style()).width
    lines = [line for proof in report.proofs for line in _block(proof, width)]
    closing = []
    if not report.proofs:
        closing.append("Nothing was proven: no pair of environments has a model, or a kind with a battery.")
    for one in report.environments:
        how = f"built in {one.seconds:.1f} s" if one.fresh else "was there already"
        closing.append(f"{one.name}: Python {one.python}, {_counted(len(one.packages))}, {how}")
    closing += report.notes
    good = sum(proof.verdict.is_good for proof in report.proofs)
    if report.proofs:
        closing.append(f"{good} of {len(report.proofs)} proven.")
    lines += [line for sentence in closing for line in _wrapped(sentence, width, first="", rest="  ")]
    return "".join(f"{line}\n" for line in lines)


def _block(proof: Proof, width: int) -> Iterator[str]:
    headline = f"{proof.verdict.value}: {proof.case.shown} ({proof.case.kind}) {_sides(proof)}"
    yield from _wrapped(headline, width, first="", rest="    ")
    yield from _wrapped(proof.says, width, first="  ", rest="  ")
    rows = [("seen", text) for text in proof.evidence]
    rows += [("tried", f"{what}: {words}") for what, words in proof.tried]
    if proof.untried:
        rows.append(("not tried", f"{', '.join(proof.untried[:_NAMED])}{_more(proof)} (a larger --budget tries more)"))
    rows += [("fix", proof.advice)] if proof.advice else []
    for word, sentence in rows:
        yield from _wrapped(sentence, width, first=f"  {word:<{_LABEL}}", rest=" " * (_LABEL + 2))
    yield ""


def _sides(proof: Proof) -> str:
    return f"{proof.writer} -> {proof.reader}" if proof.writer else proof.reader


def _more(proof: Proof) -> str:
    left = len(proof.untried) - _NAMED
    return f" and {left} more" if left > 0 else ""


def _wrapped(sentence: str, width: int, *, first: str, rest: str) -> list[str]:
    return wrapped(" ".join(masked(sentence).split())[:_LONGEST], width, first=first, rest=rest)


def _counted(number: int) -> str:
    return "1 package" if number == 1 else f"{number} packages"


def as_json(report: ProofReport) -> str:
    """For programs."""
    shown = {
        "schema": SCHEMA,
        "proofs": [_proof(one) for one in report.proofs],
        "environments": [
            {
                "name": one.name,
                "python": one.python,
                "packages": dict(one.packages),
                "built": one.fresh,
                "seconds": round(one.seconds, 3),
            }
            for one in report.environments
        ],
        "notes": [masked(note) for note in report.notes],
        "exit_code": report.exit_code,
    }
    return json.dumps(shown, indent=2) + "\n"


def _proof(one: Proof) -> dict[str, object]:
    return {
        "model": masked(one.case.shown),
        "kind": one.case.kind,
        "sha256": one.sha256 or None,
        "writer": one.writer,
        "reader": one.reader,
        "verdict": one.verdict.value,
        "says": masked(one.says),
        "evidence": [masked(text) for text in one.evidence],
        "difference": one.difference if one.difference is None or one.difference != float("inf") else "inf",
        "tried": [{"change": what, "says": masked(words)} for what, words in one.tried],
        "untried": list(one.untried),
        "advice": one.advice or None,
        "versions": {name: dict(found) for name, found in one.versions.items()},
    }
