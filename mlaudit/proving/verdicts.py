"""From what the writer and the reader gave to the verdict on one model."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.proving.answers_apart import Apart, apart
from mlaudit.proving.nouns import Proof, ProofAnswer, ProofCase, ProofLimits, ProofVerdict

_WORDS = {
    "error": ProofVerdict.FAILS,
    "crash": ProofVerdict.CRASHES,
    "hang": ProofVerdict.HANGS,
    "memory": ProofVerdict.OUT_OF_MEMORY,
    "refused": ProofVerdict.REFUSED,
}
_LOUD = 1024 * 1024
"""Bytes on its outputs that are worth a word."""


def verdict_on(
    case: ProofCase, names: tuple[str, str], writer: ProofAnswer, reader: ProofAnswer, limits: ProofLimits
) -> Proof:
    """The verdict on one model between a writer and a reader."""
    writer_name, reader_name = names
    full = next((name for name, one in ((writer_name, writer), (reader_name, reader)) if one.word == "full"), None)
    if full is not None:
        # That says nothing of the model, and is no evidence to record.
        error = writer.error if writer.word == "full" else reader.error
        says = f"there was no room on the disk while {full} loaded it: {error}"
        return Proof(case=case, writer=writer_name, reader=reader_name, verdict=ProofVerdict.NOT_PROVEN, says=says)
    if writer.word != "ok":
        says = f"{writer_name} itself does not {_step(writer)} it: {writer.error}"
        refused = writer.word == "refused"
        verdict = ProofVerdict.REFUSED if refused else ProofVerdict.NOT_PROVEN
        return Proof(case=case, writer=writer_name, reader=reader_name, verdict=verdict, says=says)
    found = apart(writer, reader, limits)
    verdict, says = _verdict(reader_name, writer, reader, found)
    return Proof(
        case=case,
        writer=writer_name,
        reader=reader_name,
        verdict=verdict,
        says=says,
        evidence=tuple(_evidence(names, writer, reader, found)),
        difference=found.greatest,
        versions={
            writer_name: {"python": writer.python, **writer.versions},
            reader_name: {"python": reader.python, **reader.versions},
        },
    )


def _step(answer: ProofAnswer) -> str:
    return "predict with" if answer.step == "predict" else "give rows to" if answer.step == "rows" else "load"


def _verdict(name: str, writer: ProofAnswer, reader: ProofAnswer, found: Apart) -> tuple[ProofVerdict, str]:
    if reader.word != "ok":
        return _WORDS[reader.word], f"{name} does not {_step(reader)} it: {reader.error}"
    if not writer.answers:
        return ProofVerdict.LOADS, f"{name} loads it; there were no rows, so nothing was predicted (--rows)"
    if found.differences:
        return ProofVerdict.DIFFERS, f"{name} loads it and gives other results: {found.differences[0]}"
    return ProofVerdict.SAME, f"{name} loads it and gives the same results"


def _evidence(names: tuple[str, str], writer: ProofAnswer, reader: ProofAnswer, found: Apart) -> Iterator[str]:
    if writer.rows:
        yield f"compared on {writer.rows}"
    if reader.word == "ok":
        yield from (*found.differences[1:], *found.remarks)
    if found.greatest is not None and reader.word == "ok":
        yield f"greatest relative difference {found.greatest:.3g}"
    yield from (f"{names[1]} warns: {text}" for text in reader.warned if text not in writer.warned)
    if reader.printed > _LOUD:
        yield f"{names[1]} printed {reader.printed:,} bytes, which were not kept"
    if reader.network == "sockets":
        yield "the network was cut off for Python's sockets alone, since the system gives no name space without one"
