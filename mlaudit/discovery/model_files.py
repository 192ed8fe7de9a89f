"""Model files among the paths of a folder, by their names alone: which may be some, and which belong to one series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.discovery.environments import Discovery
from mlaudit.discovery.groups import why_ignored
from mlaudit.knowledge.model_folders import holds_models, is_hint
from mlaudit.knowledge.roles import READER, tokens, words
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.parsers._registry import format_names, is_artifact

MAX_MODELS = 200
"""Model files of one folder that are read; of a longer series the first ones, and others are counted."""
SERVED_MODEL = "config.pbtxt"
"""The name of the file by which Triton knows a model; it stands beside the model and is none."""
SHOWN = 6
"""Paths that a sentence names."""

_NUMBER = lazy_pattern(r"[0-9]+")


def may_be_model(path: str) -> bool:
    """Whether the name of a file is one that model files have; descriptions of models are documents."""
    return any(is_artifact(name) and name not in words().descriptors for name in format_names(path))


def by_series(paths: Iterable[str]) -> list[str]:
    """Paths so that the first of every series (`model-#-of-#.safetensors`) comes before the second of any."""
    counts: dict[str, int] = {}
    numbered: list[tuple[int, int, str]] = []
    for order, path in enumerate(paths):
        series = _NUMBER.sub("#", path)
        counts[series] = counts.get(series, 0) + 1
        numbered.append((counts[series], order, path))
    return [path for _, _, path in sorted(numbered)]


def shown_names(paths: Sequence[str]) -> str:
    """Some paths in one text, `SHOWN` of them, and how many there are besides."""
    more = len(paths) - SHOWN
    names = ", ".join(paths[:SHOWN])
    return f"{names} and {more:,} more" if more > 0 else names


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlace:
    """To which environment the model files of a folder belong.

    Attributes:
        environment: the name of the one that writes or loads them; None where nothing tells it.
        is_written: the environment writes them, so that those that follow it load them; else it loads them itself.
        why: how that is known, or why nobody loads them.
    """

    environment: str | None
    is_written: bool
    why: str


def likely_models(paths: Iterable[str]) -> list[str]:
    """Files of a tree that may be models: those whose names nothing else has, and others in folders of models."""
    named_so = [path for path in paths if may_be_model(path) and why_ignored(path) is None]
    sure = [path for path in named_so if not is_hint(path) and _told(path) is not False]
    homes = {_folder(path) for path in sure}
    hinted = (path for path in named_so if is_hint(path) and (_told(path) is True or _folder(path) in homes))
    return by_series(sorted({*sure, *hinted}))


def _told(path: str) -> bool | None:
    return holds_models(word for folder in path.split("/")[:-1] for word in tokens(folder))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def place(folder: str, found: Discovery) -> ModelPlace:
    """Where the models in a folder belong: the environment whose folder they lie in, else the nearest pair."""
    own = max(
        (one for one in found.environments if one.folder and _is_in(folder, one.folder)),
        key=lambda one: len(one.folder),
        default=None,
    )
    if own is not None and (own.follows or words().side(own.role) == READER):
        return ModelPlace(
            environment=own.name, is_written=False, why=f"they lie in the folder of {own.name}, which loads them"
        )
    readers = [one.name for one in found.environments if own is not None and own.name in one.follows]
    if own is not None and readers:
        return ModelPlace(environment=own.name, is_written=True, why=_compared(own.name, readers))
    return _by_project(folder, found)


def _by_project(folder: str, found: Discovery) -> ModelPlace:
    around = [pair for pair in found.pairs if not pair.project or _is_in(folder, pair.project)]
    nearest = max((len(pair.project) for pair in around), default=0)
    pairs = [pair for pair in around if len(pair.project) == nearest]
    writers = list(dict.fromkeys(pair.writer for pair in pairs))
    if not pairs:
        return ModelPlace(environment=None, is_written=False, why=f"no environment is known that loads them; {DECLARE}")
    if len(writers) > 1:
        names = ", ".join(writers)
        why = f"which of {names} wrote them is not known; {DECLARE}"
        return ModelPlace(environment=None, is_written=False, why=why)
    return ModelPlace(
        environment=writers[0], is_written=True, why=_compared(writers[0], [pair.reader for pair in pairs])
    )


DECLARE = "say it by `writes` or `reads` in mlaudit.toml (mlaudit init)"


def _compared(writer: str, readers: Sequence[str]) -> str:
    return f"taken for what {writer} writes and {', '.join(readers)} loads"


def _is_in(folder: str, outer: str) -> bool:
    return folder == outer or folder.startswith(f"{outer}/")


def by_folder(paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Paths by the folder that they lie in, in order."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(_folder(path), []).append(path)
    yield from sorted(folders.items())
