"""A Python interpreter asked about itself: version, machine, and the folders it imports from; it imports no package."""

from __future__ import annotations

import json
import platform
import sys

from mlaudit.document.node import Malformed, Node
from mlaudit.model.lazy_dataclass import dataclass

_SECONDS = 30
_QUESTION = (
    "import json,platform,sys;"
    "print(json.dumps({'python':platform.python_version(),'implementation':sys.implementation.name,"
    "'executable':sys.executable,'platform':sys.platform,'machine':platform.machine(),'paths':sys.path}))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """What an interpreter states about itself; `paths` are the folders it imports from, first come first served."""

    executable: str
    python: str
    implementation: str
    platform: str
    machine: str
    paths: tuple[str, ...]


def running() -> Interpreter:
    """The interpreter that runs this."""
    return Interpreter(
        executable=sys.executable or "python",
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=sys.platform,
        machine=platform.machine(),
        paths=tuple(sys.path),
    )


def asked(executable: str) -> Interpreter:
    """Another interpreter. Raises Unreadable where it does not answer."""
    # Serving asks only the running interpreter, and at its start these would be most of what is imported.
    import subprocess

    from mlaudit.model.errors import Unreadable

    try:
        # Without -S, since the folders that `site` adds are those that packages are imported from; -I keeps the
        # current folder and the caller's PYTHONPATH out.
        done = subprocess.run(  # noqa: S603  the user names the program that is asked
            (executable, "-I", "-c", _QUESTION),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreadable(f"{executable} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    if done.returncode != 0:
        raise Unreadable(f"{executable} is no Python: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")
    try:
        return _answered(Node(json.loads(done.stdout)))
    except (ValueError, Malformed):
        raise Unreadable(f"{executable} gave no answer that can be read") from None


def _answered(answer: Node) -> Interpreter:
    return Interpreter(
        executable=answer.get("executable").text(),
        python=answer.get("python").text(),
        implementation=answer.get("implementation").text(),
        platform=answer.get("platform").text(),
        machine=answer.get("machine").text(),
        paths=answer.get("paths").texts(),
    )
