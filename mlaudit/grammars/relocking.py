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
        output: the word of the command that names the lock, whose own name takes its place; empty if there is none.
        chooses: the command takes the version itself, so that a declaration which admits it may stay.
    """

    manifests: tuple[str, ...]
    command: Callable[[str, str, str], tuple[str, ...]]
    chooses: bool = False
    output: str = ""

    def words(self, package: str, version: str, manifest: str, lock: str) -> tuple[str, ...]:
        """The command for a lock by its name."""
        return tuple(lock if word == self.output else word for word in self.command(package, version, manifest))
