"""How much a reader has to read: lines of each finding, lines before the last error, and the width of a line.

    python -m benchmarks.output [FOLDER ...]

Runs `mlaudit check` in each folder (default: those of the corpus, MLAUDIT_CORPUS) and counts what it prints.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", "../shared/corpus"))
WIDTH = 100
INDENT = 12
_HEAD = re.compile(r"(?:error|warning|info)\[MLA\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one report asks of its reader, in lines."""

    lines: int
    findings: tuple[int, ...]
    before_last_error: int
    too_wide: int


def read_report(text: str) -> Reading:
    """Count the lines of a report."""
    lines = text.splitlines()
    errors = [number for number, line in enumerate(lines) if line.startswith("error[")]
    return Reading(
        lines=len(lines),
        findings=tuple(_lengths(lines)),
        before_last_error=errors[-1] if errors else 0,
        # A path or a name that needs a line for itself, with its label and indent, is not broken.
        too_wide=sum(len(line) > WIDTH and max(map(len, line.split())) + INDENT <= WIDTH for line in lines),
    )


def _lengths(lines: list[str]) -> Iterator[int]:
    """Lines of each finding: from its head to the next head or empty line."""
    length = 0
    for line in (*lines, ""):
        if _HEAD.match(line) or not line:
            if length:
                yield length
            length = 1 if line else 0
        elif length:
            length += 1


def main(folders: list[Path]) -> None:
    """Print a line per folder."""
    print(f"{'folder':<44}{'lines':>7}{'findings':>10}{'median':>8}{'longest':>9}{'to last error':>15}{'too wide':>10}")
    for folder in folders:
        done = subprocess.run(
            [sys.executable, "-m", "mlaudit", "check"], cwd=folder, capture_output=True, text=True, check=False
        )
        reading = read_report(done.stdout)
        each = reading.findings or (0,)
        print(
            f"{folder.name:<44}{reading.lines:>7}{len(reading.findings):>10}{statistics.median(each):>8}"
            f"{max(each):>9}{reading.before_last_error:>15}{reading.too_wide:>10}"
        )


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:]]
    main(given or sorted(path for path in CORPUS.iterdir() if path.is_dir()))
