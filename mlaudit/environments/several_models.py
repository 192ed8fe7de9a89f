"""Several described models in one source: each is an environment of its own, with what it asks to be installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from mlaudit.discovery.environments import describes_model, discover
from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.model_files import by_series
from mlaudit.environments.model_folder import folder_contents
from mlaudit.environments.named_files import stating
from mlaudit.environments.sources import assemble
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.report import Environment
from mlaudit.model.secrets import masked
from mlaudit.parsers._registry import is_named
from mlaudit.request.options import Options
from mlaudit.request.source_spec import Spelled
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.listing import walk
from mlaudit.sources.paths import is_folder
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import WorkingTree

MAX_APART = 24
"""Models of one folder that are environments of their own; of those behind them only what they record is read."""

Make = Callable[[str, Sequence[Spelled], Sequence[Spelled], Sequence[Spelled]], Environment]
"""Gives the environment of a name, some sources, what it writes and what it loads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentWithModels:
    """A named environment, and the models in its folders that are environments of their own.

    Attributes:
        name: as declared; others follow it by this name.
        own: the environment without those models; None where it is nothing else.
        written, loaded: the models that it writes, and those that it loads.
        alone: the models that it is made of, each of which follows what it follows.
    """

    name: str
    own: Environment | None
    written: tuple[Environment, ...] = ()
    loaded: tuple[Environment, ...] = ()
    alone: tuple[Environment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """Parts without the models in them; `bare` where nothing but remarks is left."""

    kept: tuple[Spelled, ...]
    models: Mapping[str, Spelled]
    bare: bool = False


def with_models_apart(
    name: str,
    role: str,
    options: Options,
    make: Make,
    *,
    sources: Sequence[Spelled],
    writes: Sequence[Spelled] = (),
    reads: Sequence[Spelled] = (),
    follows: Sequence[str] = (),
) -> EnvironmentWithModels:
    """An environment, each described model of a folder of several apart from it.

    What an environment that follows another has in its folders, it loads; nothing but models takes its place.
    """
    here = _split(sources, options, role)
    written, loaded = (_split(parts, options) for parts in (writes, reads))
    is_nothing_else = here.bare and not written.kept and not loaded.kept
    own = None if is_nothing_else else make(name, here.kept, written.kept, loaded.kept)
    # What is not understood beside the models is told with the first of them.
    beside = here.kept if is_nothing_else else ()
    if follows and is_nothing_else:
        alone = tuple(_followers(name, make, here.models, beside))
        return EnvironmentWithModels(name=name, own=None, alone=alone)
    of_sources = here.models
    return EnvironmentWithModels(
        name=name,
        own=own,
        written=tuple(_models(name, role, {**({} if follows else of_sources), **written.models}, options, beside)),
        loaded=tuple(_models(name, role, {**(of_sources if follows else {}), **loaded.models}, options)),
    )


def _followers(
    name: str, make: Make, models: Mapping[str, Spelled], beside: Sequence[Spelled]
) -> Iterable[Environment]:
    for number, (short, part) in enumerate(models.items()):
        parts = (part, *beside) if number == 0 else (part,)
        yield make(masked(f"{name}/{short}"), parts, (), ())


def joined(rows: Sequence[EnvironmentWithModels]) -> list[Environment]:
    """All environments; who follows one of them follows the models that it writes, and those that it loads itself."""
    names = {
        row.name: tuple(one.name for one in (row.own, *row.written, *row.alone) if one is not None) for row in rows
    }
    return [one for row in rows for one in (*row.written, *row.loaded, *_following(row, names))]


def _following(row: EnvironmentWithModels, names: Mapping[str, Sequence[str]]) -> Iterable[Environment]:
    for own in row.alone if row.own is None else (row.own,):
        followed = [name for writer in own.follows for name in names.get(writer, (writer,))]
        kinds = {name: crosses for writer, crosses in own.kinds_from.items() for name in names.get(writer, (writer,))}
        follows = tuple(dict.fromkeys((*followed, *(one.name for one in row.loaded))))
        yield replace(own, follows=follows, kinds_from=kinds)


def _models(
    name: str, role: str, models: Mapping[str, Spelled], options: Options, beside: Sequence[Spelled] = ()
) -> Iterable[Environment]:
    for number, (short, part) in enumerate(models.items()):
        parts = (part, *beside) if number == 0 else (part,)
        yield assemble(parts, masked(f"{name}/{short}"), role, (), options)


def _split(parts: Sequence[Spelled], options: Options, role: str = "") -> _Split:
    kept: list[Spelled] = []
    models: dict[str, Spelled] = {}
    bare = True
    for part in parts:
        homes = _models_inside(part, options)
        if not homes:
            kept.append(part)
            bare = False
            continue
        for home, short in zip(homes, _short(homes), strict=True):
            models[short if short not in models else f"{part.text.rstrip('/')}/{home}"] = _inside(part, home)
        rest = replace(part, without=tuple(homes))
        holds, is_bare = _remains(rest, options, role)
        kept.extend([rest] if holds else [])
        bare = bare and is_bare
    return _Split(kept=tuple(kept), models=models, bare=bare and bool(models))


def _inside(part: Spelled, home: str) -> Spelled:
    return replace(part, text=f"{part.text.rstrip('/')}/{home}", path=str(Path(part.path, home)))


def _remains(rest: Spelled, options: Options, role: str) -> tuple[bool, bool]:
    """Whether anything is left beside the models of a folder, and whether that is nothing but remarks."""
    try:
        contents = folder_contents(Path(rest.path), _root(options), role, rest.without)
    except Unreadable:
        # Reading it tells the reason.
        return True, False
    return contents.rest is not None or bool(contents.documents), not (contents.documents or contents.models)


def _models_inside(part: Spelled, options: Options) -> tuple[str, ...]:
    """The folders of described models that stand apart, `MAX_APART` at most; none where the folder is of one model."""
    folder = Path(part.path)
    is_plain = part.revision is None and part.refused is None and part.path != "-" and not part.parts
    if not is_plain or not is_folder(folder):
        return ()
    root = _root(options)
    paths = walk(folder, is_named, tree=root.tree_of(folder)).paths
    described = [path for path in paths if describes_model(path) and why_ignored(path) is None]
    homes = _outermost({path.rpartition("/")[0] for path in described})
    if not homes or "" in homes or (len(homes) == 1 and not _states_more(paths, homes[0], folder, root)):
        return ()
    is_installed = environment_document(folder, root) is not None
    return () if is_installed or image_document(folder, root, None) is not None else tuple(homes[:MAX_APART])


def _states_more(paths: Iterable[str], home: str, folder: Path, root: WorkingTree) -> bool:
    """Whether a folder declares an environment outside the folder of a model."""
    others = [path for path in paths if not path.startswith(f"{home}/")]
    return bool(discover(stating(others, folder, root)).environments)


def _outermost(homes: Iterable[str]) -> list[str]:
    known = set(homes)
    return by_series(sorted(home for home in known if not any(home.startswith(f"{other}/") for other in known)))


def _short(homes: Sequence[str]) -> list[str]:
    """Paths without the folders that all of them begin or end with."""
    rows = [home.split("/") for home in homes]
    if len(rows) == 1:
        return [rows[0][-1]]
    while min(map(len, rows)) > 1 and len({row[-1] for row in rows}) == 1:
        rows = [row[:-1] for row in rows]
    while min(map(len, rows)) > 1 and len({row[0] for row in rows}) == 1:
        rows = [row[1:] for row in rows]
    return ["/".join(row) for row in rows]


def _root(options: Options) -> WorkingTree:
    return WorkingTree(options.root, options.settings.defines, tree=options.tree)
