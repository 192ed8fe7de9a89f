"""The environments that a configuration declares: its own, and those that its pairs of globs match."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mlaudit.assembly import assemble, parse_source
from mlaudit.config import ConfigError
from mlaudit.failures import reason
from mlaudit.model import Place
from mlaudit.options import Options
from mlaudit.report import Environment, SharedFile
from mlaudit.settings import EnvironmentSettings, PairSettings, TargetSettings
from mlaudit.sources.files import Root
from mlaudit.sources.spelling import BadSource, Spelled
from mlaudit.sources.walk import walk
from mlaudit.target import Wanted


def declared(options: Options) -> Iterator[Environment]:
    """Every declared environment, read. Raises ConfigError, with the place of a source that means nothing."""
    base = options.root / posixpath.dirname(options.settings.path or "")
    options.progress.expect(sum(len(one.sources) for one in options.settings.environments))
    for one in options.settings.environments:
        yield _environment(one, base, options)
    for pair in options.settings.pairs:
        yield from _fleet(pair, base, options)


def _environment(one: EnvironmentSettings, base: Path, options: Options) -> Environment:
    places = one.source_places or (one.at,) * len(one.sources)
    parts = [part for text, at in zip(one.sources, places, strict=True) for part in _parts(text, base, at)]
    writes, reads = (
        [part for text in texts for part in _parts(text, base, one.at)] for texts in (one.writes, one.reads)
    )
    return assemble(
        parts,
        one.name,
        one.role,
        one.follows,
        replace(options, wanted=_wanted(one, options)),
        artifact_kinds=one.artifact_kinds,
        writes=writes,
        reads=reads,
    )


def shared_files(options: Options) -> Iterator[tuple[SharedFile, ...]]:
    """The files that the configuration declares to be the same on every side, read."""
    base = options.root / posixpath.dirname(options.settings.path or "")
    root = Root(options.root, options.settings.defines)
    for row in options.settings.same:
        yield tuple(_shared(root, base / path) for path in row.files)


def _shared(root: Root, path: Path) -> SharedFile:
    try:
        return SharedFile(path=root.shown(path), text=root.document(path).text)
    except Exception as error:
        return SharedFile(path=root.shown(path), text=None, why=reason(error))


def _parts(text: str, base: Path, at: Place) -> Iterator[Spelled]:
    """The parts of a source; its paths are relative to the configuration's folder."""
    try:
        yield from parse_source(text, base)
    except BadSource as error:
        raise ConfigError(at, str(error)) from None


def _wanted(one: EnvironmentSettings, options: Options) -> Wanted:
    """What the options ask for; then the environment's own target, then that of the whole configuration."""
    wanted = options.wanted
    common = options.settings.target
    return replace(
        wanted,
        python=wanted.python or one.target.python or common.python,
        platform=wanted.platform or _platform(one.target) or _platform(common),
        extras=(*wanted.extras, *one.extras),
        groups=(*wanted.groups, *one.groups),
    )


def _platform(target: TargetSettings) -> str | None:
    return "-".join(part for part in (target.platform, target.machine) if part) or None


def _fleet(pair: PairSettings, base: Path, options: Options) -> Iterator[Environment]:
    """One writer and one reader for each match of the wildcards that both globs have."""
    paths = _folders_and_files(base)
    writers, readers = (_matches(glob, paths) for glob in (pair.training, pair.serving))
    shared = [key for key in writers if key in readers]
    if not shared:
        raise ConfigError(pair.at, f"no two paths match `{pair.training}` and `{pair.serving}` with equal wildcards")
    for key in shared:
        yield assemble(_at(base, writers[key]), writers[key], "training", (), options)
        yield assemble(_at(base, readers[key]), readers[key], "serving", (writers[key],), options)


def _at(base: Path, path: str) -> Sequence[Spelled]:
    return [Spelled(text=path, path=str(base / path))]


def _folders_and_files(base: Path) -> list[str]:
    files = walk(base).paths
    folders = {parent for path in files for parent in _parents(path)}
    return sorted({*files, *folders})


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _matches(glob: str, paths: Sequence[str]) -> dict[tuple[str, ...], str]:
    """Paths that a glob matches, by what its wildcards stand for; a wildcard stays inside one part of a path."""
    pieces = re.split(r"(\*)", glob)
    pattern = re.compile("".join("([^/]*)" if piece == "*" else re.escape(piece) for piece in pieces) + r"\Z")
    return {found.groups(): path for path in paths if (found := pattern.match(path))}
