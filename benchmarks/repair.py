"""How long `fix --write` takes over many files with one edit each, by its parts.

Run it from the project's folder: `python -m benchmarks.repair [--files 1000]`. What `fix` adds to two audits is planned
edits (each file read, edited in memory and read again), and files replaced with their journal. Seconds of the processor
decide, since those of the clock are those of whatever else runs, and of the disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from mlaudit.api import check
from mlaudit.door import options_of
from mlaudit.repair.entry import plan_fix
from mlaudit.repair.nouns import RepairChoice
from mlaudit.request.asked import Asked
from mlaudit.request.options import Options
from mlaudit.request.wanted import Wanted
from mlaudit.sources.replacement import Replacement, replace_all

LIMIT = 3.0
"""Seconds for a thousand files, audits not counted."""
T = TypeVar("T")


def main() -> None:
    """Print the seconds of each part."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=1000)
    files = arguments.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        _fleet(folder, files)
        options = _options(folder)
        report = _timed("audit", lambda: check([str(folder)], options))
        began = time.perf_counter()
        plan, planned = _seconds(lambda: plan_fix(report, options, RepairChoice()))
        print(f"{'plan':8} {planned:6.2f} s")
        assert len(plan.files) == files, len(plan.files)
        replacements = [Replacement(one.real, one.old, one.new) for one in plan.files]
        replaced, written = _seconds(lambda: replace_all(folder, replacements))
        _, kept = _seconds(replaced.keep)
        clock = time.perf_counter() - began
        print(f"{'replace':8} {written + kept:6.2f} s")
        _timed("audit", lambda: check([str(folder)], options))
        total = planned + written + kept
        print(f"on the clock, beside both audits: {clock:.2f} s")
        limit = LIMIT * files / 1000
        print(f"{files} files, one edit each: {total:.2f} s of processor beside both audits (at most {limit:.2f} s)")


def _fleet(folder: Path, files: int) -> None:
    """One reference, and as many services that drifted by a patch release."""
    (folder / "training.txt").write_text("numpy==2.2.4\npandas==2.2.3\nscikit-learn==1.5.2\n")
    tables = ['[environments.training]\nsources = ["training.txt"]\n']
    for number in range(files):
        path = f"services/s{number}/requirements.txt"
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("# a service\nnumpy==2.2.1  # since June\npandas==2.2.3\nscikit-learn==1.5.2\n")
        tables.append(f'[environments.s{number}]\nsources = ["{path}"]\nfollows = "training"\n')
    (folder / "mlaudit.toml").write_text("".join(tables))


def _options(folder: Path) -> Options:
    asked = Asked(wanted=Wanted(), define={})
    return options_of(asked, root=folder, start=folder, tree=folder, today=date(2026, 11, 26))


def _timed(name: str, work: Callable[[], T]) -> T:
    result, seconds = _seconds(work)
    print(f"{name:8} {seconds:6.2f} s")
    return result


def _seconds(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


if __name__ == "__main__":
    main()
