"""Repeat a measurement: write with one version, read with another, in two throw-away environments (developers only).

`python -m mlaudit.lab.measure scikit-learn 1.5.2 1.3.2 [--pythons 3.11 3.11] [--with numpy==1.26.4]`
needs `uv` on the path and the network; what is written and how it is used says the package's file in
`mlaudit/lab/batteries/`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mlaudit.lab.battery import Battery, BatteryAnswer, battery
from mlaudit.model.lazy_dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What happened to one artifact: `ok`, `different`, `error`, `crash`, `hang` or `baseline-error`."""

    artifact: str
    kind: str
    word: str
    detail: str = ""


def environment(folder: Path, python: str, requirements: Sequence[str]) -> Path:
    """A new virtual environment with these requirements; its interpreter. Raises CalledProcessError."""
    uv = shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not on the path")
    interpreter = folder / "bin" / "python"
    command = [uv, "venv", "-q", "--clear", "--no-python-downloads", "--python", python, str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - own arguments
    subprocess.run(  # noqa: S603
        [uv, "pip", "install", "-q", "--python", str(interpreter), *requirements], check=True
    )
    return interpreter


def written(own_battery: Battery, interpreter: Path, folder: Path, only: str | None = None) -> dict[str, BatteryAnswer]:
    """Dump a battery and use each artifact where it was written: what it must give elsewhere. Raises BatteryError."""
    dumped = {
        answer.artifact: answer
        for answer in own_battery.dump(interpreter, folder)
        if only is None or is_called(answer, only)
    }
    whole = [name for name, answer in dumped.items() if answer.word == "ok"]
    return {**dumped, **{answer.artifact: answer for answer in own_battery.probe(interpreter, folder, whole)}}


def is_called(answer: BatteryAnswer, name: str) -> bool:
    """Whether an artifact has a name, with or without the ending that shows its kind."""
    return answer.artifact == name or answer.artifact.startswith(f"{name}.")


def handed_over(
    own_battery: Battery, here: Mapping[str, BatteryAnswer], interpreter: Path, folder: Path
) -> Iterator[Measurement]:
    """Use what was written under another version, and compare. Raises BatteryError."""
    for name, answer in here.items():
        if answer.word != "ok":
            yield Measurement(artifact=name, kind=own_battery.kind(name), word="baseline-error", detail=answer.detail)
    for there in own_battery.probe(interpreter, folder, [name for name, answer in here.items() if answer.word == "ok"]):
        yield compared(own_battery, here[there.artifact], there, folder)


def compared(own_battery: Battery, here: BatteryAnswer, there: BatteryAnswer, folder: Path) -> Measurement:
    """What a reader's answer is beside the writer's; a warning that only the reader gives is its detail."""
    kind = own_battery.kind(here.artifact)
    if there.word != "ok":
        # An error may name the file, and with it a folder of this machine.
        detail = there.detail.replace(f"{folder.resolve()}{os.sep}", "")
        return Measurement(artifact=here.artifact, kind=kind, word=there.word, detail=detail)
    apart = own_battery.apart(here.values, there.values)
    heard = [text for text in there.warned if text not in here.warned]
    detail = apart or (f"warned: {heard[0]}" if heard else "")
    return Measurement(artifact=here.artifact, kind=kind, word="different" if apart else "ok", detail=detail)


def measure(own_battery: Battery, writer: Path, reader: Path, only: str | None = None) -> Iterator[Measurement]:
    """Hand over every artifact of a battery, or one of them, between two interpreters. Raises BatteryError."""
    with tempfile.TemporaryDirectory() as folder:
        here = written(own_battery, writer, Path(folder), only)
        yield from handed_over(own_battery, here, reader, Path(folder))


def with_progress(things: Iterable[T], total: int, description: str) -> Iterator[T]:
    """The same things, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    yield from track(things, total=total, description=description, console=Console(stderr=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one pair and print a line for each artifact; 1 where one failed or changed."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.measure", description=__doc__)
    parser.add_argument("package")
    parser.add_argument("writer")
    parser.add_argument("reader")
    parser.add_argument("--pythons", nargs=2, default=("3.11", "3.11"), metavar=("WRITER", "READER"))
    parser.add_argument("--with", dest="beside", action="append", default=[], help="a requirement on both sides")
    parser.add_argument("--only", help="one artifact of the battery")
    asked = parser.parse_args(arguments)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        chosen_battery = battery(asked.package)
        requirements = [*chosen_battery.requires, *asked.beside]
        sides = [("writer", asked.writer, asked.pythons[0]), ("reader", asked.reader, asked.pythons[1])]
        writer, reader = (
            environment(Path(folder) / side, python, [f"{asked.package}=={version}", *requirements])
            for side, version, python in sides
        )
        for measurement in measure(chosen_battery, writer, reader, only=asked.only):
            bad += measurement.word not in ("ok", "baseline-error")
            sys.stdout.write(_line(measurement) + "\n")
            sys.stdout.flush()
    return 1 if bad else 0


def _line(measurement: Measurement) -> str:
    detail = measurement.detail[:200].replace("\n", " / ")
    return f"{measurement.word:<15} {measurement.kind:<24} {measurement.artifact:<32} {detail}"


if __name__ == "__main__":
    sys.exit(main())
