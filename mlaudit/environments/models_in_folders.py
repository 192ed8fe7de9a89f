"""Described models in the folders of a source: which are environments of their own, and what is left beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mlaudit.discovery.environments import describes_model, discover
from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.model_files import by_series
from mlaudit.environments.model_folder import folder_contents
from mlaudit.environments.named_files import stating
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.parsers._registry import is_named
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.listing import walk
from mlaudit.sources.paths import is_folder
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import WorkingTree

MAX_APART = 24
"""Models of one folder that are environments of their own; of those behind them only what they record is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsAndModels:
    """Parts without the models in them; `bare` if nothing but remarks is left."""

    kept: tuple[SourcePart, ...]
    models: Mapping[str, SourcePart]
    bare: bool = False


def models_split_off(parts: Sequence[SourcePart], options: Options, role: str = "") -> PartsAndModels:
    """The parts of a source, the models in their folders apart from them."""
    kept: list[SourcePart] = []
    models: dict[str, SourcePart] = {}
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
    return PartsAndModels(kept=tuple(kept), models=models, bare=bare and bool(models))


def _inside(part: SourcePart, home: str) -> SourcePart:
    return replace(part, text=f"{part.text.rstrip('/')}/{home}", path=str(Path(part.path, home)))


def _remains(rest: SourcePart, options: Options, role: str) -> tuple[bool, bool]:
    """Whether anything is left beside the models of a folder, and whether that is nothing but remarks."""
    try:
        contents = folder_contents(Path(rest.path), _root(options), role, rest.without)
    except Unreadable:
        # Reading it shows the reason.
        return True, False
    return contents.rest is not None or bool(contents.documents), not (contents.documents or contents.models)


def _models_inside(part: SourcePart, options: Options) -> tuple[str, ...]:
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
