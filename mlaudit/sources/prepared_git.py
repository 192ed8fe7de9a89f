"""The one way to call git: on the objects of a repository, never on its configuration.

Git is run in a repository of our own (`neutral_repository/`, read only) and only borrows the audited repository's
objects. What a configuration could start (a lazy fetch of a partial clone, hooks, filters, a pager, a file system
monitor, included files) does not exist there, whatever version git has. The environment and the options below forbid
the same things once more, for versions of git that know them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.packaged import HOME, packaged, packaged_names

_SECONDS = 60
_NEUTRAL = "sources/neutral_repository"

# Without these git or its libraries would not start; nothing in them is read from the audited repository.
_INHERITED = (
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "WINDIR",
)

# https://git-scm.com/docs/git#_environment_variables
_SETTLED = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ASKPASS": "false",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_SSH_COMMAND": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "SSH_ASKPASS": "false",
}

# https://git-scm.com/docs/git-config; `safe.bareRepository` counts only on the command line.
_OPTIONS = (
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    *("-c", "protocol.allow=never"),
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", f"core.attributesFile={os.devnull}"),
    *("-c", "core.sshCommand=false"),
    *("-c", "core.askPass=false"),
    *("-c", "core.pager=cat"),
    *("-c", "credential.helper="),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """The objects of one repository.

    Attributes:
        folder: its `objects`.
        hashed_by: `sha1` or `sha256`.
        tree: the folder that is audited; no program below it is run.
        shallow: the list of the commits whose parents a shallow clone does not have; None if it has all.
    """

    folder: Path
    hashed_by: str
    tree: Path
    shallow: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCall:
    """A call of git that reads the objects of one store and nothing else."""

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str]


def prepare_git(store: ObjectStore, *arguments: str) -> PreparedCall:
    """The call of git with some arguments. Raises Unreadable where git is not installed."""
    program, search_path = _find_git(store.tree)
    repository = _neutral_repository(store.hashed_by)
    environment = _environment(repository, store.folder, search_path)
    if store.shallow is not None:
        environment["GIT_SHALLOW_FILE"] = str(store.shallow)
    return PreparedCall(arguments=(program, *_OPTIONS, *arguments), folder=repository, environment=environment)


def run_git(store: ObjectStore, *arguments: str, stdin: bytes = b"") -> bytes:
    """What a git command prints about the objects of a store. Raises Unreadable with git's own word."""
    call = prepare_git(store, *arguments)
    try:
        done = subprocess.run(  # noqa: S603  arguments go as a list, and callers check what a user wrote
            call.arguments,
            input=stdin,
            capture_output=True,
            check=False,
            cwd=call.folder,
            env=call.environment,
            timeout=_SECONDS,
        )
    except OSError as error:
        raise Unreadable(f"git cannot be run: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise Unreadable(f"git did not answer in {_SECONDS} seconds") from None
    if done.returncode != 0:
        raise Unreadable(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or "git failed")
    return done.stdout


@lru_cache(maxsize=2)
def _neutral_repository(hashed_by: str) -> Path:
    """Where the neutral repository is; unpacked until the program ends where the package is a zip archive."""
    folder = HOME / _NEUTRAL / hashed_by
    if folder.is_dir():
        return folder
    unpacked = Path(tempfile.mkdtemp(prefix="mlaudit-"))
    atexit.register(shutil.rmtree, unpacked, ignore_errors=True)
    for inner in ("", "/refs"):
        for name in packaged_names(f"{_NEUTRAL}/{hashed_by}{inner}"):
            if name != "refs":
                target = unpacked / inner.lstrip("/") / name
                target.parent.mkdir(exist_ok=True)
                target.write_text(packaged(f"{_NEUTRAL}/{hashed_by}{inner}/{name}"), encoding="utf-8")
    return unpacked


def _environment(repository: Path, objects: Path, search_path: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # Git before 2.32 knows no GIT_CONFIG_GLOBAL; it looks for `.gitconfig` in HOME.
    homes = {"HOME": str(repository), "XDG_CONFIG_HOME": str(repository)}
    where = {"GIT_DIR": str(repository), "GIT_OBJECT_DIRECTORY": str(objects), "PATH": search_path}
    return {**inherited, **_SETTLED, **homes, **where}


@lru_cache(maxsize=16)
def _find_git(tree: Path) -> tuple[str, str]:
    """The git program and the PATH it is given: without relative folders, and without those below the audited tree.

    Raises Unreadable.
    """
    folders = (folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).is_absolute())
    search_path = os.pathsep.join(folder for folder in folders if not Path(folder).resolve().is_relative_to(tree))
    program = shutil.which("git", path=search_path) if search_path else None
    if program is None or not Path(program).is_absolute():
        raise Unreadable("git is not installed, so no revision can be read")
    return program, search_path
