"""The environments that a configuration declares: its own, and those that its pairs of globs match."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlaudit.document.budget import Budget, BudgetExceeded, Limit
from mlaudit.environments.several_models import EnvironmentWithModels, joined, with_models_apart
from mlaudit.environments.sources import demand_present, parse_source
from mlaudit.model.globs import wildcards
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place, Unread
from mlaudit.model.report import Environment, SharedFile
from mlaudit.parsers._failures import reason
from mlaudit.parsers._registry import is_named
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.config_file import ConfigError
from mlaudit.request.options import Options
from mlaudit.request.settings import EnvironmentSettings, PairSettings, TargetSettings
from mlaudit.request.source_spec import BadSource, SourcePart
from mlaudit.request.wanted import Wanted
from mlaudit.sources.confinement import reason_outside, tree_around
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree


def confined(options: Options) -> Options:
    """The options with the folder that a configuration which nobody named may read, and the documents it names."""
    if options.settings.named_by_user:
        return options
    return replace(options, tree=tree_around(_base(options)))


def refusals(options: Options) -> Iterator[Unread]:
    """What a configuration that nobody named may not name, each with its place."""
    settings, base = options.settings, _base(options)
    rows = [
        *((text, at) for environment in settings.environments for text, at in _with_places(environment)),
        *(
            (text, environment.at)
            for environment in settings.environments
            for text in (*environment.writes, *environment.reads)
        ),
    ]
    parts = (part for text, at in rows for part in _parts(text, base, at, options.tree))
    yield from (part.refused for part in parts if part.refused is not None)
    for row in settings.same:
        yield from (refused for path in row.files if (refused := _refused(path, base, row.at, options.tree)))


def _base(options: Options) -> Path:
    """The folder of the configuration, which its paths are relative to."""
    return options.root / posixpath.dirname(options.settings.path or "")


def _with_places(settings: EnvironmentSettings) -> Iterator[tuple[str, Place]]:
    yield from zip(settings.sources, settings.source_places or (settings.at,) * len(settings.sources), strict=True)


MATCHED = Limit(name="characters of paths times wildcards", most=20_000_000)
"""A pair of globs is matched against every path below the configuration."""


def declared(options: Options) -> Iterator[Environment]:
    """Every declared environment, read. Raises ConfigError, with the place of a source that means nothing."""
    base = _base(options)
    options.progress.expect(sum(len(environment.sources) for environment in options.settings.environments))
    yield from joined([_environment(environment, base, options) for environment in options.settings.environments])
    for pair in options.settings.pairs:
        yield from _fleet(pair, base, options)


def _environment(settings: EnvironmentSettings, base: Path, options: Options) -> EnvironmentWithModels:
    tree = options.tree
    parts = [part for text, at in _with_places(settings) for part in _present(text, base, at, tree)]
    writes, reads = (
        [part for text in texts for part in _parts(text, base, settings.at, tree)]
        for texts in (settings.writes, settings.reads)
    )
    options = replace(options, wanted=_wanted(settings, options))
    request = EnvironmentRequest(
        name=settings.name,
        role=settings.role,
        follows=settings.follows,
        artifact_kinds=settings.artifact_kinds,
        kinds_from=settings.crosses,
        guessed=settings.guessed,
    )
    return with_models_apart(request, options, sources=parts, writes=writes, reads=reads)


def shared_files(options: Options) -> Iterator[tuple[SharedFile, ...]]:
    """The files that the configuration declares to be the same on every side, read."""
    base = _base(options)
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    for row in options.settings.same:
        yield tuple(_shared(root, base / path, _refused(path, base, row.at, options.tree)) for path in row.files)


def _shared(root: WorkingTree, path: Path, refused: Unread | None) -> SharedFile:
    if refused is not None:
        return SharedFile(path=root.shown(path), text=None, why=f"{refused.why} ({refused.at})")
    try:
        return SharedFile(path=root.shown(path), text=root.document(path).text)
    except Exception as error:
        return SharedFile(path=root.shown(path), text=None, why=reason(error))


def _parts(text: str, base: Path, at: Place, tree: Path | None) -> Iterator[SourcePart]:
    """The parts of a source; its paths are relative to the configuration's folder."""
    try:
        yield from parse_source(text, base, lambda part: _refused(part.path, base, at, tree, part))
    except BadSource as error:
        raise ConfigError(at, str(error)) from None


