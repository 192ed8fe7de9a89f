"""Something that was seen in a file and why it matters: the evidence for environments and pairs."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One reason with its place; `says` is a sentence part (`runs uvicorn app:app`)."""

    at: Place
    says: str

    def __str__(self) -> str:
        """The reason and the place behind it."""
        return f"{self.says} ({self.at})"
