"""Model files of a tree that its configuration does not name: whose they are, and what is reported about them."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair, describes_model
from mlaudit.discovery.model_files import shown_names
from mlaudit.discovery.model_server_uses import SERVED_MODEL
from mlaudit.environments.found_models import FoundModels, found_models, sentences_on_rest
from mlaudit.environments.sources import assemble
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.report import Environment
from mlaudit.parsers._registry import is_named
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.sources.folder_files import FolderFiles
from mlaudit.sources.listing import walk
from mlaudit.sources.paths import relative
from mlaudit.sources.working_tree import WorkingTree


def with_undeclared_models(
    declared: Sequence[Environment], options: Options
) -> tuple[list[Environment], tuple[str, ...]]:
    """Declared environments with the model files that only looking finds, and what is to be said of those.

    A file is compared with environments only where it can be one's alone: who declares some model files of a writer or
    reader has chosen them, so that any others are reported and not compared.
    """
    base = options.root / posixpath.dirname(options.settings.path or "")
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    named = _named(declared, base, options)
    walked = walk(base, is_named, tree=options.tree)
    paths = [path for path in walked.paths if not _is_at_or_below(path, named)]
    models = found_models(_as_found(declared, base, options.root), paths, FolderFiles(root, base), also=describes_model)
    chosen = _chosen(options)
    _leave_what_crosses(models, declared)
    left = [*models.unplaced, *_taken(models, chosen, declared)]
    environments = [_with_models(environment, models, base, options) for environment in declared]
    return environments, tuple(_sentences(models, left, declared))


def _named(declared: Iterable[Environment], base: Path, options: Options) -> frozenset[str]:
    """What the configuration reads already, relative to its folder: files and folders."""
    rows = options.settings.environments
    texts = {text.partition("#")[0] for row in rows for text in (*row.sources, *row.writes, *row.reads)}
    readings = (
        reading
        for environment in declared
        for reading in (*environment.readings, *environment.writes, *environment.reads)
    )
    read = {relative(options.root / reading.path, base) for reading in readings}
    return frozenset({*map(posixpath.normpath, texts), *read})


def _is_at_or_below(path: str, named: frozenset[str]) -> bool:
    if "." in named:
        return True
    while path:
        if path in named:
            return True
        path = posixpath.dirname(path)
    return False


def _as_found(declared: Sequence[Environment], base: Path, root: Path) -> Discovery:
    """Declared environments as looking knows them, so that one rule decides for both to whom a model belongs."""
    folders = {environment.name: _folder(environment, base, root) for environment in declared}
    shared = Counter(folders.values())
    environments = tuple(
        DiscoveredEnvironment(
            name=environment.name,
            role=environment.role,
            folder=folders[environment.name] if shared[folders[environment.name]] == 1 else "",
            sources=(),
            follows=tuple(environment.follows),
        )
        for environment in declared
    )
    pairs = tuple(
        Pair(writer=writer, reader=environment.name, project="", certain=True)
        for environment in declared
        for writer in environment.follows
    )
    return Discovery(environments=environments, pairs=pairs, ignored=())


def _folder(environment: Environment, base: Path, root: Path) -> str:
    """The folder in which all sources of an environment are, relative to the configuration; empty if none is."""
    homes = {posixpath.dirname(relative(root / source.partition("#")[0], base)) for source in environment.sources}
    return homes.pop() if len(homes) == 1 else ""


def _chosen(options: Options) -> frozenset[str]:
    """Environments of which a configuration names model files, and those that these follow."""
    rows = options.settings.environments
    writers = {row.name for row in rows if row.writes}
    readers = [row for row in rows if row.reads]
    return frozenset(
        {*writers, *(reader.name for reader in readers), *(name for reader in readers for name in reader.follows)}
    )


def _taken(models: FoundModels, chosen: frozenset[str], declared: Sequence[Environment]) -> Iterator[str]:
    """Takes what was found for environments whose model files are declared, or that are nothing but a model."""
    refused = chosen | {environment.name for environment in declared if environment.is_model}
    for side in (models.writes, models.reads):
        for name in [name for name in side if name in refused]:
            yield from side.pop(name)


def _leave_what_crosses(models: FoundModels, declared: Iterable[Environment]) -> None:
    """Leaves out what shows a server of models that are declared to cross: it says nothing beside that."""
    for environment in declared:
        if environment.kinds_from and environment.name in models.reads:
            kept = [path for path in models.reads[environment.name] if posixpath.basename(path) != SERVED_MODEL]
            models.reads[environment.name] = kept
            if not kept:
                del models.reads[environment.name]


def _with_models(environment: Environment, models: FoundModels, base: Path, options: Options) -> Environment:
    writes, reads = (
        [SourcePart(text=path, path=str(base / path)) for path in side.get(environment.name, ())]
        for side in (models.writes, models.reads)
    )
    if not writes and not reads:
        return environment
    read = assemble(
        (), EnvironmentRequest(name=environment.name, role=environment.role), options, writes=writes, reads=reads
    )
    return replace(environment, writes=(*environment.writes, *read.writes), reads=(*environment.reads, *read.reads))


def _sentences(models: FoundModels, left: Sequence[str], declared: Sequence[Environment]) -> Iterator[str]:
    for name, paths in models.writes.items():
        readers = ", ".join(environment.name for environment in declared if name in environment.follows)
        yield (
            f"Found in the tree and not named in the configuration: {shown_names(paths)}; treated as models that "
            f"{name} writes and {readers} loads. Name them under writes or reads to say so."
        )
    for name, paths in models.reads.items():
        yield (
            f"Found in the tree and not named in the configuration: {shown_names(paths)}; treated as models that "
            f"{name} loads. Name them under reads to say so."
        )
    yield from sentences_on_rest(left, models.passed_over)
