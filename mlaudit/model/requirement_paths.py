"""Who required a package: paths from what a project names to what is installed because of it."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementStep:
    """One package or project on a path, and the requirement that leads to it.

    Attributes:
        specifier: the range that the step before asks for, where the lock states it.
        extras: extras of this step's package that the step before asks for.
        marker: the condition of that requirement.
        because: the extra or group of the step before that switches the requirement on (`extra gpu`, `group dev`).
        at: where the package, or for the first step the project or its requirement, is stated.
    """

    name: str
    version: str | None = None
    specifier: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    because: str = ""
    at: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementPath:
    """Steps from what the project names to the package, each required by the one before."""

    steps: tuple[RequirementStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallReason:
    """Why an environment has a package.

    Attributes:
        direct: places at which the project itself names the package.
        paths: the shortest first; none where only the project names it.
        limited: more paths exist than were looked for.
        notes: what the sources do not show.
    """

    package: str
    environment: str
    versions: tuple[str, ...] = ()
    direct: tuple[Place, ...] = ()
    paths: tuple[RequirementPath, ...] = ()
    limited: bool = False
    notes: tuple[str, ...] = ()
