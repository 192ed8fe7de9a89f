"""What one part of a source holds: documents of an environment, and documents that are models."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.document.document import Document
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """What a folder holds.

    Attributes:
        documents: of the environment that it declares or is.
        models: documents that record what wrote a model.
        loads: models that are in the environment itself, as in an image, and that it loads.
        rest: what was seen and is not read, as a reading of the folder; None if there is no model in it.
    """

    documents: Sequence[Document] = ()
    models: Sequence[Document] = ()
    loads: Sequence[Document] = ()
    rest: Reading | None = None
