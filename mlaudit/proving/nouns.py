"""What a proof speaks of: cases, what a process gave, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from mlaudit.model.errors import MlauditError
from mlaudit.model.lazy_dataclass import dataclass, field

Values = Mapping[str, object]


class ProofVerdict(str, Enum):
    """What happened to one model."""

    SAME = "same"
    LOADS = "loads"
    DIFFERS = "differs"
    FAILS = "fails"
    CRASHES = "crashes"
    HANGS = "hangs"
    OUT_OF_MEMORY = "out of memory"
    REFUSED = "refused"
    NOT_PROVEN = "not proven"

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against the reader."""
        return self in (ProofVerdict.SAME, ProofVerdict.LOADS)


class NotBuilt(MlauditError):
    """An environment cannot be built; the message states which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLimits:
    """What one loading process may use."""

    seconds: int = 120
    memory: int = 8 * 1024**3
    rtol: float = 1e-6
    atol: float = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRequest:
    """Where the rows come from: a file, a function `module:function` of a folder, values, or the model itself."""

    file: Path | None = None
    function: str | None = None
    folder: Path | None = None
    values: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltEnvironment:
    """An environment that lies ready.

    Attributes:
        packages: what was asked to be installed, by name.
        fresh: it was built now, and not by an earlier run.
        notes: how it differs from what its sources say.
    """

    name: str
    interpreter: Path
    python: str
    packages: Mapping[str, str]
    fresh: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCase:
    """One model that is proven.

    Attributes:
        shown: how reports call it.
        path: the user's file or folder; None if a battery writes one.
        kind: its artifact kind.
        package: the one that writes the kind.
        names: what it imports, where that was seen without loading it.
        walked: all of it was seen.
        example: rows that are beside it (MLflow's `input_example`).
    """

    shown: str
    kind: str
    loader: str
    package: str
    path: Path | None = None
    names: tuple[tuple[str, str], ...] = ()
    walked: bool = True
    declared: bool = False
    example: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAnswer:
    """What one process gave: `word` is `ok`, `error`, `crash`, `hang`, `memory`, `refused` or `full` (the disk)."""

    word: str
    error: str = ""
    step: str = ""
    rows: str = ""
    answers: tuple[Values, ...] = ()
    warned: tuple[str, ...] = ()
    network: str = ""
    python: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    kept: object = None
    printed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The verdict on one model, and what it rests on.

    Attributes:
        says: the verdict as a sentence.
        evidence: what was seen, a sentence each.
        tried: other versions of the guilty package, with what happened to each.
        untried: changes that may be smaller, or work, and were not tried for lack of budget.
        advice: the smallest change that works; empty if none is needed or none was found.
        difference: the greatest relative difference of two numbers.
    """

    case: ProofCase
    writer: str
    reader: str
    verdict: ProofVerdict
    says: str
    evidence: tuple[str, ...] = ()
    tried: tuple[tuple[str, str], ...] = ()
    untried: tuple[str, ...] = ()
    advice: str = ""
    difference: float | None = None
    sha256: str = ""
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
