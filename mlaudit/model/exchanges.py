"""What an environment writes to or reads from a place that other repositories can reach."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One artifact in a registry, on a hub or in a bucket, as the code of an environment names it.

    Attributes:
        side: `writes` or `reads`.
        kind: `registry`, `hub` or `bucket`.
        scope: what the name is unique in: the registry (`mlflow`), the bucket.
        name: the complete name.
        form: how the artifact is stored, as `kinds` or the call says.
        kinds: its artifact kinds, empty if they are not known.
        at: the call.
    """

    side: str
    kind: str
    name: str
    at: Place
    scope: str = ""
    form: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def address(self) -> tuple[str, str, str]:
        """What both sides must have in common."""
        return self.kind, self.scope, self.name
