"""Feed mutated documents to the readers, and keep every one that raises what is a defect of the program.

    python benchmarks/fuzz.py --minutes 20                        # shell, tox, setup.py, conda, requirements
    python benchmarks/fuzz.py --minutes 5 pickle dockerfile       # any input format that has fixtures
    python benchmarks/fuzz.py --runs 500 pickle gguf              # so many executions, the same ones each time

With `atheris` installed (a package of its own, no dependency of the project) mutations follow the coverage of
`mlaudit`; without it they are random. One process runs at a time, and the minutes are shared by the formats. A finding
is written below `--findings`, once for each place in the code that raises. An input that takes libFuzzer's ten seconds
or two gigabytes is a finding too, and ends the turn of its format. With a finding the exit code is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

ROOT = Path(__file__).parent.parent
GRAMMARS = ("shell", "tox-ini", "setup-py", "conda-env", "requirements")
SHELL = "shell"
"""Not a format of its own: what stands behind RUN in a Dockerfile."""
MAX_SEED = 20_000
MAX_INPUT = 4096
PIECES = (
    *(b"\n", b"\\\n", b"\r", b"\0", b"\xff", b'"', b"'", b"`", b"$(", b"${X", b"}", b"{", b"[", b"]", b"(", b")"),
    *(b"<<EOF\n", b"&&", b"|", b";", b",", b"==", b">=", b"~=", b"^", b"*", b"#", b"@", b"%", b"!", b"-r ", b"-c "),
    *(b"9" * 5000, b"\xc2\xb2", b"\xd9\xa3", b"{posargs}", b"{[testenv]deps}", b"$X$X", b"1!", b"+cu", b"e400", b"-1"),
)

Document = tuple[str, bytes]


@dataclass(slots=True)
class Tally:
    """What one format's turn came to."""

    runs: int = 0
    findings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bound:
    """When a turn ends: after seconds, or after executions that are the same each time."""

    seconds: float
    runs: int | None = None


