"""Rows of knowledge proposed from a matrix of measured pairs, with their counts (developers only)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product

UNHARMED = ("ok", "baseline-error")


@dataclass(frozen=True, slots=True, order=True)
class PairOutcome:
    """What happened to one artifact between two versions, named as the command line of the matrix names them."""

    writer: str
    reader: str
    kind: str
    artifact: str
    word: str
    detail: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """Writer and reader."""
        return self.writer, self.reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedBorder:
    """What artifacts of one kind do not cross between two neighbouring versions.

    Attributes:
        rows: each artifact, how often it was tried across the border, and its error message.
    """

    word: str
    kind: str
    writer: str
    reader: str
    upwards: bool
    rows: tuple[tuple[str, int, str], ...]


def counts(measured: Sequence[PairOutcome]) -> Iterator[str]:
    """How many loads of each kind became what."""
    kinds = sorted({outcome.kind for outcome in measured})
    for kind in kinds:
        words = Counter(outcome.word for outcome in measured if outcome.kind == kind)
        counted = ", ".join(f"{count} {word}" for word, count in sorted(words.items()))
        pairs = len({outcome.pair for outcome in measured if outcome.kind == kind})
        yield f"{kind}: {sum(words.values())} loads over {pairs} pairs: {counted}"


def proposals(package: str, labels: Sequence[str], measured: Sequence[PairOutcome]) -> Iterator[str]:
    """TOML rows, one for each border that artifacts do not cross: silent changes first."""
    for border in sorted(
        _borders(labels, measured),
        key=lambda proposed_border: (proposed_border.word != "different", proposed_border.word, proposed_border.kind),
    ):
        yield _row(package, border)


def _borders(labels: Sequence[str], measured: Sequence[PairOutcome]) -> Iterator[ProposedBorder]:
    words: dict[tuple[str, str], dict[tuple[str, str], PairOutcome]] = defaultdict(dict)
    for outcome in measured:
        words[outcome.kind, outcome.artifact][outcome.pair] = outcome
    by_border: dict[tuple[str, str, str, str, bool], list[tuple[str, int, str]]] = defaultdict(list)
    for (kind, artifact), crossings in sorted(words.items()):
        for older, newer in pairwise(labels):
            for writer, reader in ((older, newer), (newer, older)):
                at = crossings.get((writer, reader))
                if at is None or at.word in UNHARMED:
                    continue
                same = _across(labels, crossings, older, upwards=writer == older)
                if all(other.word == at.word for other in same):
                    by_border[at.word, kind, writer, reader, writer == older].append((artifact, len(same), at.detail))
    for (word, kind, writer, reader, upwards), rows in by_border.items():
        yield ProposedBorder(
            word=word, kind=kind, writer=writer, reader=reader, upwards=upwards, rows=tuple(sorted(rows))
        )


def _across(
    labels: Sequence[str], crossings: Mapping[tuple[str, str], PairOutcome], older: str, *, upwards: bool
) -> list[PairOutcome]:
    border = labels.index(older) + 1
    below, above = labels[:border], labels[border:]
    pairs = product(below, above) if upwards else product(above, below)
    return [crossings[pair] for pair in pairs if pair in crossings and crossings[pair].word != "baseline-error"]


def _row(package: str, border: ProposedBorder) -> str:
    names = ", ".join(artifact for artifact, _, _ in border.rows)
    detail = border.rows[0][2].replace("\n", " ")
    count = sum(tried for _, tried, _ in border.rows)
    rows = {
        "id": f"{package}-{border.kind.rpartition('.')[2]}-{_parts(border.reader)[0]}",
        **_sides(border),
        "effect": "silent" if border.word == "different" else "unreadable",
        "severity": "error",
    }
    says = f"{names} of {package} {{writer}} in {{reader}}: {detail}"
    lines = [f"# {border.word}: {names}", "[[edge]]", *(f"{key} = {json.dumps(text)}" for key, text in rows.items())]
    lines += [f"kinds = [{json.dumps(border.kind)}]", f"says = {json.dumps(says)}", 'remedy = "…"']
    lines += [f"failed = {count}", f"tried = {count}", 'certainty = "measured"']
    lines += [f"source = {json.dumps(_source(package, border))}", f'checked = "{date.today().isoformat()}"', ""]
    return "\n".join(lines)


def _parts(label: str) -> tuple[str, str]:
    """The version and the Python of a label."""
    text, _, python = label.partition("@")
    return text.partition(",")[0], python


def _sides(border: ProposedBorder) -> dict[str, str]:
    """The ranges of a border: of versions, or of Pythons where the version is the same."""
    (writer, writer_python), (reader, reader_python) = _parts(border.writer), _parts(border.reader)
    below, above = ("<=", ">=") if border.upwards else (">=", "<=")
    if writer == reader and writer_python != reader_python:
        return {"writer_python": below + writer_python, "reader_python": above + reader_python}
    return {"writer": below + writer, "reader": above + reader}


def _source(package: str, border: ProposedBorder) -> str:
    """The command that repeats it."""
    (writer, writer_python), (reader, reader_python) = _parts(border.writer), _parts(border.reader)
    pythons = f" --pythons {writer_python} {reader_python}" if writer_python and reader_python else ""
    return f"measured: python -m mlaudit.lab.measure {package} {writer} {reader}{pythons}"
