"""A proof report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.model.secrets import masked
from mlaudit.proving.nouns import Proof
from mlaudit.proving.prove import ProofReport
from mlaudit.reporters._escape import for_terminal

SCHEMA = "mlaudit.proof/1"


def as_text(report: ProofReport) -> str:
    """For a terminal: one block a model, then the environments."""
    lines = [line for proof in report.proofs for line in _block(proof)]
    if not report.proofs:
        lines.append("Nothing was proven: no pair of environments has a model, or a kind with a battery.")
    for one in report.environments:
        how = f"built in {one.seconds:.1f} s" if one.fresh else "lay ready"
        lines.append(f"{one.name}: Python {one.python}, {_counted(len(one.packages))}, {how}")
    lines += report.notes
    good = sum(proof.verdict.is_good for proof in report.proofs)
    if report.proofs:
        lines.append(f"{good} of {len(report.proofs)} proven.")
    return "".join(f"{for_terminal(masked(line))}\n" for line in lines)


def _block(proof: Proof) -> Iterator[str]:
    yield f"{proof.verdict.value}: {proof.case.shown} ({proof.case.kind}) {proof.writer} -> {proof.reader}"
    yield f"  {_one_line(proof.says)}"
    yield from (f"  seen    {_one_line(text)}" for text in proof.evidence)
    yield from (f"  tried   {what}: {_one_line(words)}" for what, words in proof.tried)
    if proof.advice:
        yield f"  fix     {_one_line(proof.advice)}"
    yield ""


def _counted(number: int) -> str:
    return "1 package" if number == 1 else f"{number} packages"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:600]


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
        "advice": one.advice or None,
        "versions": {name: dict(found) for name, found in one.versions.items()},
    }
