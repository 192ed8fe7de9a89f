"""How long whole processes take, each as a ratio to a yardstick that runs beside it.

    python -m benchmarks.speed [--rounds N] [--syncpack EXE] [--only WORDS] [--write]

A yardstick is what cannot be avoided (importing typer, parsing the locks) or what others need for the like work
(`uv export`, `syncpack lint`); where its program is not installed, the row says that it was not measured. The runs of a
row and of its yardstick take turns, and the fastest of each counts, since everything else on the machine only adds to
them. `--write` keeps the table in RESULTS.md. The two large locks are found by way of MLAUDIT_CORPUS.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import speed_inputs as inputs
from benchmarks.speed_table import RESULTS, render, renewed
from benchmarks.timing import Command, Timing, fastest

STARTING = "to load 147 modules of its own, and to make their classes, takes longer than typer does"
LOCKS = (
    "to start Python and load 147 modules takes as long as compiled tomli needs for both, and half of the rest is "
    "spent on requirements, rules and facts of 510 packages, not on the text"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: some work, what it is held against, and the ratio to reach."""

    work: str
    yardstick: str
    most: float
    run: Command
    beside: Command | None
    """None where the yardstick is not installed, or its input is not there."""
    cause: str = ""
    """What keeps the ratio up, told where it is not reached."""
    rounds: int = 0
    most_megabytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A row with its two timings, None where it was not measured."""

    row: Row
    run: Timing | None = None
    beside: Timing | None = None


def measured(row: Row, rounds: int) -> Measured:
    """The row's fastest runs; its own number of rounds goes before the given one."""
    if row.beside is None:
        return Measured(row=row)
    run, beside = fastest([row.run, row.beside], row.rounds or rounds)
    return Measured(row=row, run=run, beside=beside)


def rows(folder: Path, syncpack: str | None) -> Iterator[Row]:
    """Every row, with its input made below a folder."""
    yield from _starts(folder / "small")
    yield from _locks(folder / "locks")
    yield from _fleets(folder, syncpack)
    yield from _trees(folder / "tree")


def _starts(folder: Path) -> Iterator[Row]:
    inputs.two_requirements_files(folder)
    typer = Command(words=(sys.executable, "-c", "import typer"), folder=folder)
    for words, most in (
        (("--version",), 1.2),
        (("explain", "numpy"), 1.5),
        (("compare", "training/requirements.txt", "serving/requirements.txt"), 1.5),
    ):
        work = "compare of two 20-line requirements files" if words[0] == "compare" else " ".join(words)
        run = _mlaudit(words, folder)
        yield Row(work=work, yardstick="import typer", most=most, run=run, beside=typer, cause=STARTING)
    inputs.repository_with_a_note(folder / "hooked")
    hook = _mlaudit(("check", "--quiet", "docs/requirements.txt"), folder / "hooked")
    yield Row(
        work="pre-commit hook, nothing relevant staged",
        yardstick="import typer",
        most=1.2,
        run=hook,
        beside=typer,
        cause="the configuration is read and checked, and a report is laid out: 84 modules of its own",
    )


def _locks(folder: Path) -> Iterator[Row]:
    folder.mkdir()
    locks = inputs.large_locks(folder)
    paths = tuple(str(lock) for lock in locks)
    compare = _mlaudit(("compare", *paths), folder)
    code = f"import tomli\nfor path in {paths!r}:\n with open(path, 'rb') as file: tomli.load(file)"
    bare = Command(words=(sys.executable, "-c", code), folder=folder) if locks else None
    work = "compare of two real 1 MB uv.locks"
    yield Row(work=work, yardstick="tomli.load of both, one process", most=0.8, run=compare, beside=bare, cause=LOCKS)
    uv = inputs.program("uv")
    words = (uv or "uv", "export", "--frozen", "--no-hashes", "--offline", "--quiet")
    exports = [Command(words=words, folder=lock.parent) for lock in locks]
    export = Command.sequence(exports) if exports and uv else None
    yield Row(work=work, yardstick="uv export of both", most=2.5, run=compare, beside=export, cause=LOCKS)


def _fleets(folder: Path, syncpack: str | None) -> Iterator[Row]:
    small, large = folder / "fleet-1000", folder / "fleet-10000"
    inputs.fleet(small, 1000)
    inputs.node_fleet(folder / "node", 1000)
    check = _mlaudit(("check",), small)
    lint = Command(words=(syncpack, "lint"), folder=folder / "node") if syncpack else None
    yield Row(
        work="check of 1,000 environments × 50 pins",
        yardstick="syncpack lint of 1,000 package.json alike",
        most=1.0,
        run=check,
        beside=lint,
        cause="each of 50,000 pins becomes a pin, a cell and a crossing in Python; a second process would have to "
        "pickle what it reads, which takes more than half as long as to read a list of 50 pins",
        rounds=3,
    )
    inputs.fleet(large, 10_000)
    yield Row(
        work="check of 10,000 environments × 50 pins",
        yardstick="the same of 1,000",
        most=11,
        run=_mlaudit(("check",), large),
        beside=check,
        cause="a report holds every pin, cell and crossing of every environment: 21 KB for 50 pins",
        rounds=1,
        most_megabytes=300,
    )


def _trees(folder: Path) -> Iterator[Row]:
    dependency_files = inputs.tree(folder)
    listing = folder.parent / "dependency-files"
    listing.write_text("\0".join(dependency_files), encoding="utf-8")
    start = Command(words=(sys.executable, "-c", "import typer"), folder=folder)
    listed = Command(words=("git", "ls-files"), folder=folder)
    shown = Command(words=("xargs", "-0", "-a", str(listing), "cat"), folder=folder)
    yield Row(
        work="check of a tree of 5,400 files",
        yardstick="import typer, git ls-files, cat of its dependency files",
        most=3,
        run=_mlaudit(("check",), folder),
        beside=Command.sequence([start, listed, shown]),
        cause="54 environments are read with their recipes, build contexts and code, 5 ms each, where `cat` only "
        "copies; 1,600 files are opened for signs",
        rounds=3,
    )


def _mlaudit(words: Sequence[str], folder: Path) -> Command:
    script = Path(sys.executable).parent / "mlaudit"
    start = (str(script),) if script.is_file() else (sys.executable, "-m", "mlaudit")
    return Command(words=(*start, *words), folder=folder)


def main() -> None:
    """Measure and print; with `--write`, keep the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=9, help="runs of each short process")
    arguments.add_argument("--syncpack", default=inputs.program("syncpack"), help="the program of that npm package")
    arguments.add_argument("--only", default="", help="only rows whose work holds these words")
    arguments.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    chosen = arguments.parse_args()
    if chosen.write and chosen.only:
        arguments.error("--write keeps all rows: leave --only out")
    with tempfile.TemporaryDirectory() as name:
        results = []
        for row in rows(Path(name), chosen.syncpack):
            if chosen.only in row.work:
                results.append(measured(row, chosen.rounds))
                print(render(results[-1:], title=len(results) == 1), end="", flush=True)
        modules = inputs.modules_of_a_compare(Path(name) / "small")
    print(modules)
    if chosen.write:
        text = RESULTS.read_text(encoding="utf-8")
        RESULTS.write_text(renewed(text, render(results, page=True)), encoding="utf-8")


if __name__ == "__main__":
    main()
