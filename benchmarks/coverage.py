"""Which branches of the code the tests take.

    python -m benchmarks.coverage [--pieces N] [--keep FILE] [--all] [TEST FILE ...]

It runs the quick tests (`--all`: the slow ones too, without those of the night) under coverage.py, the processes that
they start included, and prints for each folder how many of its branches were taken, and the modules that leave most
untaken. Tests that look at which files a process opens, or how long it takes, fail under coverage.py and measure all
the same. Without test files it takes half an hour on one core; `--pieces` divides the files, so that memory stays low.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHOWN = 25
"""Modules that are listed."""


def main() -> None:
    """Measure, and print a line per folder."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pieces", type=int, default=4, help="runs of pytest one after another (default: 4)")
    arguments.add_argument("--keep", type=Path, help="keep what was measured in this file, and add to what it has")
    arguments.add_argument("--all", action="store_true", help="the slow tests too, without those of the night")
    arguments.add_argument("files", nargs="*", metavar="FILE")
    chosen = arguments.parse_args()
    files = chosen.files or sorted(map(str, (ROOT / "tests").glob("test_*.py")))
    with tempfile.TemporaryDirectory() as folder:
        data = chosen.keep.resolve() if chosen.keep else Path(folder) / "coverage"
        for number in range(min(chosen.pieces, len(files))):
            _measure(files[number :: chosen.pieces], data, ["-m", "not nightly"] if chosen.all else [])
        show(_report(data))


def _measure(files: list[str], data: Path, options: list[str]) -> None:
    _coverage(data, "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *files)
    _coverage(data, "combine", "--quiet", "--append")


def _report(data: Path) -> dict[str, dict[str, int]]:
    """The counts of each module."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "coverage.json"
        _coverage(data, "json", "--quiet", "--ignore-errors", "-o", str(target))
        files: dict[str, Any] = json.loads(target.read_bytes())["files"]
    return {path: one["summary"] for path, one in files.items()}


def _coverage(data: Path, *words: str) -> None:
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=environment, check=False)


def show(modules: dict[str, dict[str, int]]) -> None:
    """Print the shares of folders, and the modules with most branches that no test takes."""
    folders: dict[str, Counter[str]] = {}
    for path, counts in modules.items():
        for name in (str(Path(path).parent), "all"):
            folders.setdefault(name, Counter()).update(counts)
    for name, counts in sorted(folders.items(), key=lambda one: (one[0] == "all", one[0])):
        print(_line(name, counts))
    print()
    worst = sorted(modules.items(), key=lambda one: (-one[1]["missing_branches"], one[0]))
    for path, counts in worst[:SHOWN]:
        print(_line(path, counts))


def _line(name: str, counts: dict[str, int] | Counter[str]) -> str:
    branches, lines = counts["num_branches"], counts["num_statements"]
    taken = 100 * counts["covered_branches"] / branches if branches else 100
    run = 100 * counts["covered_lines"] / lines if lines else 100
    return f"{taken:5.1f}% of {branches:5} branches, {run:5.1f}% of {lines:5} statements  {name}"


if __name__ == "__main__":
    main()
