"""What the commands do, without arguments and printing: sources → environments → report. The typed public API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath

from mlaudit.audit import audit, environment
from mlaudit.baseline import loads
from mlaudit.config import find_configuration, load
from mlaudit.document import Document, Unreadable
from mlaudit.model import Place, Reading, Severity, Unread
from mlaudit.reading import read
from mlaudit.registry import rules
from mlaudit.report import Environment, Report
from mlaudit.settings import Settings
from mlaudit.sources import folders
from mlaudit.sources.files import Root
from mlaudit.sources.spelling import BadSource, Spelled, spelled
from mlaudit.target import Wanted

ROLES = ("training", "serving")
"""Of `compare`: the first writes, the others read."""


LEVELS: Mapping[str, Severity | None] = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "never": None,
}
"""What `--fail-on` may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line, laid over the configuration.

    Attributes:
        root: the folder that paths are reported relative to, and below which included files may lie.
        as_format: the format of every source, None to recognize it.
        settings: the configuration with the policy options laid over it.
        only: globs over packages; others are not reported.
        today: the day on which an ignore's `until` is judged.
    """

    root: Path = field(default_factory=Path)
    as_format: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    settings: Settings = field(default_factory=Settings)
    only: tuple[str, ...] = ()
    today: date = date.max
    baseline: Mapping[str, str] = field(default_factory=dict)


def compare(sources: Sequence[str], options: Options) -> Report:
    """The first source writes, the others read it. Raises BadSource."""
    if len(sources) < 2:
        raise BadSource("compare needs a reference and at least one other source")
    spellings = [parse_source(source) for source in sources]
    names = environment_names(spellings)
    made = [
        _environment(parts, name, ROLES[min(at, 1)], () if at == 0 else (names[0],), options)
        for at, (parts, name) in enumerate(zip(spellings, names, strict=True))
    ]
    return audit(
        "compare",
        made,
        options.settings,
        today=options.today,
        baseline=options.baseline,
        only=options.only,
        lost=any(lost(one) for one in made),
    )


def listing(sources: Sequence[str], options: Options) -> tuple[Environment, ...]:
    """What was read of each source. Raises BadSource."""
    spellings = [parse_source(source) for source in sources]
    names = environment_names(spellings)
    return tuple(_environment(parts, name, name, (), options) for parts, name in zip(spellings, names, strict=True))


def lost(one: Environment) -> bool:
    """Whether of some source of an environment nothing at all could be read."""
    return any(entry.whole for reading in one.readings for entry in reading.unread if not reading.pins)


def parse_source(text: str) -> tuple[Spelled, ...]:
    """A SOURCE in its parts. Raises BadSource."""
    return spelled(text, _exists)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def environment_names(spellings: Sequence[Sequence[Spelled]]) -> list[str]:
    """A name for each environment: as given, else the part of the path that tells it from the others."""
    given = [parts[0].name for parts in spellings]
    paths = [PurePosixPath(Path(parts[0].path).as_posix()) for parts in spellings]
    open_paths = [path for path, name in zip(paths, given, strict=True) if name is None]
    short = dict(zip(open_paths, _distinct(open_paths), strict=True)) if len(set(open_paths)) == len(open_paths) else {}
    names: list[str] = []
    for path, name, parts in zip(paths, given, spellings, strict=True):
        chosen = name or short.get(path) or path.name
        if parts[0].revision is not None and name is None:
            chosen = f"{parts[0].revision}:{chosen}"
        if parts[0].parts and name is None:
            chosen = "-".join((chosen, *parts[0].parts.values()))
        names.append(_unused(chosen, names))
    return names


def _distinct(paths: Sequence[PurePosixPath]) -> list[str]:
    """For each path the innermost part in which all of them differ; whole paths where there is none."""
    if len(paths) == 1:
        return [_stem(paths[0].name)]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        parts = [path.parts[-depth] if len(path.parts) >= depth else "." for path in paths]
        if len(set(parts)) == len(parts):
            return [_stem(part) if depth == 1 else part for part in parts]
    return [str(path) for path in paths]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] if name.endswith((".txt", ".lock", ".toml", ".yml", ".yaml", ".json")) else name


def _unused(name: str, taken: Iterable[str]) -> str:
    held = set(taken)
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if one not in held)


def _environment(
    parts: Sequence[Spelled], name: str, role: str, follows: Sequence[str], options: Options
) -> Environment:
    readings = [reading for part in parts for reading in _readings(part, options)]
    return environment(
        name,
        role,
        readings,
        _wanted(parts, options.wanted),
        sources=[reading.path for reading in readings],
        follows=follows,
    )


def _wanted(parts: Sequence[Spelled], wanted: Wanted) -> Wanted:
    """What the options ask for, with what stands behind `#` laid over it."""
    return replace(
        wanted,
        python=next((part.python for part in parts if part.python), wanted.python),
        platform=next((part.platform for part in parts if part.platform), wanted.platform),
        extras=(*wanted.extras, *(extra for part in parts for extra in part.extras)),
        groups=(*wanted.groups, *(group for part in parts for group in part.groups)),
        parts={**wanted.parts, **{word: chosen for part in parts for word, chosen in part.parts.items()}},
    )


def _readings(part: Spelled, options: Options) -> list[Reading]:
    try:
        documents = _documents(part, options)
    except Unreadable as error:
        return [unreadable(part.text, error)]
    return [read(document, options.as_format) for document in documents]


def unreadable(path: str, error: Unreadable) -> Reading:
    """The reading of a source of which there is nothing."""
    at = Place(path=path, line=error.line, column=error.column)
    return Reading(path=path, format="unknown", complete=False, unread=(Unread(at=at, why=error.why, whole=True),))


def _documents(part: Spelled, options: Options) -> Sequence[Document]:
    if part.revision is not None:
        from mlaudit.sources import git

        return [git.document(options.root, part.revision, part.path, options.settings.defines)]
    if part.path == "-":
        from mlaudit.sources import stdin

        return [stdin.document()]
    root = Root(options.root, options.settings.defines)
    path = Path(part.path)
    if path.is_dir():
        return folders.documents(path, root)
    return [root.document(path)]


def settings_for(
    start: Path,
    root: Path,
    config: Path | None,
    *,
    fail_on: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    packages: Sequence[str],
    defines: Mapping[str, str],
) -> Settings:
    """The configuration that applies to a folder, with the options laid over it. Raises ConfigError and ValueError."""
    settings = _configured(start, root, config)
    level = settings.fail_on
    if fail_on is not None:
        if fail_on not in LEVELS:
            raise ValueError(f"--fail-on {fail_on}: expected one of {', '.join(LEVELS)}")
        level = LEVELS[fail_on]
    return replace(
        settings,
        fail_on=level,
        select=tuple(select) or settings.select,
        ignore_codes=(*settings.ignore_codes, *ignore),
        packages=(*settings.packages, *packages),
        defines={**settings.defines, **defines},
    )


def _configured(start: Path, root: Path, config: Path | None) -> Settings:
    files = Root(root)
    if config is not None:
        if not config.is_file():
            raise ValueError(f"{config}: there is no such configuration file")
        return load(files.document(config), codes=_codes())
    folder = start if start.is_dir() else start.parent

    def ask(path: str) -> Document | None:
        found = Path(os.path.normpath(folder / path))
        return files.document(found) if found.is_file() else None

    document = find_configuration(_upwards(folder, root), ask)
    return load(document, codes=_codes()) if document is not None else Settings()


def _codes() -> frozenset[str]:
    return frozenset(word for rule in rules().values() for word in (rule.code, rule.name))


def _upwards(folder: Path, root: Path) -> list[str]:
    """The prefixes from a folder up to the root, as `find_configuration` wants them."""
    inside = folder.resolve()
    top = root.resolve()
    depth = len(inside.relative_to(top).parts) if inside.is_relative_to(top) else 0
    return ["../" * steps for steps in range(depth + 1)]


def baseline(path: Path | None) -> Mapping[str, str]:
    """The fingerprints of a baseline file. Raises ValueError."""
    if path is None:
        return {}
    return loads(Root(path.parent).document(path))
