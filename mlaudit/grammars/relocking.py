"""How the tool that made a lock updates it, after one package was given another version."""

from __future__ import annotations

from collections.abc import Callable

from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTool:
    """The tool that writes a lock.

    Attributes:
        manifests: names of the files beside the lock in which what is locked is declared, the likeliest first.
        command: the words of the command for a package, a version and the name of the manifest.
        chooses: the command takes the version itself, so that a declaration which admits it may stay.
    """

    manifests: tuple[str, ...]
    command: Callable[[str, str, str], tuple[str, ...]]
    chooses: bool = False
