"""From what the user named to environments: sources parsed, opened, read and put together."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from itertools import count
from pathlib import Path, PurePosixPath

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.environments.folder_contents import FolderContents
from mlaudit.environments.source_names import source_names
from mlaudit.environments.target_problems import part_problems
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Place, Reading, Unread
from mlaudit.model.report import Environment
from mlaudit.model.secrets import masked
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import named, parser_of, parsers
from mlaudit.request.addresses import image_advice
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import BadSource, SourcePart, source_parts
from mlaudit.request.wanted import Wanted
from mlaudit.sources import paths
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.working_tree import WorkingTree


def parse_source(
    text: str, folder: Path = Path(), refuse: Callable[[SourcePart], Unread | None] | None = None
) -> tuple[SourcePart, ...]:
    """A SOURCE in its parts, its paths relative to a folder. Raises BadSource.

    Args:
        refuse: gives, for a part as it is written, the reason why it may not be read; None if it may.
    """
    parts = source_parts(text, lambda path: paths.exists(folder / path))
    return tuple(_placed(replace(part, refused=refuse(part) if refuse else None), folder) for part in parts)


def demand_present(parts: Sequence[SourcePart], folder: Path = Path()) -> None:
    """Raises BadSource if there is nothing at the path of a source, or its format is unknown."""
    for part in parts:
        if part.format is not None and parser_of(part.format) is None:
            from mlaudit.model.nearest import nearest

            near = nearest(part.format, parsers())
            raise BadSource(f"{part.text}: no format `{part.format}`{f'; did you mean {near}?' if near else ''}")
        if part.refused is None and part.revision is None and part.path != "-" and _missing(part.path):
            raise BadSource(f"{part.text}: there is no such file or folder{_meant(Path(part.path), folder)}")
        if part.revision is not None and part.clone is None:
            _demand_revision(part, folder)


def _missing(path: str) -> bool:
    try:
        paths.status(path, follow=False)
    except Unreadable as error:
        return error.why == paths.MISSING
    return False


def _meant(path: Path, folder: Path) -> str:
    """`; did you mean serving/requirements.txt?`, by the names beside a path; nothing if none is near."""
    try:
        names = [entry.name for entry in paths.entries(path.parent)]
    except Unreadable:
        return ""
    from mlaudit.model.nearest import nearest

    near = nearest(path.name, names)
    return f"; did you mean {paths.relative(path.parent / near, folder)}?" if near else ""


def _demand_revision(part: SourcePart, folder: Path) -> None:
    """Raises BadSource if there is no such revision, or nothing at the path in it; images are treated separately."""
    advice = image_advice(f"{part.revision}:{part.path}")
    from mlaudit.sources import git_revision as git

    try:
        git.document(folder, part.revision or "", part.path)
    except Unreadable as error:
        why = f"neither a file nor a path of a git revision; {advice}" if advice else error.why
        raise BadSource(f"{part.text}: {why}") from None


def _placed(part: SourcePart, folder: Path) -> SourcePart:
    in_folder = part.path != "-" and part.revision is None
    return replace(part, path=str(folder / part.path)) if in_folder else part


def environment_names(spellings: Sequence[Sequence[SourcePart]]) -> list[str]:
    """A name for each environment: as given, else the part of the path that distinguishes it from the others."""
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
    """For each path the innermost part in which all of them differ; whole paths if there is none."""
    if len(paths) < 2:
        return [_lone(path) for path in paths]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        parts = [path.parts[-depth] if len(path.parts) >= depth else _stem(path.name) for path in paths]
        if len(set(parts)) == len(parts):
            return _files(paths) if depth == 1 else parts
    return [str(path) for path in paths]


def _files(paths: Sequence[PurePosixPath]) -> list[str]:
    """What files of different names are called, each for itself where that tells them apart."""
    alone = [_lone(path) for path in paths]
    return alone if len(set(alone)) == len(alone) else [_stem(path.name) for path in paths]


def _lone(path: PurePosixPath) -> str:
    """A file's stem; its folder's name where the file's own shows a format and no environment (`api/uv.lock`)."""
    is_usual = any(pattern.replace("*", "") == path.name for parser in named(path.name) for pattern in parser.files)
    return path.parent.name if is_usual and path.parent.name not in ("", "..") else _stem(path.name)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] if name.endswith((".txt", ".lock", ".toml", ".yml", ".yaml", ".json")) else name


