"""Measure every pair of some versions of a package, resume where it stopped, and propose edges (developers only).

`python -m mlaudit.lab.matrix numba 0.57.1 0.58.1 0.59.0 --keep DIR [--python 3.11] [--with numpy==1.26.4] [--jobs 4]`
keeps environments and outcomes in DIR; a run that is repeated measures only what is missing there. What it prints is
TOML for `knowledge/packages/<package>.toml`: ids, remedies and the words are yours to finish.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from pathlib import Path

from mlaudit.lab.measure import Experiment, environment, measure, recipe


@dataclass(frozen=True, slots=True, order=True)
class PairOutcome:
    """What became of one artifact between two versions."""

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


def outcomes(path: Path) -> list[PairOutcome]:
    """What an earlier run left."""
    if not path.exists():
        return []
    return [
        PairOutcome(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")
    ]


def interpreters(
    folder: Path, python: str, package: Experiment, versions: Sequence[str], beside: Sequence[str]
) -> dict[str, Path]:
    """An interpreter for each version that can be installed."""
    found: dict[str, Path] = {}
    for version in versions:
        place = folder / "environments" / version
        if not (place / "whole").exists():
            try:
                environment(place, python, [f"{package.package}=={version}", *package.beside, *beside])
            except subprocess.CalledProcessError:
                sys.stderr.write(f"{package.package} {version} cannot be installed\n")
                continue
            (place / "whole").touch()
        found[version] = place / "bin" / "python"
    return found


def run(package: Experiment, found: Mapping[str, Path], path: Path, jobs: int) -> list[PairOutcome]:
    """Hand everything over between all versions, and write each pair down when it is done."""
    known = outcomes(path)
    done = {one.pair for one in known}
    missing = [pair for pair in product(found, repeat=2) if pair not in done]
    with ThreadPoolExecutor(jobs) as pool, path.open("a", encoding="utf-8") as log:
        for number, pair in enumerate(pool.map(partial(_pair, package, found), missing), 1):
            log.writelines(
                json.dumps({name: getattr(one, name) for name in PairOutcome.__slots__}) + "\n" for one in pair
            )
            log.flush()
            known += pair
            sys.stderr.write(f"\r{number} of {len(missing)} pairs")
    return known


def _pair(package: Experiment, found: Mapping[str, Path], pair: tuple[str, str]) -> list[PairOutcome]:
    writer, reader = pair
    return [
        PairOutcome(writer, reader, one.artifact.kind, one.artifact.name, one.word, one.detail[:200])
        for one in measure(package, found[writer], found[reader])
    ]


def proposals(package: str, versions: Sequence[str], measured: Sequence[PairOutcome]) -> Iterator[str]:
    """TOML rows, one for each border that artifacts do not cross: silent changes first."""
    word: dict[tuple[str, str], dict[tuple[str, str], PairOutcome]] = defaultdict(dict)
    for one in measured:
        word[one.kind, one.artifact][one.pair] = one
    borders: dict[tuple[bool, str, str, str, str], list[tuple[str, int, str]]] = defaultdict(list)
    for (kind, artifact), crossings in sorted(word.items()):
        for older, newer in pairwise(versions):
            for writer, reader in ((older, newer), (newer, older)):
                at = crossings.get((writer, reader))
                if at is None or at.word in ("ok", "baseline-error"):
                    continue
                same = _across(versions, crossings, older, writer == older)
                if all(other.word == at.word for other in same):
                    key = (at.word != "different", at.word, kind, writer, reader)
                    borders[key].append((artifact, len(same), at.detail))
    for (_, what, kind, writer, reader), found in sorted(borders.items()):
        yield _row(
            package, what, kind, (writer, reader), found, upwards=versions.index(writer) < versions.index(reader)
        )


def _across(
    versions: Sequence[str], crossings: Mapping[tuple[str, str], PairOutcome], older: str, upwards: bool
) -> list[PairOutcome]:
    border = versions.index(older) + 1
    below, above = versions[:border], versions[border:]
    pairs = product(below, above) if upwards else product(above, below)
    return [crossings[pair] for pair in pairs if pair in crossings and crossings[pair].word != "baseline-error"]


def _row(
    package: str, what: str, kind: str, pair: tuple[str, str], found: Sequence[tuple[str, int, str]], *, upwards: bool
) -> str:
    writer, reader = pair
    sides = (f"<={writer}", f">={reader}") if upwards else (f">={writer}", f"<={reader}")
    count = sum(tried for _, tried, _ in found)
    effect = "silent" if what == "different" else "unreadable"
    names = ", ".join(artifact for artifact, _, _ in found)
    detail = found[0][2].replace("\n", " ")
    rows = {
        "id": f"{package}-{kind.rpartition('.')[2]}-{reader}",
        "writer": sides[0],
        "reader": sides[1],
        "effect": effect,
        "severity": "error",
    }
    says = f"{names} of {package} {{writer}} in {{reader}}: {detail}"
    lines = [f"# {what}: {names}", "[[edge]]", *(f"{key} = {json.dumps(text)}" for key, text in rows.items())]
    lines += [f"kinds = [{json.dumps(kind)}]", f"says = {json.dumps(says)}", 'remedy = "…"']
    lines += [f"failed = {count}", f"tried = {count}", 'certainty = "measured"']
    lines += [f'source = "measured: python -m mlaudit.lab.measure {package} {writer} {reader}"', 'checked = "…"', ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what can be proposed."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.matrix", description=__doc__)
    parser.add_argument("package")
    parser.add_argument("versions", nargs="+", help="oldest first")
    parser.add_argument("--keep", type=Path, required=True, help="folder of environments and outcomes")
    parser.add_argument("--python", default="3.11")
    parser.add_argument("--with", dest="beside", action="append", default=[], help="a requirement on both sides")
    parser.add_argument("--jobs", type=int, default=4)
    asked = parser.parse_args(arguments)
    package = recipe(asked.package)
    asked.keep.mkdir(parents=True, exist_ok=True)
    found = interpreters(asked.keep, asked.python, package, asked.versions, asked.beside)
    measured = run(package, found, asked.keep / "outcomes.jsonl", asked.jobs)
    sys.stdout.writelines(row + "\n" for row in proposals(asked.package, list(found), measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
