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
    full = next(
        (name for name, answer in ((writer_name, writer), (reader_name, reader)) if answer.word == "full"), None
    )
    if full is not None:
        # That says nothing of the model, and is no evidence to record.
        error = writer.error if writer.word == "full" else reader.error
        says = f"there was no room on the disk while {full} loaded it: {error}"
        return Proof(case=case, writer=writer_name, reader=reader_name, verdict=ProofVerdict.NOT_PROVEN, says=says)
    if writer.word != "ok":
        says = f"{writer_name} itself {_failing(writer)}: {writer.error}"
        refused = writer.word == "refused"
        verdict = ProofVerdict.REFUSED if refused else ProofVerdict.NOT_PROVEN
        return Proof(case=case, writer=writer_name, reader=reader_name, verdict=verdict, says=says)
    differences = apart(writer, reader, limits)
    verdict, says = _verdict(reader_name, writer, reader, differences)
    return Proof(
        case=case,
        writer=writer_name,
        reader=reader_name,
        verdict=verdict,
        says=says,
        evidence=tuple(_evidence(names, writer, reader, differences)),
        difference=differences.greatest,
        versions={
            writer_name: {"python": writer.python, **writer.versions},
            reader_name: {"python": reader.python, **reader.versions},
        },
    )


def verdict_alone(case: ProofCase, name: str, reader: ProofAnswer) -> Proof:
    """The verdict on a model whose writer is not known: whether its reader loads it and predicts."""
    if reader.word == "full":
        verdict, says = ProofVerdict.NOT_PROVEN, f"there was no room on the disk while {name} loaded it: {reader.error}"
    elif reader.word != "ok":
        verdict, says = _WORDS[reader.word], f"{name} {_failing(reader)}: {reader.error}"
    else:
        does = "loads it and predicts" if reader.answers else "loads it"
        verdict, says = ProofVerdict.LOADS, f"{name} {does}; what wrote it is not known, so nothing was compared"
    seen = (*(f"{name} warns: {text}" for text in reader.warned), *_about(name, reader))
    rows = (f"predicted on {reader.rows}",) if reader.rows and reader.word == "ok" else ()
    return Proof(case=case, writer="", reader=name, verdict=verdict, says=says, evidence=(*rows, *seen))


def _about(name: str, reader: ProofAnswer) -> Iterator[str]:
    """What is worth a word whatever a reader answers."""
    if reader.printed > _LOUD:
        yield f"{name} printed {reader.printed:,} bytes, which were not kept"
    if reader.network == "sockets":
        yield "the network was cut off for Python's sockets alone, since the system gives no name space without one"


def _failing(answer: ProofAnswer) -> str:
    words = {"predict": "does not predict with it", "rows": "loads it and finds no rows for it"}
    return words.get(answer.step, "does not load it")


def _verdict(name: str, writer: ProofAnswer, reader: ProofAnswer, differences: Apart) -> tuple[ProofVerdict, str]:
    if reader.word != "ok":
        return _WORDS[reader.word], f"{name} {_failing(reader)}: {reader.error}"
    if not writer.answers:
        return ProofVerdict.LOADS, f"{name} loads it; there were no rows, so nothing was predicted (--rows)"
    if differences.differences:
        return ProofVerdict.DIFFERS, f"{name} loads it and gives different results: {differences.differences[0]}"
    return ProofVerdict.SAME, f"{name} loads it and gives the same results"


def _evidence(names: tuple[str, str], writer: ProofAnswer, reader: ProofAnswer, differences: Apart) -> Iterator[str]:
    if writer.rows:
        yield f"compared on {writer.rows}"
    if reader.word == "ok":
        yield from (*differences.differences[1:], *differences.remarks)
    if differences.greatest is not None and reader.word == "ok":
        yield f"greatest relative difference {differences.greatest:.3g}"
    yield from (f"{names[1]} warns: {text}" for text in reader.warned if text not in writer.warned)
    yield from _about(names[1], reader)
