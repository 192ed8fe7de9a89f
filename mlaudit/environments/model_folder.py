"""A folder as the environment that its files declare and the model files in it, each with the reason if not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlaudit.discovery.environments import DiscoveredEnvironment, describes_model, discover, no_roots
from mlaudit.discovery.model_files import by_series, may_be_model, shown_names
from mlaudit.discovery.recipes import AuditedTree
from mlaudit.document.document import Document
from mlaudit.environments.folder_contents import FolderContents
from mlaudit.environments.found_models import MAX_MODELS
from mlaudit.environments.named_files import stating
from mlaudit.knowledge.model_folders import is_hint, states_nothing
from mlaudit.knowledge.roles import words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.nouns import Place, Reading, Unread
from mlaudit.parsers._read import is_model_file
from mlaudit.parsers._registry import environment_format, is_named
from mlaudit.sources.folder_files import FolderFiles
from mlaudit.sources.listing import Walked, walk
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import WorkingTree

SHOWN_ENVIRONMENTS = 12
"""Environments of one folder that a sentence names."""
MAX_OPENED = 2_000
"""Files of one folder whose first bytes are asked what they are."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """Files of a folder on their way: the models, those of no known format, and those that nobody looked at."""

    models: list[Document] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    opened: int = 0


class SeveralEnvironments(Unreadable):
    """A folder in which files of several environments are."""


def folder_contents(folder: Path, root: WorkingTree, role: str = "", without: Sequence[str] = ()) -> FolderContents:
    """The environment installed in a folder, else the one that it declares, and the model files in it.

    Of several environments the one counts that is on the side of a role (`training` writes, `serving` reads). Folders
    inside it that are read apart from it may leave nothing.
    Raises Unreadable where it holds nothing that is understood, or several environments and not one of that side.
    """
    installed = environment_document(folder, root)
    if installed is not None:
        return FolderContents(documents=[installed])
    files = FolderFiles(root, folder)
    walked = _outside(walk(folder, is_named, tree=root.tree_of(folder)), without)
    stated = stating(walked.paths, folder, root)
    environments = discover(stated).environments
    try:
        own, described = _split(environments)
    except SeveralEnvironments:
        from mlaudit.discovery.survey import survey_with_code

        tree = AuditedTree(folder=folder, root=root, paths=dict.fromkeys(walked.paths))
        of_recipes = survey_with_code(tree, stated, no_roots).discovery.environments
        own, described = _of_side(role, of_recipes, files.shown()), []
    sources = own.sources if own is not None else ()
    described = [path for path in described if path not in sources]
    left = [path for path in walked.paths if path not in sources and path not in described]
    seen = _Seen()
    _open_likely(files, left, seen)
    if own is None or _is_of_model(own):
        _open_others(files, left, seen)
    else:
        # Of a project's folder most files are no part of a model.
        seen.unknown.clear()
    models = [*(files.document(path) for path in described), *seen.models]
    if not sources and not models and not without:
        raise _nothing(walked.paths, walked.unread)
    documents = [files.document(source) for source in sources]
    if not models and (sources or not without) and (own is None or not _is_of_model(own)):
        return FolderContents(documents=documents)
    at = Place(path=files.shown())
    requested = _requested(environments, own)
    listed = _listed(left, [*requested, *(own.covered if own is not None else ())], seen)
    unread = (
        *_remarks(at, seen, requested),
        *_uncompared(at, listed),
        *(_inside(at, entry) for entry in walked.unread),
    )
    if without and not models and not unread:
        return FolderContents(documents=documents)
    return FolderContents(documents=documents, models=models, rest=_reading(at, unread))


def _outside(walked: Walked, without: Sequence[str]) -> Walked:
    """What was walked, save for some folders."""
    apart = tuple(f"{folder}/" for folder in without)
    return replace(walked, paths=tuple(path for path in walked.paths if not path.startswith(apart)))


def _reading(at: Place, unread: Iterable[Unread]) -> Reading:
    return Reading(path=at.path, format="folder", complete=False, unread=tuple(unread))


def _split(environments: Sequence[DiscoveredEnvironment]) -> tuple[DiscoveredEnvironment | None, list[str]]:
    """The one environment of a folder, and the descriptions of models in it.

    Raises SeveralEnvironments where it holds several environments that are not those of models.
    """
    described = [path for environment in environments for path in environment.sources if describes_model(path)]
    here = [environment for environment in environments if not environment.folder] or list(environments)
    plain = [environment for environment in here if not _is_of_model(environment)]
    if len(plain) > 1:
        names = ", ".join(environment.name for environment in plain)
        raise SeveralEnvironments(f"it contains several environments ({names}); name the files of one")
    if plain:
        return plain[0], described
    return (here[0] if len(here) == 1 else None), described


def _of_side(role: str, environments: Sequence[DiscoveredEnvironment], folder: str) -> DiscoveredEnvironment:
    """The one environment that trains or serves. Raises SeveralEnvironments where there is not exactly one."""
    plain = [environment for environment in environments if not _is_of_model(environment)]
    side = words().side(role)
    fitting = [environment for environment in plain if side is not None and words().side(environment.role) == side]
    chosen = fitting if fitting else plain
    if len(chosen) == 1 and not any("#" in source for source in chosen[0].sources):
        return chosen[0]
    listed = "; ".join(
        f"{environment.name} is {folder}/{environment.sources[0]}"
        for environment in (fitting or plain)[:SHOWN_ENVIRONMENTS]
    )
    more = len(fitting or plain) - SHOWN_ENVIRONMENTS
    raise SeveralEnvironments(
        f"it contains several environments; name one of them instead of the folder: {listed}"
        f"{f' and {more} more' if more > 0 else ''}"
    )


def _is_of_model(environment: DiscoveredEnvironment) -> bool:
    return any(describes_model(path) for path in environment.sources)


def _open_likely(files: FolderFiles, paths: Iterable[str], seen: _Seen) -> None:
    """Ask the files whose names models have; a name that nothing else has makes a model of what cannot be read."""
    for path in by_series(path for path in paths if may_be_model(path)):
        if len(seen.models) >= MAX_MODELS or seen.opened >= MAX_OPENED:
            seen.passed_over.append(path)
            continue
        seen.opened += 1
        document = files.document(path)
        if is_model_file(document) or not (is_hint(path) or states_nothing(path)):
            seen.models.append(document)
        elif not states_nothing(path):
            seen.unknown.append(path)


def _open_others(files: FolderFiles, paths: Iterable[str], seen: _Seen) -> None:
    """Look into the files whose names show nothing, save for those that are known to state no version."""
    others = (path for path in paths if not is_named(path) and not states_nothing(path))
    for path in by_series(others):
        if len(seen.models) >= MAX_MODELS or seen.opened >= MAX_OPENED:
            seen.passed_over.append(path)
            continue
        seen.opened += 1
        document = files.document(path)
        if is_model_file(document):
            seen.models.append(document)
        else:
            seen.unknown.append(path)


def _requested(environments: Sequence[DiscoveredEnvironment], own: DiscoveredEnvironment | None) -> list[str]:
    """What models of a folder of several ask to be installed."""
    others = (environment for environment in environments if environment is not own and _is_of_model(environment))
    return [path for other in others for path in (*other.sources, *other.covered) if not describes_model(path)]


def _listed(paths: Iterable[str], spoken: Sequence[str], seen: _Seen) -> list[str]:
    """Files beside a model that state versions, and are no part of what it asks to be installed."""
    stating_paths = [path for path in paths if environment_format(path) is not None and path not in spoken]
    # Of a known format they are, though they are no model.
    seen.unknown = [path for path in seen.unknown if path not in stating_paths]
    return stating_paths


def _uncompared(at: Place, paths: Sequence[str]) -> Iterator[Unread]:
    if paths:
        them = "it" if len(paths) == 1 else "them"
        states = "states" if len(paths) == 1 else "state"
        why = f"{_files(paths)} in it {states} versions beside the model, not compared; name {them} as a source: "
        yield Unread(at=at, why=why + shown_names(paths))


def _remarks(at: Place, seen: _Seen, requested: Sequence[str]) -> Iterator[Unread]:
    if seen.unknown:
        why = f"{_files(seen.unknown)} in it {_is(seen.unknown)} of no known format: {shown_names(seen.unknown)}"
        yield Unread(at=at, why=why)
    if seen.passed_over:
        yield Unread(
            at=at,
            why=f"it contains more model files than are read from one folder ({MAX_MODELS}); "
            f"{_files(seen.passed_over)} {_is(seen.passed_over)} left: {shown_names(seen.passed_over)}",
        )
    if requested:
        yield Unread(
            at=at,
            why="what several models in it ask to be installed is not compared, only what they record; name the "
            f"folder of one model for that: {shown_names(requested)}",
        )


def _files(paths: Sequence[str]) -> str:
    return f"{len(paths):,} file{'' if len(paths) == 1 else 's'}"


def _is(paths: Sequence[str]) -> str:
    return "is" if len(paths) == 1 else "are"


def _inside(at: Place, entry: Unread) -> Unread:
    """What the walk did not look into, as a part of the folder."""
    path = at.path if entry.at.path == "." else f"{at.path}/{entry.at.path}"
    return replace(entry, at=Place(path=path), whole=False)


def _nothing(paths: Sequence[str], unread: Sequence[Unread]) -> Unreadable:
    if not paths and unread:
        return Unreadable(unread[0].why)
    if not paths:
        return Unreadable("it is an empty folder: no installed environment, no list of packages and no model")
    return Unreadable(
        "it contains no installed environment, and no file in it states versions in a known format or is a known "
        f"model; {_files(paths)} {'was' if len(paths) == 1 else 'were'} seen: {shown_names(paths)}"
    )
