"""What a configuration that was found in an audited folder may name: what is inside, its links followed."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from mlaudit.sources.paths import is_link, lexists, real_path

_WAY_OUT = "name it on the command line, or name the configuration itself with --config"


def tree_around(folder: Path) -> Path:
    """The folder at or above this one that holds `.git`, else the folder itself."""
    real = Path(real_path(folder))
    return next((above for above in (real, *real.parents) if lexists(above / ".git")), real)


def reason_outside(path: str, base: Path, tree: Path, *, clone: str | None = None) -> str | None:
    """Why a configuration may not name a source, None if it may.

    Args:
        path: as the configuration has it, relative to `base`.
        tree: the audited folder, resolved.
        clone: the folder of another repository that the source is of.
    """
    if "\0" in path:
        return "its name has a NUL character, which no file's name has"
    if clone is not None:
        return f"a configuration that was found names a repository by git+file:; {_WAY_OUT}"
    if path == "-":
        return f"a configuration that was found names standard input; {_WAY_OUT}"
    if is_absolute(path):
        return f"a configuration that was found names an absolute path; {_WAY_OUT}"
    if not is_inside(base / path, tree):
        return f"a configuration that was found names something outside of the audited folder; {_WAY_OUT}"
    return None


def is_absolute(path: str) -> bool:
    """Whether a path starts at a root, a drive or a share, on any system."""
    if path[:1] not in ("/", "\\") and ":" not in path:
        return False
    windows = PureWindowsPath(path)
    return PurePosixPath(path).is_absolute() or bool(windows.drive or windows.root)


def is_inside(path: Path, tree: Path) -> bool:
    """Whether a path, its links followed, is in a resolved folder; a link that leads in a circle leads to itself."""
    try:
        return _is_below(real_path(path), tree)
    except (OSError, ValueError):
        return False


def is_resolved_inside(path: str, tree: Path) -> bool:
    """`is_inside` for a path whose folder is resolved already: only its last name may be a link."""
    try:
        if is_link(path):
            return is_inside(Path(path), tree)
    except ValueError:
        return False
    return _is_below(path, tree)


def _is_below(path: str, tree: Path) -> bool:
    whole = str(tree)
    return path == whole or path.startswith(whole if whole.endswith(os.sep) else whole + os.sep)
