"""Repeat a measurement: write with one version, read with another, in two throw-away environments (developers only).

`python -m mlaudit.lab.measure scikit-learn 1.5.2 1.3.2 [--pythons 3.11 3.11] [--with numpy==1.26.4]`
needs `uv` on the path and the network; nothing of the tool imports this module.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked, parse
from mlaudit.model.lazy_dataclass import dataclass

TIMEOUT = 60
"""Seconds for one artifact: a loop that never ends is an outcome too."""
TOLERANCE = 1e-9
"""Results further apart than this differ."""

_CHILD = Path(__file__).with_name("measure_child.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedArtifact:
    """One thing to hand over: Python expressions that make, save, load and use it."""

    name: str
    kind: str
    make: str
    use: str
    save: str
    load: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """How a package is measured: what is installed beside it, what is imported, and its artifacts."""

    package: str
    beside: tuple[str, ...]
    setup: str
    artifacts: tuple[DumpedArtifact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What became of one artifact: `ok`, `different`, `error`, `crash`, `hang` or `baseline-error`."""

    artifact: DumpedArtifact
    word: str
    detail: str = ""


def recipe(package: str) -> Experiment:
    """The recipe of a package. Raises KnowledgeError where there is none."""
    return checked("recipes.toml", lambda root: _recipe(package, root.get(package)))


def recipes() -> tuple[str, ...]:
    """Packages that have a recipe."""
    return tuple(name for name, _ in parse("recipes.toml").items())


def _recipe(package: str, row: Node) -> Experiment:
    save, load = row.get("save").text(), row.get("load").text()
    return Experiment(
        package=package,
        beside=row.get("beside").texts(),
        setup=row.get("setup").text(),
        artifacts=tuple(_artifact(entry, save, load) for entry in row.get("artifact").each()),
    )


def _artifact(entry: Node, save: str, load: str) -> DumpedArtifact:
    return DumpedArtifact(
        name=entry.get("name").text(),
        kind=entry.get("kind").text(),
        make=entry.get("make").text(),
        use=entry.get("use").text(),
        save=entry.get("save").maybe_text() or save,
        load=entry.get("load").maybe_text() or load,
    )


def environment(folder: Path, python: str, requirements: Sequence[str]) -> Path:
    """A new virtual environment with these requirements; its interpreter. Raises CalledProcessError."""
    uv = shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not on the path")
    interpreter = folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--no-python-downloads", "--python", python, str(folder)], check=True)  # noqa: S603 - own arguments
    subprocess.run(  # noqa: S603
        [uv, "pip", "install", "-q", "--python", str(interpreter), *requirements], check=True
    )
    return interpreter


def measure(package: Experiment, writer: Path, reader: Path, only: str | None = None) -> Iterator[Measurement]:
    """Hand over every artifact of a recipe, or one of them, from one interpreter to another."""
    with tempfile.TemporaryDirectory() as folder:
        for artifact in package.artifacts:
            if only is None or artifact.name == only:
                path = str(Path(folder) / artifact.name)
                yield _handed_over(package, artifact, path, writer, reader)


def _handed_over(package: Experiment, artifact: DumpedArtifact, path: str, writer: Path, reader: Path) -> Measurement:
    wrote = _step("dump", package, artifact, path, writer)
    if "result" not in wrote:
        return Measurement(artifact=artifact, word="baseline-error", detail=str(wrote["error"]))
    read = _step("load", package, artifact, path, reader)
    if "result" not in read:
        return Measurement(artifact=artifact, word=str(read.get("word", "error")), detail=str(read["error"]))
    apart = _apart(wrote["result"], read["result"])
    return Measurement(artifact=artifact, word="different" if apart else "ok", detail=apart)


def _step(
    step: str, package: Experiment, artifact: DumpedArtifact, path: str, interpreter: Path
) -> Mapping[str, object]:
    job = {"step": step, "path": path, "setup": package.setup, "make": artifact.make, "use": artifact.use}
    job.update(save=artifact.save, load=artifact.load)
    command = [str(interpreter), "-I", str(_CHILD)]
    try:
        run = subprocess.run(  # noqa: S603
            command, input=json.dumps(job), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return {"word": "hang", "error": f"no answer after {TIMEOUT} s"}
    if run.returncode != 0:
        return {"word": "crash", "error": f"process ended with {run.returncode}"}
    answer: dict[str, object] = json.loads(run.stdout.strip().splitlines()[-1])
    return answer


def _apart(one: object, other: object) -> str:
    """How far two results are apart in words, empty where they are equal."""
    if not isinstance(one, list) or not isinstance(other, list) or len(one) != len(other):
        return "another shape"
    numbers = [
        abs(left - right)
        for left, right in zip(one, other, strict=True)
        if isinstance(left, float) and isinstance(right, float) and left == left and right == right
    ]
    texts = [(left, right) for left, right in zip(one, other, strict=True) if isinstance(left, str) and left != right]
    if texts:
        return f"{texts[0][0]!r} became {texts[0][1]!r}"
    largest = max(numbers, default=0.0)
    return f"by up to {largest:.3g}" if largest > TOLERANCE else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one pair and print a line for each artifact; 1 where one failed or changed."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.measure", description=__doc__)
    parser.add_argument("package")
    parser.add_argument("writer")
    parser.add_argument("reader")
    parser.add_argument("--pythons", nargs=2, default=("3.11", "3.11"), metavar=("WRITER", "READER"))
    parser.add_argument("--with", dest="beside", action="append", default=[], help="a requirement on both sides")
    parser.add_argument("--only", help="one artifact of the recipe")
    asked = parser.parse_args(arguments)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        found = recipe(asked.package)
        requirements = [*found.beside, *asked.beside]
        writer = environment(
            Path(folder) / "writer", asked.pythons[0], [f"{asked.package}=={asked.writer}", *requirements]
        )
        reader = environment(
            Path(folder) / "reader", asked.pythons[1], [f"{asked.package}=={asked.reader}", *requirements]
        )
        for outcome in measure(found, writer, reader, only=asked.only):
            bad += outcome.word not in ("ok", "baseline-error")
            sys.stdout.write(_line(outcome) + "\n")
    return 1 if bad else 0


def _line(outcome: Measurement) -> str:
    artifact, detail = outcome.artifact, outcome.detail[:200].replace("\n", " / ")
    return f"{outcome.word:<15} {artifact.kind:<24} {artifact.name:<32} {detail}"


if __name__ == "__main__":
    sys.exit(main())
