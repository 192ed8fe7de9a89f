"""Runs the user's own `uv`, where the user asked for that: no shell, a folder of its own, a bounded time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlaudit.model.errors import MlauditError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.secrets import masked

SECONDS = 900
"""A resolver that downloads metadata takes minutes; what takes longer hangs."""
GET_UV = "uv is not on the PATH; get it with `pip install mlaudit[prove]` or from https://docs.astral.sh/uv/"
_DROPPED = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT", "UV_WORKING_DIRECTORY")
"""Variables that lead uv to environments and projects that are not this one."""


class NoUv(MlauditError):
    """There is no uv that could be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UvOutcome:
    """What uv answered; `says` is its standard error, masked."""

    code: int
    out: str
    says: str


def uv_path() -> str:
    """The uv on the path, or the one beside this interpreter. Raises NoUv."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    path = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if path is None:
        raise NoUv(GET_UV)
    return os.path.abspath(path)  # noqa: PTH100 - a link to it must keep its name


def run_uv(
    words: Sequence[str],
    files: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    holding: Sequence[int] = (),
) -> UvOutcome:
    """Run uv in a new folder that holds some files, so that no audited file is its configuration. Raises NoUv.

    Args:
        holding: descriptors of locks, which uv holds on to where this process is ended before it.
    """
    uv = uv_path()
    environment = {name: text for name, text in os.environ.items() if name not in _DROPPED}
    environment |= {"NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
    try:
        scratch_folder = tempfile.TemporaryDirectory(prefix="mlaudit-uv-", ignore_cleanup_errors=True)
    except OSError as error:
        return UvOutcome(code=2, out="", says=f"cannot create a folder to run uv in: {error.strerror or error}")
    with scratch_folder as scratch:
        try:
            for name, text in (files or {}).items():
                (Path(scratch) / name).write_text(text, encoding="utf-8")
        except OSError as error:
            return UvOutcome(code=2, out="", says=f"nothing can be written for uv in {scratch}: {error.strerror}")
        try:
            done = subprocess.run(  # noqa: S603 - own arguments
                [uv, *words],
                cwd=folder or scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
                pass_fds=tuple(holding) if os.name == "posix" else (),
            )
        except subprocess.TimeoutExpired:
            return UvOutcome(code=2, out="", says=f"uv gave no answer within {SECONDS} s")
        except OSError as error:
            raise NoUv(f"uv cannot be started: {error.strerror}; {GET_UV}") from None
    says = masked(done.stderr.decode("utf-8", "replace"))
    return UvOutcome(code=done.returncode, out=done.stdout.decode("utf-8", "replace"), says=says)