def _present(text: str, base: Path, at: Place, tree: Path | None) -> Sequence[SourcePart]:
    """The parts of a source that the user declared, each of which is there. Raises ConfigError."""
    parts = tuple(_parts(text, base, at, tree))
    try:
        demand_present(parts, base)
    except BadSource as error:
        raise ConfigError(at, str(error)) from None
    return parts


def _refused(path: str, base: Path, at: Place, tree: Path | None, part: SourcePart | None = None) -> Unread | None:
    """Why a path of the configuration is not read, None if it may be; of a commit git itself leads nowhere else."""
    if tree is None or (part is not None and part.revision is not None and part.clone is None):
        return None
    why = reason_outside(path, base, tree, clone=part.clone if part is not None else None)
    return Unread(at=at, why=why, what=part.text if part is not None else path, whole=True) if why else None


def _wanted(settings: EnvironmentSettings, options: Options) -> Wanted:
    """What the options ask for; then the environment's own target, then that of the whole configuration."""
    wanted = options.wanted
    common = options.settings.target
    return replace(
        wanted,
        python=wanted.python or settings.target.python or common.python,
        platform=wanted.platform or _platform(settings.target) or _platform(common),
        extras=(*wanted.extras, *settings.extras),
        groups=(*wanted.groups, *settings.groups),
    )


def _platform(target: TargetSettings) -> str | None:
    return "-".join(part for part in (target.platform, target.machine) if part) or None


def _fleet(pair: PairSettings, base: Path, options: Options) -> Iterator[Environment]:
    """One writer and one reader for each match of the wildcards that both globs have."""
    paths = _folders_and_files(base, options.tree)
    writers, readers = (_matches(glob, paths, pair.at) for glob in (pair.training, pair.serving))
    shared = [key for key in writers if key in readers]
    if not shared:
        raise ConfigError(pair.at, f"no two paths match `{pair.training}` and `{pair.serving}` with equal wildcards")
    for key in shared:
        writer, reader = writers[key], readers[key]
        requests = (
            EnvironmentRequest(name=writer, role="training"),
            EnvironmentRequest(name=reader, role="serving", follows=(writer,)),
        )
        yield from joined(
            [with_models_apart(request, options, sources=_at(base, request.name)) for request in requests]
        )


def _at(base: Path, path: str) -> Sequence[SourcePart]:
    return [SourcePart(text=path, path=str(base / path))]


def _folders_and_files(base: Path, tree: Path | None) -> list[str]:
    files = walk(base, is_named, tree=tree).paths
    folders = {parent for path in files for parent in _parents(path)}
    return sorted({*files, *folders})


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _matches(glob: str, paths: Sequence[str], at: Place) -> dict[tuple[str, ...], str]:
    """Paths that a glob matches, by what its wildcards stand for. Raises ConfigError where that is too much work."""
    budget, cost = Budget(), glob.count("*") + 1
    first, _, rest = glob.partition("*")
    last = rest.rpartition("*")[2]
    matching: dict[tuple[str, ...], str] = {}
    try:
        for path in paths:
            if not (path.startswith(first) and path.endswith(last)):
                continue
            budget.spend(MATCHED, cost * (len(path) + 1))
            groups = wildcards(glob, path)
            if groups is not None:
                matching[groups] = path
    except BudgetExceeded as error:
        raise ConfigError(at, f"`{glob[:60]}` cannot be matched: {error.why}") from None
    return matching
