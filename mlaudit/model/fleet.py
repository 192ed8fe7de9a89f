"""What a fleet says: repositories, pairs by severity, versions and where they run, drift, clusters, models at risk."""

from __future__ import annotations

from typing import Any

from mlaudit.model.lazy_dataclass import dataclass

MAX_NAMED = 20
"""Environments that are named where many have something in common; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRepository:
    """One repository of a fleet.

    Attributes:
        kind: `checkout`, `bare` or `inventory`.
        why: why it was given up; empty if it was audited.
        error, warning, info: its findings that count.
    """

    name: str
    kind: str
    revision: str | None = None
    why: str = ""
    environments: int = 0
    pairs: int = 0
    unread: int = 0
    error: int = 0
    warning: int = 0
    info: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPair:
    """A writer and a reader, perhaps of two repositories, with what was found between them.

    Attributes:
        severity: of the worst finding, empty if there is none.
        address: by which artifact two repositories meet; empty for a pair of one repository.
        differ: watched packages whose versions differ: the name, what is written with, what it is read with.
        findings: as rows have them: code, severity, package, message, path, line.
        why: why the pair could not be compared.
    """

    writer: str
    reader: str
    severity: str = ""
    certain: bool = True
    address: str = ""
    models: tuple[str, ...] = ()
    differ: tuple[tuple[str, str, str], ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionUse:
    """One version of a package and the environments that install it; `where` names `MAX_NAMED` of them at most."""

    package: str
    version: str
    count: int
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCluster:
    """Environments that state the same version of every watched package."""

    versions: tuple[tuple[str, str], ...]
    count: int
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSpread:
    """How far a package drifts: the pairs in which it differs, of those that compare it, and its versions."""

    package: str
    differing: int
    compared: int
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRisk:
    """What a change of a version puts at risk in one environment.

    Attributes:
        why: what makes the change unsafe there.
        models: artifacts that cross to or from the environment; empty if none is named.
    """

    environment: str
    package: str
    stated: str
    to: str
    why: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """The report on a fleet; everything in an order that depends on names alone.

    Attributes:
        drifts: by pairs in which they differ, most first.
        asked: the changes of `--what-if`.
        compared, differing: watched packages of pairs that both sides name, and those of them that differ.
    """

    knowledge: str
    repositories: tuple[FleetRepository, ...]
    pairs: tuple[FleetPair, ...]
    versions: tuple[VersionUse, ...]
    clusters: tuple[EnvironmentCluster, ...]
    drifts: tuple[PackageSpread, ...]
    risks: tuple[ModelRisk, ...]
    exit_code: int
    environments: int = 0
    compared: int = 0
    differing: int = 0
    asked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
