"""Prints every sentence of the knowledge as users read it, at both ends of its range of versions.

python -m mlaudit.lab.sentences [PACKAGE ...]

For each row of a package: what a finding says between the versions at its first and at its last border, and what
`mlaudit explain` states about it. To be read after a change of rows: each must be true, whole and plain at both ends.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import product

from mlaudit.knowledge.combinations import Combination, broken, combinations, is_of
from mlaudit.knowledge.crossing import Consequence, judge
from mlaudit.knowledge.load import Dossier, Known, Skew, dossier, packages
from mlaudit.lab.borders import below, border_pairs, borders
from mlaudit.model.lazy_dataclass import dataclass

_SPREAD = (
    *("0.1.1", "0.2.1", "0.3.1", "0.3.2", "0.5.0", "0.5.1"),
    *("0.6.2", "0.7.1", "0.8.0", "0.11.1", "0.13.2", "0.13.4", "0.25", "0.26"),
    *("0.26.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "3.0.0", "3.0.1"),
)
"""Versions between which a row is looked for that earlier rows cover at its own borders."""
_CHOICE = re.compile(r"\[(.)[^\]]*\]")
"""Characters in a pattern of classes of which one stands there."""
_UNNAMED = frozenset(("package.Class",))
"""What a file names for which rows about other names do not speak: it is left to those behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedSentence:
    """What a row says between two versions, as a finding shows it.

    Attributes:
        row: the id of the row.
        versions: the versions that fill its slots.
    """

    row: str
    versions: str
    says: str
    remedy: str


def crossing_sentences(package: str, row: Known) -> Iterator[RenderedSentence]:
    """A row between the versions at its first and its last border where it speaks."""
    pythons = {
        side: borders(specifier)[0]
        for side, specifier in (("writer_python", row.writer_python), ("reader_python", row.reader_python))
        if specifier
    }
    classes = frozenset(_CHOICE.sub(r"\1", name).replace("*", "X") for name in row.classes[:1])
    spread = dict.fromkeys((*getattr(dossier(package), "tested", ()), *_SPREAD))
    nothing = frozenset[str]()
    beside = frozenset(((row.beside, borders(row.besides)[0]),)) if row.beside else frozenset[tuple[str, str]]()
    tries = ((border_pairs(row), nothing), (product(spread, spread), nothing), (border_pairs(row), _UNNAMED))
    for versions, names in tries:
        rendered: list[RenderedSentence] = []
        for (writer, reader), kind in product(versions, row.kinds or ("",)):
            kinds = frozenset((kind,)) if kind else frozenset[str]()
            consequences = judge(
                package, writer, reader, **pythons, kinds=kinds, classes=classes, names=names, beside=beside
            )
            rendered += [
                _rendered(consequence, f"{writer} → {reader}")
                for consequence in consequences
                if consequence.id == row.id
            ]
        if rendered:
            yield from dict.fromkeys((rendered[0], rendered[-1]))
            return


def skew_sentences(package: str, row: Skew) -> Iterator[RenderedSentence]:
    """A change of behaviour in both directions."""
    old = below(row.since)
    for writer, reader in ((old, row.since), (row.since, old)):
        consequences = judge(package, writer, reader)
        yield from (
            _rendered(consequence, f"{writer} → {reader}") for consequence in consequences if consequence.id == row.id
        )


def combination_sentences(row: Combination) -> Iterator[RenderedSentence]:
    """A combination with the versions at its first and its last border."""
    versions, others = borders(row.versions), [""] if row.absent else borders(row.others)
    pairs = dict.fromkeys(((versions[0], others[0]), (versions[-1], others[-1]), (versions[0], others[-1])))
    for version, other in pairs if not row.apart else [pair for pair in pairs if is_of(row, *pair)]:
        beside = {row.beside: borders(row.besides)[0]} if row.beside else {}
        installed = {row.package: version, **beside, **({row.other: other} if other else {})}
        combination = broken(row, installed)
        shown = ", ".join(f"{name} {of}" for name, of in installed.items())
        yield RenderedSentence(row=row.id, versions=shown, says=combination.says, remedy=combination.remedy)


def every_sentence(package: str) -> Iterator[RenderedSentence]:
    """Everything that findings may state about one package."""
    known = dossier(package)
    if known is not None:
        for row in known.rows:
            yield from crossing_sentences(package, row)
        for skew in known.skews:
            yield from skew_sentences(package, skew)
    for combination in combinations().get(package, ()):
        yield from combination_sentences(combination)


def named_packages() -> list[str]:
    """Packages of which findings may say something."""
    return sorted({*packages(), *combinations()})


def _rendered(consequence: Consequence, versions: str) -> RenderedSentence:
    return RenderedSentence(row=consequence.id, versions=versions, says=consequence.says, remedy=consequence.remedy)


def explained_sentences(known: Dossier) -> Iterator[RenderedSentence]:
    """What `mlaudit explain` states about each row, with ranges where a finding has versions."""
    from mlaudit.reporters._explain import known_lines, skew_lines

    for row in known.rows:
        first, *rest = known_lines(row, known.package)
        remedy = next((line.removeprefix("fix: ") for line in rest if line.startswith("fix: ")), "")
        yield RenderedSentence(row=row.id, versions="explain", says=first.partition("): ")[2], remedy=remedy)
    for skew in known.skews:
        yield RenderedSentence(row=skew.id, versions="explain", says=skew_lines(skew)[0], remedy="")


def main(names: Iterable[str]) -> None:
    """Print the sentences of some packages, of all where none is named."""
    for package in list(names) or named_packages():
        sys.stdout.write(f"\n# {package}\n")
        known = dossier(package)
        for sentence in (*every_sentence(package), *(explained_sentences(known) if known is not None else ())):
            remedy = f"\n    fix: {sentence.remedy}" if sentence.remedy else ""
            sys.stdout.write(f"{sentence.row} [{sentence.versions}]\n    {sentence.says}{remedy}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
