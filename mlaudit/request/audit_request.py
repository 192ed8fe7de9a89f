"""What the stages after discovery are asked for: one environment, and the report on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.report import Discovered, SharedFile
from mlaudit.request.options import Options

if TYPE_CHECKING:
    from mlaudit.model.exchanges import Exchange
    from mlaudit.model.observation import Observation
    from mlaudit.model.pairs import EnvironmentPair


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """One environment as it was declared or discovered, before its sources are read.

    Attributes:
        follows: the environments that write what this one reads.
        artifact_kinds: what crosses where no artifact is available (`sklearn.pickle`).
        kinds_from: the same for each of the environments that it follows.
        guessed: nothing but names shows that it follows them.
        evidence: why it is taken for what it is.
        notes: remarks for the user.
        exchanges: what its code writes to or reads from registries, hubs and buckets.
    """

    name: str
    role: str
    follows: Sequence[str] = ()
    artifact_kinds: Sequence[str] = ()
    kinds_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guessed: bool = False
    evidence: Sequence[Observation] = ()
    notes: Sequence[str] = ()
    exchanges: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """What a report is to be made of, beside its environments.

    Attributes:
        command: the command that asks.
        options: what the user asked for; of its `only`, other packages make no rows and no findings.
        found: what was discovered, with the reasons.
        shared: files that must be the same on every side.
        pairs: what is known of pairs beyond who follows whom.
        uncertain: pairs whose roles were guessed where other pairings were possible, or between which nothing but
            tables and texts is known to cross; they give no errors.
        proven: pairs whose models were proven to give the same results, with the sentence on it.
        lost: of a source that the user named, nothing could be read.
        partial: the configuration declares more than these environments.
    """

    command: str
    options: Options
    found: Sequence[Discovered] = ()
    notes: Sequence[str] = ()
    shared: Sequence[tuple[SharedFile, ...]] = ()
    pairs: Sequence[EnvironmentPair] = ()
    uncertain: frozenset[tuple[str, str]] = frozenset()
    proven: Mapping[tuple[str, str], str] = field(default_factory=dict)
    lost: bool = False
    partial: bool = False
