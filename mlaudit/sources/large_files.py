"""Where Git LFS keeps the content of a file of which a commit holds only a pointer.

The pointer's format is that of https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
"""

from __future__ import annotations

from pathlib import Path

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.sources.paths import is_file, lies_inside

_POINTER = lazy_pattern(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]{1,200}\n)*"
    rb"oid sha256:(?P<hash>[0-9a-f]{64})\nsize \d+\n?"
)


def stored_large_file(pointer: bytes, git_folder: Path) -> Path | None:
    """The file in `lfs/objects` of a repository, None if the bytes are no pointer or it was not downloaded."""
    match = _POINTER.fullmatch(pointer)
    if match is None:
        return None
    name = match["hash"].decode("ascii")
    folder = git_folder / "lfs" / "objects"
    path = folder / name[:2] / name[2:4] / name
    # No link may lead elsewhere: what is there has the name of its content.
    is_there = is_file(path, follow=False) and lies_inside(path, git_folder.resolve())
    return path if is_there else None
