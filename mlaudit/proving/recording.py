"""`--record`: proofs written into `mlaudit.evidence.toml`, where the offline audit finds them."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.model.errors import UsageError
from mlaudit.proving.prove import ProofReport, ProvenPair
from mlaudit.request.options import Options


def record(report: ProofReport, pairs: Sequence[ProvenPair], options: Options) -> ProofReport:
    raise UsageError("not yet")
