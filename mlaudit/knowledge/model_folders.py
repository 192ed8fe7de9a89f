"""What is in folders of models beside the files that state versions (`model_folders.toml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass

HINTS = "hints"
"""The row of names that identify a model file only together with its content."""
MODELS, DATASETS = "models", "datasets"
"""The rows of words of folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNames:
    """Files that are known by their names, and what they are."""

    title: str
    names: re.Pattern[str]
    paths: re.Pattern[str] | None
    folders: frozenset[str] = frozenset()

    def match(self, path: str) -> bool:
        """Whether a path is that of such a file."""
        if self.names.fullmatch(path.rpartition("/")[2]):
            return True
        return self.paths is not None and self.paths.fullmatch("/" + path) is not None


def states_nothing(path: str) -> bool:
    """Whether a file in a model's folder is known, by its name, to state no version of any library."""
    return any(row.match(path) for name, row in _table().items() if name != HINTS)


def holds_models(folder_words: Iterable[str]) -> bool | None:
    """Whether folders of such words hold models, or data (False); None if no word shows it. The last one decides."""
    answer = None
    for word in folder_words:
        if word in _table()[MODELS].folders:
            answer = True
        elif word in _table()[DATASETS].folders:
            answer = False
    return answer


def is_hint(path: str) -> bool:
    """Whether a name that a model file may have is that of other files too."""
    return _table()[HINTS].match(path)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, FileNames]:
    return checked("model_folders.toml", lambda root: {name: _row(row) for name, row in root.items()})


def _row(row: Node) -> FileNames:
    patterns = row.get("files").texts() if row.get("files").exists else []
    placed = [f"*/{pattern}" for pattern in patterns if "/" in pattern]
    return FileNames(
        title=row.get("title").text(),
        names=_any([pattern for pattern in patterns if "/" not in pattern]),
        paths=_any(placed) if placed else None,
        folders=frozenset(row.get("folders").texts()) if row.get("folders").exists else frozenset(),
    )


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns) or r"(?!)", re.IGNORECASE)
