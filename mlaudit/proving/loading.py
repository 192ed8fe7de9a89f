"""One model loaded in one environment, in a process of its own with bounds; what happened to it, in a word."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from mlaudit.knowledge.refused_imports import refused_imports
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.proving.nouns import BuiltEnvironment, ProofAnswer, ProofCase, ProofLimits, RowRequest

# The child imports `proof_rows.py`, which is beside it.
_CHILD = Path(__file__).with_name("proof_child.py")
_STARTING = 300
"""Seconds more, in which libraries are imported for the first time."""
_ANSWER_LOST = 74
"""The exit code by which the process states that it could not write its answer."""
_MOST_IMPORTS = 500
"""Names of a model whose modules are imported before it is loaded."""
_MAX_ANSWER = 64 * 1024 * 1024


def end_all() -> None:
    """End every process in which a model is loaded, as where the user interrupts."""
    for process in list(_RUNNING):
        process.kill()


def load_under(
    built: BuiltEnvironment, case: ProofCase, rows: RowRequest, limits: ProofLimits, *, keep_rows: bool = False
) -> ProofAnswer:
    """Load a model under an environment and predict; the user's files are copied, and only the copies are opened."""
    begin = time.monotonic()
    with _scratch(case) as own:
        try:
            request = _request(own, built, case, rows, limits)
            (own / "request.json").write_text(json.dumps({**request, "keep_rows": keep_rows}), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{case.shown} cannot be copied to {own}: {error.strerror or error}") from None
        with _Process(built.interpreter, own) as process:
            in_time = process.wait(limits.seconds + _STARTING * built.fresh)
            printed = process.printed
            code = process.code
        answered = _answered(own / "answer.json")
        if answered is not None:
            answer = _answer(answered, printed, time.monotonic() - begin)
            return replace(answer, error=answer.error.replace(f"{own / 'model'}{os.sep}", "").replace(str(own), "."))
    seconds = time.monotonic() - begin
    if not in_time or code == -getattr(signal, "SIGXCPU", 0):
        return ProofAnswer(word="hang", error=f"no answer after {limits.seconds} s", printed=printed, seconds=seconds)
    if code == _ANSWER_LOST:
        lost = f"its answer could not be written below {tempfile.gettempdir()}"
        return ProofAnswer(word="full", error=lost, printed=printed, seconds=seconds)
    return ProofAnswer(word="crash", error=f"its process ended with {_ended(code)}", printed=printed, seconds=seconds)


@contextlib.contextmanager
def _scratch(case: ProofCase) -> Iterator[Path]:
    """A folder for one process. Raises UsageError where none can be made."""
    try:
        scratch = tempfile.TemporaryDirectory(prefix="mlaudit-proof-", ignore_cleanup_errors=True)
    except OSError as error:
        raise UsageError(f"{case.shown}: cannot create a folder to load it in: {error.strerror or error}") from None
    with scratch as name:
        yield Path(name)


def _request(
    own: Path, built: BuiltEnvironment, case: ProofCase, rows: RowRequest, limits: ProofLimits
) -> Mapping[str, object]:
    model = _copied(case.path, own / "model") if case.path is not None else None
    file = rows.file or case.example
    given = _copied(file, own / "rows") if file is not None and not rows.function and rows.values is None else None
    return {
        "model": str(model),
        "loader": case.loader,
        "own": str(own),
        "answer": str(own / "answer.json"),
        "seconds": limits.seconds,
        "memory": limits.memory,
        "refused": refused_imports(),
        "imports": [list(name) for name in case.names[:_MOST_IMPORTS]],
        "packages": sorted({*built.packages, case.package}),
        "rows": {
            "file": str(given) if given else None,
            "shown": file.name if file is not None else "",
            "function": rows.function,
            "folder": str(rows.folder or ""),
            "values": rows.values,
        },
    }


def _copied(path: Path, folder: Path) -> Path:
    """A copy of a file or folder, under its own name, links followed."""
    folder.mkdir()
    target = folder / path.name
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copyfile(path, target)
    return target


class _Process:
    """The process in which a model is loaded, with a home of its own; all that it starts ends with it."""

    def __init__(self, interpreter: Path, own: Path) -> None:
        kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": str(own), "TMPDIR": str(own), "TEMP": str(own), "MPLCONFIGDIR": str(own)}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
        environment |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(  # noqa: S603 - own arguments
            [str(interpreter), "-s", str(_CHILD), str(own / "request.json")],
            cwd=own,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
        self.printed = 0
        _RUNNING.add(self)
        self._reading = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reading.start()

    def _read(self, stream: BinaryIO) -> None:
        """Count what libraries print, and keep nothing of it."""
        with contextlib.suppress(OSError, ValueError):
            while part := stream.read(65536):
                self.printed += len(part)

    def __enter__(self) -> _Process:
        return self

    def kill(self) -> None:
        """End it, and all that it started."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def __exit__(self, *_: object) -> None:
        self.kill()
        _RUNNING.discard(self)
        self._process.wait()
        self._reading.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def code(self) -> int:
        """How it ended; 0 where it did not."""
        return self._process.returncode or 0


_RUNNING: set[_Process] = set()


def _ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _answered(path: Path) -> Mapping[str, object] | None:
    """What the process left behind; it is as little trusted as the model."""
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_ANSWER:
            return None
        answer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _answer(given: Mapping[str, object], printed: int, seconds: float) -> ProofAnswer:
    word = next((name for name in ("memory", "refused", "full") if given.get(name)), "error")
    answers = given.get("answers")
    versions = given.get("versions")
    return ProofAnswer(
        word=word if "error" in given else "ok",
        error=str(given.get("error", "")),
        step=str(given.get("step", "")),
        rows=str(given.get("rows") or ""),
        answers=tuple(answer for answer in answers if isinstance(answer, dict)) if isinstance(answers, list) else (),
        warned=_texts(given.get("warnings")),
        network=str(given.get("network", "")),
        python=str(given.get("python", "")),
        versions={str(name): str(text) for name, text in versions.items()} if isinstance(versions, dict) else {},
        kept=given.get("kept"),
        printed=printed,
        seconds=seconds,
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
