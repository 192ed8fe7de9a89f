"""Measure every pair of some versions of a package, resume where it stopped, and propose edges (developers only).

`python -m mlaudit.lab.matrix numba 0.57.1 0.58.1 0.59.0 --keep DIR [--python 3.11] [--with numpy==1.26.4] [--jobs 2]`
builds an environment for each version, dumps the package's battery in each, and probes every dump in each. It keeps
environments, artifacts and outcomes in DIR; a run that is repeated does only what is missing there. A version may have
a Python and requirements of its own: `0.3.8@3.9`, `1.5.2,numpy==1.26.4@3.10`. What it prints is TOML for
`knowledge/packages/<package>.toml`: ids, remedies and the words are yours to finish.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

from mlaudit.lab.battery import FOLDER, Battery, BatteryAnswer, BatteryError, battery
from mlaudit.lab.measure import Measurement, compared, environment, with_progress, written
from mlaudit.lab.proposals import PairOutcome, counts, proposals


@dataclass(frozen=True, slots=True)
class MeasuredVersion:
    """One version of the matrix, as the command line names it.

    Attributes:
        beside: requirements of this version alone.
    """

    label: str
    version: str
    python: str
    beside: tuple[str, ...]

    @property
    def folder(self) -> str:
        """A name of a folder."""
        return "".join(sign if sign.isalnum() or sign in ".-" else "_" for sign in self.label)


def measured_version(label: str, python: str) -> MeasuredVersion:
    """`VERSION[,REQUIREMENT...][@PYTHON]`."""
    text, _, own = label.partition("@")
    version, *beside = text.split(",")
    return MeasuredVersion(label, version, own or python, tuple(beside))


def outcomes(path: Path) -> list[PairOutcome]:
    """What an earlier run left; a line that it did not finish is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [PairOutcome(**json.loads(line)) for line in lines if line.endswith("}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMatrix:
    """One package's matrix in the folder that keeps it."""

    battery: Battery
    versions: tuple[MeasuredVersion, ...]
    beside: tuple[str, ...]
    keep: Path
    jobs: int

    def run(self) -> list[PairOutcome]:
        """All outcomes: environments, dumps, then probes, each only where it is missing."""
        built = self._each("environments", self._built, self.versions)
        interpreters = {
            version.label: path for version, path in zip(self.versions, built, strict=True) if path is not None
        }
        self._each("dumps", partial(self._dumped, interpreters), list(interpreters))
        log = self.keep / "outcomes.jsonl"
        known = outcomes(log)
        done = {outcome.pair for outcome in known}
        missing = [pair for pair in product(interpreters, repeat=2) if pair not in done and pair[0] != pair[1]]
        with log.open("a", encoding="utf-8") as lines:

            def keep(reader: str) -> list[PairOutcome]:
                crossed: list[PairOutcome] = []
                for of_pair in self._probed(
                    interpreters, reader, [writer for writer, other in missing if other == reader]
                ):
                    lines.writelines(json.dumps(asdict(outcome)) + "\n" for outcome in of_pair)
                    lines.flush()
                    crossed.extend(of_pair)
                return crossed

            readers = sorted({reader for _, reader in missing}, key=list(interpreters).index)
            return known + [outcome for of_reader in self._each("loads", keep, readers) for outcome in of_reader]

    def _each(self, description: str, act: Callable, things: Sequence) -> list:  # type: ignore[type-arg]
        with ThreadPoolExecutor(self.jobs) as pool:
            return list(with_progress(pool.map(act, things), len(things), description))

    def _built(self, version: MeasuredVersion) -> Path | None:
        """The interpreter of a version's environment, None if it cannot be installed."""
        place = self.keep / "environments" / version.folder
        if not (place / "whole").exists():
            try:
                requirements = [f"{self.battery.package}=={version.version}", *self.battery.requires, *self.beside]
                environment(place, version.python, [*requirements, *version.beside])
            except subprocess.CalledProcessError:
                sys.stderr.write(f"{self.battery.package} {version.label} cannot be installed\n")
                return None
            (place / "whole").touch()
        return place / "bin" / "python"

    def _place(self, label: str) -> Path:
        return self.keep / "artifacts" / measured_version(label, "").folder

    def _dumped(self, interpreters: Mapping[str, Path], label: str) -> None:
        place = self._place(label)
        if (place / "answers.json").exists():
            return
        try:
            here = written(self.battery, interpreters[label], place / "files")
        except BatteryError as error:
            sys.stderr.write(f"{error}\n")
            here = {}
        text = json.dumps(
            [{name: getattr(answer, name) for name in BatteryAnswer.__slots__} for answer in here.values()]
        )
        (place / "answers.json").write_text(text, encoding="utf-8")

    def _probed(
        self, interpreters: Mapping[str, Path], reader: str, writers: Sequence[str]
    ) -> Iterator[list[PairOutcome]]:
        """What every writer left, read in one process, pair by pair: importing the library takes most of a load."""
        here = {writer: self._written(writer) for writer in writers}
        root = self.keep / "artifacts"
        names = [name for answers in here.values() for name, answer in answers.items() if answer.word == "ok"]
        there: dict[str, Measurement] = {}
        awaited = list(here)
        try:
            for answer in self.battery.probe(interpreters[reader], root, names):
                writer = next(name for name in awaited if answer.artifact in here[name])
                for done in awaited[: awaited.index(writer)]:
                    yield self._pair(done, reader, here[done], there)
                awaited = awaited[awaited.index(writer) :]
                mine = here[writer][answer.artifact]
                there[answer.artifact] = compared(self.battery, mine, answer, self._files(writer))
        except BatteryError as error:
            sys.stderr.write(f"{error}\n")
            return
        for writer in awaited:
            yield self._pair(writer, reader, here[writer], there)

    def _pair(
        self, writer: str, reader: str, here: Mapping[str, BatteryAnswer], there: Mapping[str, Measurement]
    ) -> list[PairOutcome]:
        """The outcomes of one pair, those that the writer itself could not use among them."""
        crossed: list[PairOutcome] = []
        for path, answer in here.items():
            name = path.rpartition("/")[2]
            measured = there.get(path)
            if measured is None and answer.word == "ok":
                continue
            word, detail = ("baseline-error", answer.detail) if measured is None else (measured.word, measured.detail)
            crossed.append(PairOutcome(writer, reader, self.battery.kind(name), name, word, detail[:300]))
        return crossed

    def _files(self, label: str) -> Path:
        return self._place(label) / "files"

    def _written(self, label: str) -> Mapping[str, BatteryAnswer]:
        """What a writer's battery answered, by the path of each artifact below the folder of all."""
        rows = json.loads((self._place(label) / "answers.json").read_text(encoding="utf-8"))
        place = f"{measured_version(label, '').folder}/files"
        return {f"{place}/{row['artifact']}": BatteryAnswer(**{**row, "values": tuple(row["values"])}) for row in rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what can be proposed."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.matrix", description=__doc__)
    parser.add_argument("package")
    parser.add_argument("versions", nargs="+", help="oldest first: VERSION[,REQUIREMENT...][@PYTHON]")
    parser.add_argument("--keep", type=Path, required=True, help="folder of environments, artifacts and outcomes")
    parser.add_argument("--python", default="3.11")
    parser.add_argument("--with", dest="beside", action="append", default=[], help="a requirement on both sides")
    parser.add_argument("--jobs", type=int, default=2, help="environments, dumps or loads at a time")
    parser.add_argument("--batteries", type=Path, default=FOLDER, help="another folder of batteries")
    asked = parser.parse_args(arguments)
    asked.keep.mkdir(parents=True, exist_ok=True)
    matrix = MeasuredMatrix(
        battery=battery(asked.package, asked.batteries),
        versions=tuple(measured_version(label, asked.python) for label in asked.versions),
        beside=tuple(asked.beside),
        keep=asked.keep,
        jobs=asked.jobs,
    )
    sys.stdout.writelines(line + "\n" for line in _report(asked.package, asked.versions, matrix.run()))
    return 0


def _report(package: str, labels: Sequence[str], measured: Sequence[PairOutcome]) -> Iterator[str]:
    yield from (f"# {line}" for line in counts(measured))
    yield from proposals(package, labels, measured)


if __name__ == "__main__":
    sys.exit(main())
