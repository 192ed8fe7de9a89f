"""Model files among the paths of a folder, by their names alone: which may be some, and which belong to one series."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.groups import common_parts, why_ignored
from mlaudit.knowledge.model_folders import holds_models, is_hint
from mlaudit.knowledge.roles import READER, tokens, words
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.parsers._names import is_template
from mlaudit.parsers._registry import format_names, is_artifact

SHOWN = 6
"""Paths that a sentence names."""

_NUMBER = lazy_pattern(r"[0-9]+")


def may_be_model(path: str) -> bool:
    """Whether the name of a file is one that model files have; descriptions of models and templates are documents."""
    return not is_template(path) and any(
        is_artifact(name) and name not in words().descriptors for name in format_names(path)
    )


def is_loadable_model(path: str) -> bool:
    """Whether a file may be a model because code loads it: by its name, and not in a folder of data."""
    return may_be_model(path) and _folder_says(path) is not False and why_ignored(path) is None


def by_series(paths: Iterable[str]) -> list[str]:
    """Paths so that the first of every series (`model-#-of-#.safetensors`) comes before the second of any."""
    counts: dict[tuple[str, ...], int] = {}
    numbered: list[tuple[int, int, str]] = []
    for order, path in enumerate(paths):
        series = tuple(_NUMBER.split(path))
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
        environment: the name of the one that writes or loads them; None if nothing shows it.
        is_written: the environment writes them, so that those that follow it load them; else it loads them itself.
        why: how that is known, or why nobody loads them.
    """

    environment: str | None
    is_written: bool
    why: str


def likely_models(paths: Iterable[str]) -> list[str]:
    """Files of a tree that may be models: those whose names nothing else has, and others in folders of models."""
    named_so = [path for path in paths if may_be_model(path) and why_ignored(path) is None]
    sure = [path for path in named_so if not is_hint(path) and _folder_says(path) is not False]
    homes = {_folder(path) for path in sure}
    hinted = (path for path in named_so if is_hint(path) and (_folder_says(path) is True or _folder(path) in homes))
    return by_series(sorted({*sure, *hinted}))


def _folder_says(path: str) -> bool | None:
    return holds_models(word for folder in path.split("/")[:-1] for word in tokens(folder))


def _folder(path: str) -> str:
    return posixpath.dirname(path)


def place(folder: str, discovery: Discovery) -> ModelPlace:
    """Where the models in a folder belong: the environment whose folder they are in, else the nearest pair."""
    inside = [
        environment
        for environment in discovery.environments
        if environment.folder and _is_in(folder, environment.folder)
    ]
    own = max(inside, key=lambda environment: len(environment.folder), default=None)
    beside = [
        environment
        for environment in inside
        if own is not None and environment.folder == own.folder and _is_reader(environment)
    ]
    if len(beside) > 1:
        writers = {writer for environment in beside for writer in environment.follows}
        if len(writers) == 1 and all(environment.follows for environment in beside):
            writer = writers.pop()
            return ModelPlace(
                environment=writer, is_written=True, why=_compared(writer, [environment.name for environment in beside])
            )
        why = f"which of {', '.join(environment.name for environment in beside)} loads them is not known; {DECLARE}"
        return ModelPlace(environment=None, is_written=False, why=why)
    if own is not None and _is_reader(own):
        why = f"they lie in the folder of {own.name}, and are treated as models that it loads"
        return ModelPlace(environment=own.name, is_written=False, why=why)
    readers = [
        environment.name
        for environment in discovery.environments
        if own is not None and own.name in environment.follows
    ]
    if own is not None and readers:
        return ModelPlace(environment=own.name, is_written=True, why=_compared(own.name, readers))
    return _by_project(folder, discovery)


def loaders(path: str, discovery: Discovery) -> list[str]:
    """The environments whose code loads a model file, where its folder does not lead to them already."""
    where = place(_folder(path), discovery)
    environments_meant = {where.environment}
    if where.is_written:
        environments_meant.update(
            environment.name for environment in discovery.environments if where.environment in environment.follows
        )
    named = [
        environment.name
        for environment in discovery.environments
        if any(loaded == path for loaded, _ in environment.loads)
    ]
    return [] if environments_meant.intersection(named) else named


def places(folder: str, paths: Sequence[str], discovery: Discovery) -> Iterator[tuple[ModelPlace, list[str]]]:
    """The model files of a folder by the environments that they belong to: those that load them, else by folders."""
    loaded: dict[str, list[str]] = {}
    for path in paths:
        for name in loaders(path, discovery):
            loaded.setdefault(name, []).append(path)
    for environment in discovery.environments:
        own = loaded.get(environment.name, [])
        calls = list(dict.fromkeys(f"{at.path}:{at.line}" for path, at in environment.loads if path in own))
        if own:
            why = (
                f"the code of {environment.name} names {'it' if len(own) == 1 else 'them'} ({', '.join(calls[:SHOWN])})"
            )
            yield ModelPlace(environment=environment.name, is_written=False, why=why), own
    known = {path for own in loaded.values() for path in own}
    left = [path for path in paths if path not in known]
    if left:
        yield place(folder, discovery), left


def _by_project(folder: str, discovery: Discovery) -> ModelPlace:
    folders = {environment.name: environment.folder for environment in discovery.environments}
    homes = {pair: _home(pair, folders) for pair in discovery.pairs}
    around = [pair for pair, home in homes.items() if not home or _is_in(folder, home)]
    if not around:
        return ModelPlace(environment=None, is_written=False, why=f"no environment is known that loads them; {DECLARE}")
    nearest = max(len(homes[pair]) for pair in around)
    pairs = [pair for pair in around if len(homes[pair]) == nearest]
    writers = list(dict.fromkeys(pair.writer for pair in pairs))
    if len(writers) > 1:
        names = ", ".join(writers)
        why = f"which of {names} wrote them is not known; {DECLARE}"
        return ModelPlace(environment=None, is_written=False, why=why)
    return ModelPlace(
        environment=writers[0], is_written=True, why=_compared(writers[0], [pair.reader for pair in pairs])
    )


def _is_reader(environment: DiscoveredEnvironment) -> bool:
    return bool(environment.follows) or words().side(environment.role) == READER


def _home(pair: Pair, folders: Mapping[str, str]) -> str:
    """The folder that holds both sides of a pair, or its project where that is smaller."""
    sides = [tuple(filter(None, folders[name].split("/"))) for name in (pair.writer, pair.reader)]
    shared = "/".join(common_parts(*sides))
    return max(shared, pair.project, key=len)


DECLARE = "state it by `writes` or `reads` in mlaudit.toml (mlaudit init)"


def _compared(writer: str, readers: Sequence[str]) -> str:
    return f"treated as models that {writer} writes and {', '.join(readers)} loads"


def _is_in(folder: str, outer: str) -> bool:
    return folder == outer or folder.startswith(f"{outer}/")


def by_folder(paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Paths by the folder that they are in, in order."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(_folder(path), []).append(path)
    yield from sorted(folders.items())
