"""Batteries: for each package, artifacts to write under one version and to use under another (developers only).

A battery is a file of `mlaudit/lab/batteries/`, named after its package. This process reads its constants without
running it; it runs in a process of the environment that is measured, seeded and without a network.
"""

from __future__ import annotations

import ast
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mlaudit.grammars.python_tree import parse_tree
from mlaudit.model.errors import MlauditError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.packaged import HOME, packaged_names

TIMEOUT = 120.0
"""Seconds for one artifact: a loop that never ends is an outcome too."""
STARTING = 600.0
"""Seconds until the first artifact, in which the libraries are imported."""
FOLDER = HOME / "lab" / "batteries"

_CHILD = Path(__file__).with_name("battery_child.py")
_CONSTANTS = frozenset({"REQUIRES", "KINDS", "TOLERANCE"})


class BatteryError(MlauditError, ValueError):
    """There is no such battery, it breaks the protocol, or it does not run in an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryAnswer:
    """What happened to one artifact in one process.

    Attributes:
        word: `ok`, `error`, `crash` or `hang`.
        values: what a probe computed, flat.
        warned: what was warned of, `Category: text`.
    """

    artifact: str
    word: str
    detail: str = ""
    values: tuple[object, ...] = ()
    warned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """One package's battery.

    Attributes:
        requires: requirements beside the package, in the writing and in the reading environment.
        kinds: artifact kinds by how an artifact's name ends (`.pickle`).
        tolerance: results further apart than this differ, in relation to numbers greater than 1.
    """

    package: str
    path: Path
    requires: tuple[str, ...]
    kinds: Mapping[str, str]
    tolerance: float = 1e-9

    def kind(self, artifact: str) -> str:
        """The artifact kind of a file or folder that the battery names. Raises BatteryError."""
        fitting = [ending for ending in self.kinds if artifact.endswith(ending)]
        if not fitting:
            raise BatteryError(
                f"{self.path.name}: no kind for an artifact called {artifact!r}; add its ending to KINDS"
            )
        return self.kinds[max(fitting, key=len)]

    def dump(self, interpreter: Path, folder: Path, timeout: float = TIMEOUT) -> Iterator[BatteryAnswer]:
        """Write every artifact into a folder, under the interpreter of an environment. Raises BatteryError."""
        folder.mkdir(parents=True, exist_ok=True)
        done: list[str] = []
        while True:
            last = None
            for last in self._answers(interpreter, "dump", folder, done, timeout):
                done.append(last.artifact)
                yield last
            if last is None or last.word not in ("crash", "hang"):
                return

    def probe(
        self, interpreter: Path, folder: Path, artifacts: Sequence[str], timeout: float = TIMEOUT
    ) -> Iterator[BatteryAnswer]:
        """Load and use artifacts of a folder, under the interpreter of an environment. Raises BatteryError."""
        left = list(artifacts)
        while left:
            before = len(left)
            for answer in self._answers(interpreter, "probe", folder, left, timeout):
                left = left[left.index(answer.artifact) + 1 :]
                yield answer
            if len(left) == before:
                return

    def apart(self, mine: Sequence[object], other: Sequence[object]) -> str:
        """How far two results are apart in words, empty if they are equal within the tolerance."""
        if len(mine) != len(other) or any(
            type(left) is not type(right) for left, right in zip(mine, other, strict=True)
        ):
            return "another shape"
        largest = 0.0
        for left, right in zip(mine, other, strict=True):
            if not isinstance(left, float) or not isinstance(right, float):
                if left != right:
                    return f"{left!r} became {right!r}"
            elif (left == left) != (right == right):
                return f"{left} became {right}"
            elif left == left and left != right and abs(left - right) > self.tolerance * max(1.0, abs(left)):
                largest = max(largest, abs(left - right))
        return f"by up to {largest:.3g}" if largest else ""

    def _answers(
        self, interpreter: Path, step: str, folder: Path, names: Sequence[str], timeout: float
    ) -> Iterator[BatteryAnswer]:
        """The answers of one process, the last one about the artifact at which it died or hung."""
        with tempfile.TemporaryDirectory() as scratch, _Child(self.path, interpreter, step, folder, scratch) as child:
            child.send(names)
            begun: str | None = None
            try:
                while (line := child.line(timeout if begun else STARTING)) is not None:
                    answer = json.loads(line)
                    if "broken" in answer:
                        raise BatteryError(f"{self.path.name} does not run in {interpreter}: {answer['broken']}")
                    begun = answer.get("start")
                    if "name" in answer:
                        yield _answer(answer)
            except queue.Empty:
                word, detail = "hang", f"no answer after {timeout if begun else STARTING:g} s"
            else:
                word, detail = "crash", f"process ended with {child.code()}"
            if begun is not None:
                yield BatteryAnswer(artifact=begun, word=word, detail=detail)
            elif word == "hang" or child.code() != 0:
                raise BatteryError(f"{self.path.name} does not start in {interpreter}: {detail}")


def _answer(given: Mapping[str, object]) -> BatteryAnswer:
    warned = given.get("warnings")
    result = given.get("result")
    return BatteryAnswer(
        artifact=str(given["name"]),
        word="error" if "error" in given else "ok",
        detail=str(given.get("error", "")),
        values=tuple(result) if isinstance(result, list) else (),
        warned=tuple(map(str, warned)) if isinstance(warned, list) else (),
    )


class _Child:
    """The process in which a battery runs, with a home of its own that is thrown away."""

    def __init__(self, battery: Path, interpreter: Path, step: str, folder: Path, scratch: str) -> None:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
        environment |= {"HOME": scratch, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        environment |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        self._process = subprocess.Popen(  # noqa: S603 - own arguments
            [str(interpreter), "-s", str(_CHILD), str(battery), step, str(folder.resolve())],
            cwd=scratch,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put(None)

    def send(self, names: Sequence[str]) -> None:
        """What the process waits for."""
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(json.dumps(list(names)))
            stdin.close()

    def line(self, timeout: float) -> str | None:
        """The next line, None at the end. Raises queue.Empty if none comes in time."""
        return self._lines.get(timeout=timeout)

    def code(self) -> int:
        """How the process ended."""
        return self._process.wait()


def batteries(folder: Path = FOLDER) -> tuple[str, ...]:
    """Packages that have a battery: a file in the folder is all that it takes."""
    if folder == FOLDER:
        names: Sequence[str] = packaged_names("lab/batteries")
    else:
        names = sorted(path.name for path in folder.iterdir())
    return tuple(name.removesuffix(".py").replace("_", "-") for name in names if name.endswith(".py"))


def battery(package: str, folder: Path = FOLDER) -> Battery:
    """The battery of a package (its normalized name), read and not run. Raises BatteryError."""
    path = folder / f"{package.replace('-', '_')}.py"
    if package not in batteries(folder):
        raise BatteryError(f"no battery for {package!r}; there are {', '.join(batteries(folder))}")
    constants = _constants(path)
    requires, kinds, tolerance = (constants.get(name) for name in ("REQUIRES", "KINDS", "TOLERANCE"))
    if not isinstance(kinds, dict) or not kinds:
        raise BatteryError(f"{path.name}: KINDS must tell the artifact kind of each ending of a name")
    return Battery(
        package=package,
        path=path,
        requires=tuple(map(str, requires)) if isinstance(requires, list) else (),
        kinds={str(ending): str(kind) for ending, kind in kinds.items()},
        tolerance=tolerance if isinstance(tolerance, float) else 1e-9,
    )


def batteries_of_kind(kind: str, folder: Path = FOLDER) -> tuple[Battery, ...]:
    """The batteries that write artifacts of a kind."""
    every = (battery(package, folder) for package in batteries(folder))
    return tuple(battery for battery in every if kind in battery.kinds.values())


def _constants(path: Path) -> Mapping[str, object]:
    """The constants at the top of a battery. Raises BatteryError."""
    try:
        tree = parse_tree(path.read_text(encoding="utf-8"))
        constants = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in _CONSTANTS
        }
    except (SyntaxError, ValueError) as error:
        raise BatteryError(f"{path.name}: {error}; REQUIRES, KINDS and TOLERANCE must be literals") from error
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    missing = {"artifacts", "probe"} - functions
    if missing:
        raise BatteryError(f"{path.name}: no function {' and no '.join(sorted(missing))}")
    return constants
