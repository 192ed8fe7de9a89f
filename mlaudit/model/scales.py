"""The closed lists of words that readings and reports use, and how their members rank."""

from __future__ import annotations

from enum import Enum


class Severity(str, Enum):
    """How much a finding matters; `error` fails a run by default."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _SEVERITY_RANK[self]

    def raised(self) -> Severity:
        """The next worse severity."""
        return Severity.ERROR if self is not Severity.INFO else Severity.WARNING


_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Layer(str, Enum):
    """How sure a statement is about what really runs; `recorded` stands apart (it states what wrote a model)."""

    DECLARED = "declared"
    RESOLVED = "resolved"
    LOCKED = "locked"
    INSTALLED = "installed"
    RECORDED = "recorded"

    @property
    def rank(self) -> int:
        """Higher wins when layers disagree about the effective version."""
        return _LAYER_RANK[self]


_LAYER_RANK = {Layer.RECORDED: -1, Layer.DECLARED: 0, Layer.RESOLVED: 1, Layer.LOCKED: 2, Layer.INSTALLED: 3}


class Kind(str, Enum):
    """What a pin pins."""

    PACKAGE = "package"
    PROJECT = "project"
    LOCAL = "local"
    BOUND = "bound"
    PYTHON = "python"
    IMAGE = "image"
    CUDA = "cuda"
    CUDNN = "cudnn"
    DRIVER = "driver"
    SYSTEM = "system"
    ARTIFACT = "artifact"
    MODEL = "model"
    DATA = "data"
    FILE = "file"


class Role(str, Enum):
    """What a location has to do with its finding."""

    CHANGE = "change"
    WRITER = "writer"
    STATEMENT = "statement"
    REQUIREMENT = "requirement"
    PACKAGE = "package"
    ARTIFACT = "artifact"
    CONFIGURATION = "configuration"
    FILE = "file"


class Strength(str, Enum):
    """How an artifact shows a version: written by the library, implied by a format, by what can load it, or not."""

    EXACT = "exact"
    FORMAT = "format"
    LOAD = "load"
    NONE = "none"


class State(str, Enum):
    """What one environment states about one package."""

    EXACT = "exact"
    RANGE = "range"
    UNSTATED = "unstated"
    ABSENT = "absent"
    SEVERAL = "several"
    UNREAD = "unread"


class Verdict(str, Enum):
    """The one judgement of a crossing."""

    ALIGNED = "aligned"
    DIFFERS = "differs"
    ONE_SIDED = "one-sided"
    LOOSE = "loose"
    DISJOINT = "disjoint"
    UNREAD = "unread"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _VERDICT_RANK[self]


_VERDICT_RANK = {
    Verdict.DISJOINT: 0,
    Verdict.DIFFERS: 1,
    Verdict.UNREAD: 2,
    Verdict.ONE_SIDED: 3,
    Verdict.LOOSE: 4,
    Verdict.ALIGNED: 5,
}


class Distance(str, Enum):
    """How far apart two versions are."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    PRE = "pre"
    VARIANT = "variant"

    @property
    def rank(self) -> int:
        """0 for the farthest."""
        return _DISTANCE_RANK[self]


_DISTANCE_RANK = {Distance.MAJOR: 0, Distance.MINOR: 1, Distance.PATCH: 2, Distance.PRE: 3, Distance.VARIANT: 4}
