"""The hidden dependencies of a project as a graph: what a change of a thing reaches, each edge with its evidence."""

from __future__ import annotations

from enum import Enum

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.observation import Observation


class NodeKind(str, Enum):
    """What a node of the map is, in the order in which maps list them."""

    MODEL = "model"
    DATA = "data"
    STAGE = "stage"
    CODE = "code"
    ENVIRONMENT = "environment"
    FILE = "file"
    PACKAGE = "package"


class Relation(str, Enum):
    """How an edge leads from its source to its target; every edge leads to what a change of its source reaches."""

    WRITES = "writes"
    READ_BY = "is read by"
    IMPORTED_BY = "is imported by"
    RUNS_IN = "runs in"
    DEFINES = "defines"
    STATES = "states"
    INSTALLED_IN = "is installed in"
    FOLLOWED_BY = "is followed by"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """One thing that others depend on.

    Attributes:
        key: unique in the map: its kind and name, with a number where two things share both.
        name: as the project writes it: a path, a name in a registry, an environment, a package.
        detail: a few words about it: its form, its role.
    """

    key: str
    kind: NodeKind
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEdge:
    """One dependency: the target depends on the source.

    Attributes:
        source, target: keys of nodes.
        evidence: what in the project shows it.
        certain: false where only names or a likely match show it.
        detail: the version, where a package is installed.
    """

    source: str
    target: str
    relation: Relation
    evidence: tuple[Observation, ...] = ()
    certain: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DependencyMap:
    """Nodes and edges in a fixed order, and sentences on what the map leaves out."""

    nodes: tuple[MapNode, ...] = ()
    edges: tuple[MapEdge, ...] = ()
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<DependencyMap: {len(self.nodes)} nodes, {len(self.edges)} edges>"
