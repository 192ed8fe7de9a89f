"""From what the user named to environments: sources spelled out, opened, read and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.environments.target_problems import part_problems
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Place, Reading, Unread
from mlaudit.model.report import Environment
from mlaudit.model.secrets import masked
from mlaudit.parsers._failures import reason
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import is_named, named
from mlaudit.request.options import Options
from mlaudit.request.source_spec import Spelled, spelled
from mlaudit.request.wanted import Wanted
from mlaudit.sources import paths
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import Root


def parse_source(
    text: str, folder: Path = Path(), refuse: Callable[[Spelled], Unread | None] | None = None
) -> tuple[Spelled, ...]:
    """A SOURCE in its parts, its paths relative to a folder. Raises BadSource.

    Args:
        refuse: says of a part as it is written why it may not be read, None where it may.
    """
    found = spelled(text, lambda path: paths.exists(folder / path))
    return tuple(_placed(replace(part, refused=refuse(part) if refuse else None), folder) for part in found)


def _placed(part: Spelled, folder: Path) -> Spelled:
    in_folder = part.path != "-" and part.revision is None
    return replace(part, path=str(folder / part.path)) if in_folder else part


def environment_names(spellings: Sequence[Sequence[Spelled]]) -> list[str]:
    """A name for each environment: as given, else the part of the path that tells it from the others."""
    given = [parts[0].name for parts in spellings]
    paths = [PurePosixPath(masked(Path(parts[0].path).as_posix())) for parts in spellings]
    open_paths = [path for path, name in zip(paths, given, strict=True) if name is None]
    short = dict(zip(open_paths, _distinct(open_paths), strict=True)) if len(set(open_paths)) == len(open_paths) else {}
    names: list[str] = []
    for path, name, parts in zip(paths, given, spellings, strict=True):
        chosen = name or short.get(path) or path.name
        if parts[0].revision is not None and name is None:
            chosen = f"{parts[0].revision}:{chosen}"
        if parts[0].parts and name is None:
            chosen = "-".join((chosen, *parts[0].parts.values()))
        names.append(_unused(masked(chosen), names))
    return names


def _distinct(paths: Sequence[PurePosixPath]) -> list[str]:
    """For each path the innermost part in which all of them differ; whole paths where there is none."""
    if len(paths) < 2:
        return [_lone(path) for path in paths]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        parts = [path.parts[-depth] if len(path.parts) >= depth else "." for path in paths]
        if len(set(parts)) == len(parts):
            return _files(paths) if depth == 1 else parts
    return [str(path) for path in paths]


def _files(paths: Sequence[PurePosixPath]) -> list[str]:
    """What files of different names are called, each for itself where that tells them apart."""
    alone = [_lone(path) for path in paths]
    return alone if len(set(alone)) == len(alone) else [_stem(path.name) for path in paths]


def _lone(path: PurePosixPath) -> str:
    """A file's stem; its folder's name where the file's own tells a format and no environment (`api/uv.lock`)."""
    told = any(pattern.replace("*", "") == path.name for one in named(path.name) for pattern in one.files)
    return path.parent.name if told and path.parent.name not in ("", "..") else _stem(path.name)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] if name.endswith((".txt", ".lock", ".toml", ".yml", ".yaml", ".json")) else name


def _unused(name: str, taken: Iterable[str]) -> str:
    held = set(taken)
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if one not in held)


def assemble(
    parts: Sequence[Spelled],
    name: str,
    role: str,
    follows: Sequence[str],
    options: Options,
    *,
    artifact_kinds: Sequence[str] = (),
    writes: Sequence[Spelled] = (),
    reads: Sequence[Spelled] = (),
    notes: Sequence[str] = (),
) -> Environment:
    """The environment that some sources make; `writes` and `reads` are artifacts."""
    readings = [reading for part in parts for reading in _readings(part, options)]
    return environment(
        name,
        role,
        readings,
        _wanted(parts, options.wanted),
        sources=[reading.path for reading in readings],
        follows=follows,
        artifact_kinds=artifact_kinds,
        writes=[reading for part in writes for reading in _readings(part, options)],
        reads=[reading for part in reads for reading in _readings(part, options)],
        notes=notes,
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
    if part.refused is not None:
        return [Reading(path=part.text, format="unknown", complete=False, unread=(part.refused,))]
    options.progress.reading(part.path)
    try:
        documents = _documents(part, options)
    except Exception as error:
        at = (error.line, error.column) if isinstance(error, Unreadable) else ()
        return [unreadable(part.text, Unreadable(reason(error), *at))]
    readings = [_read(document, part, options) for document in documents]
    missing = next(part_problems(readings, part.parts), None)
    return readings if missing is None else [unreadable(part.text, Unreadable(missing.says))]


def _read(document: Document, part: Spelled, options: Options) -> Reading:
    reading = read(document, part.format or options.as_format)
    return reading if options.waivers else replace(reading, waivers=())


def unreadable(path: str, error: Unreadable) -> Reading:
    """The reading of a source of which there is nothing."""
    shown = masked(path)
    at = Place(path=shown, line=error.line, column=error.column)
    unread = Unread(at=at, why=masked(error.why), whole=True)
    return Reading(path=shown, format="unknown", complete=False, unread=(unread,))


def _documents(part: Spelled, options: Options) -> Sequence[Document]:
    if part.revision is not None:
        from mlaudit.sources import git_revision as git

        if part.clone is not None:
            clone = Path(part.clone)
            shown = f"{clone.name}@{part.revision}"
            defines = options.settings.defines
            return [git.document(clone, part.revision, part.path, defines, shown=shown, bare=True)]
        return [git.document(options.tree or options.root, part.revision, part.path, options.settings.defines)]
    if part.path == "-":
        from mlaudit.sources import stdin

        return [stdin.document()]
    root = Root(options.root, options.settings.defines, tree=options.tree)
    path = Path(part.path)
    image = image_document(path, root, part.platform or options.wanted.platform)
    if image is not None:
        return [image]
    return folder_documents(path, root) if paths.is_folder(path) else [root.document(path)]


def stating(paths: Iterable[str], folder: Path, root: Root) -> tuple[str, ...]:
    """Paths below a folder without those whose name suggests a format that their content is not of."""
    return tuple(path for path in paths if _is_as_named(path, folder, root))


def _is_as_named(path: str, folder: Path, root: Root) -> bool:
    suggesting = [parser for parser in named(path) if parser.suggested and parser.content is not None]
    if not suggesting:
        return True
    try:
        document = root.document(folder / path)
        return any(parser.content(document) for parser in suggesting if parser.content is not None)
    except Unreadable:
        # What cannot be opened is told when it is read.
        return True


def folder_documents(folder: Path, root: Root) -> Sequence[Document]:
    """The documents of a folder: the environment installed in it, else those of the one environment that it declares.

    Raises Unreadable where it holds none, or more than one.
    """
    installed = environment_document(folder, root)
    if installed is not None:
        return [installed]
    from mlaudit.discovery.environments import discover
    from mlaudit.sources.listing import walk

    walked = walk(folder, is_named, tree=root.tree_of(folder))
    found = discover(stating(walked.paths, folder, root)).environments
    own = [one for one in found if not one.folder] or found
    if len(own) > 1:
        raise Unreadable(f"it holds several environments ({', '.join(one.name for one in own)}); name the files of one")
    if not own and walked.unread:
        raise Unreadable(walked.unread[0].why)
    if not own:
        raise Unreadable("it holds no installed environment, and no file in it states versions in a known format")
    return [root.document(folder / source) for source in own[0].sources]