def main() -> int:
    arguments = _arguments()
    bound = Bound(arguments.minutes * 60 / len(arguments.formats), arguments.runs)
    if arguments.turn:
        _turn(arguments.formats[0], bound, arguments.findings)
        return 0
    if arguments.list:
        print("\n".join(_all_formats()))
        return 0
    if arguments.seeds is not None:
        for name in arguments.formats:
            _pack_seeds(name, arguments.seeds)
        return 0
    started = time.process_time()
    arguments.findings.mkdir(parents=True, exist_ok=True)
    findings = 0
    for name in arguments.formats:
        runs = _spawned(name, bound, arguments.findings)
        found = sorted(path.name for path in (arguments.findings / name).glob("*"))
        findings += len(found)
        print(f"{name}: {runs} executions, {len(found)} findings {' '.join(found)}", flush=True)
    print(f"driver: {time.process_time() - started:.1f} s of CPU; the turns take theirs")
    return 1 if findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", default=list(GRAMMARS))
    parser.add_argument("--minutes", type=float, default=20, help="for all formats together")
    parser.add_argument("--runs", type=int, help="executions of each format, instead of minutes")
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "mlaudit-fuzz")
    parser.add_argument("--seeds", type=Path, help="write the inputs to begin with below this folder, and end")
    parser.add_argument("--list", action="store_true", help="name the formats that are fuzzed in the long run, and end")
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _spawned(name: str, bound: Bound, findings: Path) -> int:
    """Executions of a format's turn, in a process of its own: a turn may end by the fuzzer's own limits."""
    command = [
        sys.executable,
        __file__,
        "--turn",
        "--minutes",
        str(bound.seconds / 60),
        "--findings",
        str(findings),
        name,
    ]
    if bound.runs is not None:
        command += ["--runs", str(bound.runs)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    told = re.findall(r"(?:Done |stat::number_of_executed_units: |^#)(\d+)", done.stderr + done.stdout, re.MULTILINE)
    if not told:
        print(done.stderr[-2000:], file=sys.stderr)
    return max(map(int, told), default=0)


def _turn(name: str, bound: Bound, findings: Path) -> None:
    folder = findings / name
    if find_spec("atheris") is None:
        _random(name, bound, folder)
    else:
        _guided(name, bound, folder)


def _guided(name: str, bound: Bound, folder: Path) -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["mlaudit"]):
        run = _runner(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, (_, data) in enumerate(_seeds(name)):
            Path(corpus, str(number)).write_bytes(data)
        dictionary = Path(corpus, "words.dict")
        dictionary.write_text("\n".join(f'"{_escaped(piece)}"' for piece in PIECES), encoding="ascii")
        until = [f"-max_total_time={int(bound.seconds)}"] if bound.runs is None else [f"-runs={bound.runs}", "-seed=1"]
        options = [*until, f"-max_len={MAX_INPUT}", "-timeout=10", "-rss_limit_mb=2048"]
        options += [f"-dict={dictionary}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, corpus], run)
        atheris.Fuzz()


def _escaped(piece: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in piece[:128])


def _random(name: str, bound: Bound, folder: Path) -> None:
    run, seeds, chance = _runner(name, folder), _seeds(name), random.Random(0)
    end = time.process_time() + bound.seconds
    runs = 0
    while runs < bound.runs if bound.runs is not None else time.process_time() < end:
        run(_mutated(chance.choice(seeds)[1], chance))
        runs += 1
    print(f"Done {runs} runs")


def _mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice((0, 1, 4, 20, 200)))
        put = chance.choice((b"", chance.choice(PIECES), chance.randbytes(2), data[start:end] * 3))
        data = data[:start] + put + data[end if chance.random() < 0.5 else start :]
    return data[: 2 * MAX_SEED]


def _seeds(name: str) -> list[Document]:
    """The inputs of a format's fixtures."""
    found = []
    for case in sorted((ROOT / "fixtures" / "parsers" / ("dockerfile" if name == SHELL else name)).glob("*")):
        expected = case / "expected.json"
        path = case / json.loads(expected.read_text(encoding="utf-8"))["input"] if expected.is_file() else case
        if path.is_file() and path.stat().st_size <= MAX_SEED:
            found.append((path.name, path.read_bytes()))
    if name == SHELL:
        runs = [line[4:] for _, data in found for line in data.split(b"\n") if line.startswith(b"RUN ")]
        return [("Dockerfile", line) for line in runs]
    return found or [("document", b"")]


def _all_formats() -> list[str]:
    """Every format of model files, and the text formats with grammars of their own."""
    from mlaudit.parsers._registry import index

    artifacts = (name for name, entry in index().formats.items() if entry.kind == "artifact")
    return sorted((*artifacts, *(name for name in GRAMMARS if name != SHELL)))


def _pack_seeds(name: str, folder: Path) -> None:
    """The inputs of a format as the archive that ClusterFuzzLite expects beside its fuzzer."""
    folder.mkdir(parents=True, exist_ok=True)
    with ZipFile(folder / f"fuzz_{name.replace('-', '_')}_seed_corpus.zip", "w") as archive:
        for number, (_, data) in enumerate(_seeds(name)):
            archive.writestr(str(number), data)


def _runner(name: str, folder: Path) -> Callable[[bytes], None]:
    """Reads one input and puts it through an audit; keeps it where that raises."""
    prefix = b"FROM python:3.11\nRUN " if name == SHELL else b""
    audited = reader_of("dockerfile" if name == SHELL else name, _seeds(name)[0][0], prefix)
    tally = Tally()

    def run(data: bytes) -> None:
        tally.runs += 1
        try:
            audited(data)
        except Exception as error:
            _keep(error, data, folder, tally)

    return run


def reader_of(as_format: str, file: str, prefix: bytes = b"") -> Callable[[bytes], None]:
    """Reads bytes as a format and puts them through an audit; raises where that is a defect of the program."""
    from mlaudit.document.document import Document as Read
    from mlaudit.environments.environment import environment
    from mlaudit.parsers._failures import reraise_defects
    from mlaudit.parsers._read import read
    from mlaudit.parsers._registry import parsers
    from mlaudit.reporters._inventory import as_json
    from mlaudit.request.audit_request import EnvironmentRequest
    from mlaudit.request.wanted import Wanted

    parsers()
    beside = Read("beside.txt", b"numpy==1.26.4\n")

    def audited(data: bytes) -> None:
        with reraise_defects():
            reading = read(Read(file, prefix + data, ask=lambda _path: beside), as_format)
            as_json([environment(EnvironmentRequest(name="serving", role="serving"), [reading], Wanted())])

    return audited


def _keep(error: Exception, data: bytes, folder: Path, tally: Tally) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "mlaudit" in Path(frame.filename).parts] or list(frames)
    where = f"{Path(ours[-1].filename).stem}-{ours[-1].lineno}-{type(error).__name__}"
    if where in tally.findings:
        return
    tally.findings[where] = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / where).write_bytes(data)
    (folder / f"{where}.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
