"""The table of `benchmarks.speed`, as it is printed and as RESULTS.md keeps it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.speed import Measured
    from benchmarks.timing import Timing

RESULTS = Path(__file__).parent / "RESULTS.md"
_HEAD = (
    "| work | yardstick | seconds | yardstick's | ratio | of processor time | to reach | memory |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|\n"
)


def render(results: Sequence[Measured], *, title: bool = True, page: bool = False) -> str:
    """Rows in Markdown; as a page of its own with machine and versions."""
    table = (_HEAD if title else "") + "".join(map(_line, results))
    return f"{_page_head()}\n{table}{_causes(results)}" if page else table


def renewed(text: str, page: str) -> str:
    """RESULTS.md with its measured beginning replaced by a page; what was written by hand behind it stays."""
    lines = text.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if at and line.startswith("# ")), len(lines))
    measured = [at for at, line in enumerate(lines[:end]) if line.startswith(("| ", "- ")) or not at]
    return page + "".join(lines[measured[-1] + 1 :] if measured else [])


def _causes(results: Sequence[Measured]) -> str:
    """What keeps the ratios up that are not reached."""
    missed = [one for one in results if one.run and one.beside and not _is_reached(one, one.run, one.beside)]
    return "".join(["\n", *(f"- {one.row.work}, beside {one.row.yardstick}: {one.row.cause}.\n" for one in missed)])


def _is_reached(one: Measured, run: Timing, beside: Timing) -> bool:
    most = one.row.most_megabytes
    return run.wall / beside.wall <= one.row.most and (most is None or run.megabytes < most)


def _line(one: Measured) -> str:
    row, run, beside = one.row, one.run, one.beside
    if run is None or beside is None:
        return f"| {row.work} | {row.yardstick} | not measured | | | | ≤ {row.most:g} | |\n"
    wall, cpu = run.wall / beside.wall, run.cpu / beside.cpu
    mark = "" if wall <= row.most else " ✗"
    cells = (
        row.work, row.yardstick, f"{run.wall:.3f}", f"{beside.wall:.3f}", f"{wall:.2f}{mark}", f"{cpu:.2f}",
        f"≤ {row.most:g}", _memory(one, run),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def _memory(one: Measured, run: Timing) -> str:
    most = one.row.most_megabytes
    if most is None:
        return f"{run.megabytes} MB"
    return f"{run.megabytes} MB{'' if run.megabytes < most else ' ✗'} (< {most})"


def _page_head() -> str:
    tools = ", ".join(_tools(["uv --version", "node --version", "git --version"]))
    libraries = ", ".join(f"{name} {version(name)}" for name in ("typer", "tomli", "packaging", "PyYAML"))
    return (
        "# Speed\n\n"
        f"`python -m benchmarks.speed --write` wrote this on {date.today()}: whole processes, the fastest of several\n"
        "runs that took turns. ✗ marks what is not reached.\n\n"
        f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}; {libraries}; {tools}.\n"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _tools(commands: Iterable[str]) -> Iterable[str]:
    for command in commands:
        program, option = command.split()
        if shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"):
            done = subprocess.run([program, option], capture_output=True, text=True, check=False)
            words = done.stdout.strip().split("(")[0].strip()
            yield words if program in words else f"{program} {words}"
