"""The ML table: which packages are watched, why, and how much a difference matters of which nothing more is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.load import owns_kinds, packages
from mlaudit.knowledge.schema import checked
from mlaudit.model.globs import wildcards
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Distance, Severity
from mlaudit.model.versions import is_before


@dataclass(frozen=True, slots=True)
class _WatchTable:
    roles: Mapping[str, str]
    patterns: tuple[tuple[str, str], ...]
    tools: frozenset[str]
    tool_patterns: tuple[str, ...]
    severities: Mapping[str, Mapping[str, Severity]]
    readers: Mapping[str, tuple[str, ...]]
    runtimes: frozenset[str]
    followers: Mapping[str, tuple[str, ...]]
    seeded: tuple[str, ...]
    seeded_before: str


@lru_cache(maxsize=1)
def _table() -> _WatchTable:
    return checked("table.toml", _built)


def _built(root: Node) -> _WatchTable:
    named = [(name, role) for role, names in root.get("packages").items() if names.is_list for name in names.texts()]
    tools = root.dig("tools", "names").texts()
    return _WatchTable(
        roles={name: role for name, role in named if "*" not in name},
        patterns=tuple((name, role) for name, role in named if "*" in name),
        tools=frozenset(name for name in tools if "*" not in name),
        tool_patterns=tuple(name for name in tools if "*" in name),
        severities={role: _levels(row) for role, row in root.get("roles").items()},
        readers={name: row.texts() for name, row in root.get("readers").items() if row.is_list},
        runtimes=frozenset(root.dig("runtimes", "names").texts()),
        followers={name: row.texts() for name, row in root.get("follows").items() if row.is_list},
        seeded=root.dig("seeded", "names").texts(),
        seeded_before=root.dig("seeded", "before").text(),
    )


def _levels(row: Node) -> Mapping[str, Severity]:
    return {
        distance.value: Severity(row.get(distance.value).text())
        for distance in Distance
        if row.get(distance.value).exists
    }


def _fits(package: str, pattern: str) -> bool:
    """Whether a name fits a pattern of `*` alone; `fnmatch` compiles each, which takes longer than a short run asks."""
    return wildcards(pattern, package) is not None


@lru_cache(maxsize=16384)
def role(package: str) -> str | None:
    """Why a package is watched (`artifact`, `numeric`, `abi`, `cuda`), None if it is not."""
    table = _table()
    roles = table.roles.get(package)
    named = (role for pattern, role in table.patterns if _fits(package, pattern))
    return roles or next(named, None) or _role_by_dossier(package)


@lru_cache(maxsize=1)
def _with_dossier() -> frozenset[str]:
    return frozenset(packages())


def _role_by_dossier(package: str) -> str | None:
    """What is known of a package makes it watched: for its artifacts where it has any, else for its numbers."""
    if package not in _with_dossier():
        return None
    return "artifact" if owns_kinds(package) else "numeric"


def watched_packages() -> tuple[str, ...]:
    """The names of all watched packages that the table lists or of which there is a dossier."""
    return tuple(sorted(_table().roles.keys() | _with_dossier()))


def watched(package: str) -> bool:
    """Whether model artifacts, numerics, binary interfaces or CUDA depend on a package."""
    return role(package) is not None


def in_artifacts(package: str) -> bool:
    """Whether model artifacts depend on a package."""
    return role(package) == "artifact"


@lru_cache(maxsize=16384)
def is_tool(package: str) -> bool:
    """Whether a package is an installer, a linter or a test tool."""
    table = _table()
    return package in table.tools or any(_fits(package, pattern) for pattern in table.tool_patterns)


def is_seeded(package: str, python: str) -> bool:
    """Whether a new environment of a Python has a package already, so that no install chooses its release."""
    table = _table()
    return package in table.seeded and is_before(python, table.seeded_before) is True


def runtime_names() -> frozenset[str]:
    """Packages that read what packages of another name write, though they are no readers by their release alone."""
    return _table().runtimes


def readers(package: str) -> tuple[str, ...]:
    """Packages that load what this one writes, itself first."""
    return (package, *_table().readers.get(package, ()))


@lru_cache(maxsize=16384)
def leaders(package: str) -> tuple[str, ...]:
    """Packages that this one moves with, in the order of the table."""
    followers = _table().followers.items()
    return tuple(leader for leader, patterns in followers if any(_fits(package, pattern) for pattern in patterns))


def default_severity(package: str, distance: Distance, *, in_artifact: bool = True) -> Severity:
    """How much a difference matters of which nothing more exact is known; less where no artifact depends on it."""
    named = role(package)
    levels = _table().severities.get(named if named and (in_artifact or named != "artifact") else "numeric", {})
    return levels.get(distance.value, Severity.INFO)
