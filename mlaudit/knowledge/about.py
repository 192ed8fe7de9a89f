"""Everything known of one package, with its sources, for whoever asks why."""

from __future__ import annotations

from mlaudit.knowledge.binaries import Built, built
from mlaudit.knowledge.family import Demand, demands_of
from mlaudit.knowledge.kinds import ArtifactKind, Companion, artifact_kinds, companions
from mlaudit.knowledge.load import Dossier, dossier
from mlaudit.knowledge.releases import ReleaseHistory, history
from mlaudit.knowledge.table import role
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a package; empty parts if nothing is.

    Attributes:
        role: why it is watched.
        dossier: its promise, edges, rates and changes of behaviour.
        kinds: the artifact kinds it writes.
        companions: the packages whose crossings count for those.
        demands: what its releases demand of others, and others of it.
        built: against which numpy its wheels were compiled.
        releases: its known releases and what they declare.
    """

    package: str
    role: str | None
    dossier: Dossier | None
    kinds: tuple[ArtifactKind, ...]
    companions: tuple[Companion, ...]
    demands: tuple[Demand, ...]
    built: Built | None
    releases: ReleaseHistory | None


def about(package: str) -> About:
    """All rows of a package (its normalized name). Raises KnowledgeError."""
    return About(
        package=package,
        role=role(package),
        dossier=dossier(package),
        kinds=tuple(kind for kind in artifact_kinds().values() if kind.package == package),
        companions=companions(package),
        demands=demands_of(package),
        built=built(package),
        releases=history(package),
    )
