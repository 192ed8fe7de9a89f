"""A proof report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.model.secrets import masked
from mlaudit.proving.nouns import Proof
from mlaudit.proving.prove import ProofReport
from mlaudit.reporters._facts import plural
from mlaudit.reporters._layout import StyledLine, columns, painted, paragraph, stacked
from mlaudit.reporters._registry import Style

SCHEMA = "mlaudit.proof/1"
NAMED = 6
"""Changes that were not tried and are named before the rest is counted."""
NOTHING = (
    "Nothing was proven: no pair of environments has a model, or a kind of artifact of which mlaudit has a test model."
)


def as_text(report: ProofReport, style: Style | None = None) -> str:
    """For a terminal: one block a model, then the environments."""
    style = style or Style()
    lines = [line for proof in report.proofs for line in _block(proof, style)]
    sentences = [] if report.proofs else [NOTHING]
    for environment in report.environments:
        how = f"built in {environment.seconds:.1f} s" if environment.fresh else "built by an earlier run"
        sentences.append(
            f"{environment.name}: Python {environment.python}, {plural(len(environment.packages), 'package')}, {how}"
        )
    sentences += report.notes
    good = sum(proof.verdict.is_good for proof in report.proofs)
    if report.proofs:
        sentences.append(f"{good} of {plural(len(report.proofs), 'model')} proven.")
    lines += [line for sentence in sentences for line in paragraph(masked(sentence), style.width, rest="  ")]
    return painted(lines, colour=style.colour)


def _block(proof: Proof, style: Style) -> Iterator[StyledLine]:
    """One model: its verdict, why, what was seen and tried, and what to do."""
    model = f"{proof.case.shown} ({proof.case.kind})"
    tone = "green" if proof.verdict.is_good else "bold red"
    head = [(f"{proof.verdict.value}:", tone), (model, "bold"), (_sides(proof), "")]
    yield from stacked([(masked(part), part_tone) for part, part_tone in head], style.width)
    yield from paragraph(_one_line(proof.says), style.width, first="  ", rest="  ")
    rows = [
        *(("seen", _one_line(evidence)) for evidence in proof.evidence),
        *(("tried", f"{what}: {_one_line(words)}") for what, words in proof.tried),
        *([("not tried", f"{_untried(proof)} (a larger --budget tries more)")] if proof.untried else []),
        *([("fix", _one_line(proof.advice))] if proof.advice else []),
    ]
    yield from columns([[(f"  {label}", "dim"), (masked(words), "")] for label, words in rows], width=style.width)
    yield StyledLine()


def _sides(proof: Proof) -> str:
    return f"{proof.writer} → {proof.reader}" if proof.writer else proof.reader


def _untried(proof: Proof) -> str:
    """The changes that were not tried, the first by name."""
    left = len(proof.untried) - NAMED
    return f"{', '.join(proof.untried[:NAMED])}{f' and {left} more' if left > 0 else ''}"


def _one_line(text: str) -> str:
    return masked(" ".join(text.split())[:600])


def as_json(report: ProofReport) -> str:
    """For programs."""
    shown = {
        "schema": SCHEMA,
        "proofs": [_proof(proof) for proof in report.proofs],
        "environments": [
            {
                "name": environment.name,
                "python": environment.python,
                "packages": dict(environment.packages),
                "built": environment.fresh,
                "seconds": round(environment.seconds, 3),
            }
            for environment in report.environments
        ],
        "notes": [masked(note) for note in report.notes],
        "exit_code": report.exit_code,
    }
    return json.dumps(shown, indent=2) + "\n"


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "model": masked(proof.case.shown),
        "kind": proof.case.kind,
        "sha256": proof.sha256 or None,
        "writer": proof.writer,
        "reader": proof.reader,
        "verdict": proof.verdict.value,
        "says": masked(proof.says),
        "evidence": [masked(text) for text in proof.evidence],
        "difference": proof.difference if proof.difference is None or proof.difference != float("inf") else "inf",
        "tried": [{"change": what, "says": masked(words)} for what, words in proof.tried],
        "untried": list(proof.untried),
        "advice": proof.advice or None,
        "versions": {name: dict(version) for name, version in proof.versions.items()},
    }
