"""The user's cache folder: what may be computed again, kept between runs; nothing of it is trusted or needed."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "MLAUDIT_CACHE_DIR"
"""The environment variable that names another folder."""
_MAX_ENTRY = 32 * 1024 * 1024


def cache_folder() -> Path:
    """Where this user's caches are; it need not be there yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mlaudit" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mlaudit"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlaudit"


def kept(kind: str, key: str) -> Mapping[str, object] | None:
    """What was kept under a key, None if there is nothing, or nothing that can be read."""
    path = cache_folder() / kind / f"{key}.json"
    try:
        if path.stat().st_size > _MAX_ENTRY:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def keep(kind: str, key: str, value: Mapping[str, object]) -> None:
    """Keep a value under a key, whole or not at all; a folder that cannot be written keeps nothing."""
    folder = cache_folder() / kind
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{key}.json", json.dumps(value, sort_keys=True))


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place, then put it there: a reader sees the old one or the new one. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".new")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