def _unused(name: str, taken: Container[str]) -> str:
    numbered = (f"{name}-{number}" for number in count(2))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def assemble(
    parts: Sequence[SourcePart],
    request: EnvironmentRequest,
    options: Options,
    *,
    writes: Sequence[SourcePart] = (),
    reads: Sequence[SourcePart] = (),
) -> Environment:
    """The environment that some sources make; `writes` and `reads` are artifacts."""
    loaded = [_loaded(part, options, request.role) for part in parts]
    written, loads = ([_loaded(part, options) for part in some] for some in (writes, reads))
    return environment(
        request,
        [reading for part in loaded for reading in part.readings],
        _wanted(parts, options.wanted),
        sources=[source for part in loaded for source in part.sources],
        writes=[reading for part in (*loaded, *written) for reading in part.models]
        + [reading for part in written for reading in part.readings],
        reads=[reading for part in loaded for reading in part.loads]
        + [reading for part in loads for reading in (*part.models, *part.readings)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """What one part of a source gives: what it states about an environment, and what is known to be a model.

    `loads` are models in the environment itself.
    """

    readings: Sequence[Reading]
    models: Sequence[Reading] = ()
    loads: Sequence[Reading] = ()
    sources: Sequence[str] = ()


def _wanted(parts: Sequence[SourcePart], wanted: Wanted) -> Wanted:
    """What the options ask for, with what follows `#` applied to it."""
    return replace(
        wanted,
        python=next((part.python for part in parts if part.python), wanted.python),
        platform=next((part.platform for part in parts if part.platform), wanted.platform),
        extras=(*wanted.extras, *(extra for part in parts for extra in part.extras)),
        groups=(*wanted.groups, *(group for part in parts for group in part.groups)),
        parts={**wanted.parts, **{word: chosen for part in parts for word, chosen in part.parts.items()}},
    )


def _loaded(part: SourcePart, options: Options, role: str = "") -> _Loaded:
    if part.refused is not None:
        reading = Reading(path=part.text, format="unknown", complete=False, unread=(part.refused,))
        return _Loaded(readings=[reading], sources=[part.text])
    options.progress.reading(part.path)
    try:
        contents = _contents(part, options, role)
    except UsageError:
        raise
    except Exception as error:
        from mlaudit.parsers._failures import reason

        at = (error.line, error.column) if isinstance(error, Unreadable) else ()
        return _lost(unreadable(part.text, Unreadable(reason(error), *at)))
    readings = [_read(document, part, options) for document in contents.documents]
    missing = next(part_problems(readings, part.parts), None)
    if missing is not None:
        return _lost(unreadable(part.text, Unreadable(missing.says)))
    # Of what format the files of a folder are, a word about the folder does not say.
    models = [read(document) for document in contents.models]
    rest = [contents.rest] if contents.rest is not None else []
    sources = [source for reading in (*readings, *rest) for source in source_names(reading, part.parts)]
    loaded = [read(document) for document in contents.loads]
    beside = loaded if contents.loads else models
    return _Loaded(
        readings=readings,
        models=[*models, *(rest if beside is models else [])],
        loads=[*loaded, *(rest if beside is loaded else [])],
        sources=sources,
    )


def _lost(reading: Reading) -> _Loaded:
    return _Loaded(readings=[reading], sources=[reading.path])


def _read(document: Document, part: SourcePart, options: Options) -> Reading:
    as_format = part.format or options.as_format
    reading = read(document, as_format) if options.readings is None else options.readings.read(document, as_format)
    return reading if options.waivers else replace(reading, waivers=())


def unreadable(path: str, error: Unreadable) -> Reading:
    """The reading of a source of which there is nothing."""
    shown = masked(path)
    at = Place(path=shown, line=error.line, column=error.column)
    unread = Unread(at=at, why=masked(error.why), whole=True)
    return Reading(path=shown, format="unknown", complete=False, unread=(unread,))


def _contents(part: SourcePart, options: Options, role: str = "") -> FolderContents:
    if part.revision is not None:
        document = _of_revision(part, part.revision, options)
        options.opened[document.path] = document
        return FolderContents(documents=[document])
    if part.path == "-":
        from mlaudit.sources import stdin

        return FolderContents(documents=[stdin.document()])
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    path = Path(part.path)
    platform = part.platform or options.wanted.platform
    image = image_document(path, root, platform, _may_be_model)
    if image is not None:
        from mlaudit.environments.image_contents import image_contents

        return _opened(image_contents(path, image, platform), options)
    if not paths.is_folder(path):
        return _of_file(root.document(path))
    from mlaudit.environments.model_folder import folder_contents

    return folder_contents(path, root, role, part.without)


def _may_be_model(path: str) -> bool:
    from mlaudit.discovery.model_files import may_be_model

    return may_be_model(path)


def _of_file(document: Document) -> FolderContents:
    """A document, or the models in an archive of models."""
    if document.path.lower().endswith(".zip"):
        from mlaudit.environments.image_contents import zip_contents

        contents = zip_contents(document)
        if contents is not None:
            return contents
    return FolderContents(documents=[document])


def _opened(contents: FolderContents, options: Options) -> FolderContents:
    """What an image holds; its models are found again by the paths under which they are reported."""
    options.opened.update((model.path, model) for model in (*contents.models, *contents.loads))
    return contents


def _of_revision(part: SourcePart, revision: str, options: Options) -> Document:
    from mlaudit.sources import git_revision as git

    defines = options.settings.defines
    commit = options.revisions.get((part.clone, revision), revision)
    if part.clone is None:
        return git.document(options.tree or options.root, commit, part.path, defines, shown=revision)
    clone = Path(part.clone)
    return git.document(clone, commit, part.path, defines, shown=f"{clone.name}@{revision}", bare=True)
