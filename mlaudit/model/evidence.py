"""What `mlaudit prove --record` wrote down: one model between one writer and one reader."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedProof:
    """A proof as written in the file.

    Attributes:
        model: its path relative to the root.
        verdict: `same`, `differs`, `fails`, ... as `mlaudit prove` calls it.
        date: the day on which it was proven.
        platform: where, `linux x86_64`.
        versions: of the writer and of the reader, `python` among them; by `writer` and `reader`.
    """

    model: str
    sha256: str
    kind: str
    writer: str
    reader: str
    verdict: str
    says: str
    date: str
    platform: str
    at: Place
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the reader gave the same results; that it loads alone says nothing of them."""
        return self.verdict == "same"

    @property
    def is_bad(self) -> bool:
        """Whether the reader was seen to fail, or to give different results."""
        return self.verdict in ("differs", "fails", "crashes", "hangs", "out of memory")
