"""Reads a whole corpus with every parser there is, and prints per format what was read and what was not.

    python benchmarks/corpus.py [FORMAT ...]        the corpus is $MLAUDIT_CORPUS (default ../shared/corpus)

Templates are counted apart: a placeholder has no value in the file, so no reader could give it one.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from mlaudit.model.nouns import Reading, Unread  # noqa: E402
from mlaudit.parsers._read import read  # noqa: E402
from mlaudit.sources.working_tree import WorkingTree  # noqa: E402

_VALUES = re.compile(r"`[^`]*`|'[^']*'|\d+|\[[^\]]*\]")
SKIPPED = ("README.md", "MANIFEST.csv", "findings.csv")


@dataclass
class Tally:
    """What was read of the files of one format."""

    files: int = 0
    whole: int = 0
    statements: int = 0
    pins: int = 0
    unread: int = 0
    templates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        real = [entry for entry in reading.unread if not entry.template]
        self.files += 1
        self.whole += not real
        self.pins += len(reading.pins)
        self.statements += len(reading.pins) + len(reading.includes) + len(reading.unread)
        self.unread += len(real)
        self.templates += len(reading.unread) - len(real)
        for entry in real:
            self._count(entry)

    def _count(self, entry: Unread) -> None:
        reason = _VALUES.sub("…", entry.why)
        self.reasons[reason] += 1
        self.examples.setdefault(reason, f"{entry.at}  {entry.what[:80]}")


def corpus() -> Path:
    """The folder of the corpus."""
    return Path(os.environ.get("MLAUDIT_CORPUS", REPOSITORY.parent / "shared" / "corpus"))


def documents(folder: Path) -> Iterator[tuple[WorkingTree, Path]]:
    for repository in sorted(path for path in folder.iterdir() if path.is_dir()):
        root = WorkingTree(repository)
        for path in sorted(repository.rglob("*")):
            if path.is_file() and path.name not in SKIPPED:
                yield root, path


def tallied(folder: Path) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for root, path in documents(folder):
        reading = read(root.document(path))
        name = reading.format if reading.format != "unknown" else f"unknown *{path.suffix or path.name}"
        tallies.setdefault(name, Tally()).add(reading)
    return tallies


def printed(tallies: dict[str, Tally]) -> None:
    print(f"{'format':28}{'files':>7}{'whole':>7}{'pins':>9}{'unread':>8}{'share':>8}{'templates':>11}")
    for name, tally in sorted(tallies.items()):
        share = f"{tally.unread / tally.statements:.2%}" if tally.statements else "-"
        print(
            f"{name:28}{tally.files:>7}{tally.whole:>7}{tally.pins:>9}{tally.unread:>8}{share:>8}{tally.templates:>11}"
        )
        for reason, count in tally.reasons.most_common(12):
            print(f"    {count:>5}  {reason[:150]}\n           {tally.examples[reason][:150]}")


def main(wanted: list[str]) -> int:
    folder = corpus()
    if not folder.is_dir():
        print(f"no corpus at {folder}; MLAUDIT_CORPUS names it", file=sys.stderr)
        return 2
    begun = time.perf_counter()
    tallies = tallied(folder)
    printed({name: tally for name, tally in tallies.items() if not wanted or name in wanted})
    print(f"{sum(tally.files for tally in tallies.values())} files in {time.perf_counter() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
