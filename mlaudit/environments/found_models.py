"""Model files found in a tree: which are read, for which environment, and what is reported about the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from mlaudit.discovery.environments import Discovery
from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.model_files import (
    ModelPlace,
    by_folder,
    likely_models,
    places,
    shown_names,
)
from mlaudit.discovery.model_server_uses import SERVED_MODEL
from mlaudit.knowledge.model_folders import is_hint
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.report import Discovered
from mlaudit.parsers._read import is_model_file
from mlaudit.sources.folder_files import FolderFiles

MAX_MODELS = 200
"""Model files of one folder that are read; of a longer series the first ones, and others are counted."""
ROLE = "model files"
"""What looking calls them."""


@dataclass(slots=True, kw_only=True)
class FoundModels:
    """The model files of a tree.

    Attributes:
        writes, reads: paths by the name of the environment that writes or loads them.
        unplaced: paths of those of which nothing shows whose they are.
        passed_over: paths of which more than `MAX_MODELS` were found, and that nobody opened.
        looked: what is reported about them, folder by folder.
    """

    writes: dict[str, list[str]] = field(default_factory=dict)
    reads: dict[str, list[str]] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    looked: list[Discovered] = field(default_factory=list)


def found_models(
    discovery: Discovery,
    paths: Sequence[str],
    files: FolderFiles,
    *,
    also: Callable[[str], bool] = lambda _path: False,
) -> FoundModels:
    """The model files below a folder, those first of which a series has one; `MAX_MODELS` at most.

    Args:
        also: which other documents are models, where they make no environments of their own.
    """
    described = {
        path for environment in discovery.environments for path in (*environment.sources, *environment.covered)
    }
    # A configuration that shows what a server reads is no second model beside that.
    described.update(cross.read.path for pair in discovery.pairs for cross in pair.crosses)
    others = [path for path in paths if also(path) and why_ignored(path) is None]
    loaded = [path for environment in discovery.environments for path, _ in environment.loads]
    likely = [path for path in dict.fromkeys((*others, *loaded, *likely_models(paths))) if path not in described]
    models = FoundModels()
    read = list(model_files(likely, files))
    every = ((inner, *place) for inner, named in by_folder(read) for place in places(inner, named, discovery))
    for inner, where, names in every:
        if where.environment is not None:
            side = models.writes if where.is_written else models.reads
            side.setdefault(where.environment, []).extend(names)
        else:
            # What tells a server about a model is not one itself.
            models.unplaced.extend(path for path in names if path.rpartition("/")[2] != SERVED_MODEL)
        models.looked.append(_discovered(inner, names, where, files.folder))
    models.passed_over = left = likely[likely.index(read[-1]) + 1 :] if len(read) == MAX_MODELS else []
    if left:
        why = f"of the model files found {MAX_MODELS} are read; {len(left):,} more may be some: {shown_names(left)}"
        models.looked.append(Discovered(role="not looked into", folder=files.folder.as_posix(), documents=(), why=why))
    return models


def model_files(likely: Sequence[str], files: FolderFiles) -> Iterator[str]:
    """The paths that are models, by a look into the file where names do not decide; `MAX_MODELS` at most."""
    return islice(_models(likely, files), MAX_MODELS)


def _models(likely: Sequence[str], files: FolderFiles) -> Iterator[str]:
    for path in likely:
        try:
            is_model = not is_hint(path) or is_model_file(files.document(path))
        except Unreadable:
            # Reading it shows the reason.
            is_model = True
        if is_model:
            yield path


def _discovered(inner: str, files: Sequence[str], where: ModelPlace, folder: Path) -> Discovered:
    names = (shown_names([path.rpartition("/")[2] for path in files]),)
    return Discovered(role=ROLE, folder=f"{(folder / inner).as_posix()}/", documents=names, why=where.why)


def sentences_on_rest(left: Sequence[str], passed_over: Sequence[str]) -> Iterator[str]:
    """What is reported about model files that are compared with no environment."""
    if left:
        yield f"Model files found in the tree and not compared: {shown_names(left)}; name them under writes or reads."
    if passed_over:
        yield (
            f"{len(passed_over):,} more files in the tree may be models and are not compared: "
            f"{shown_names(passed_over)}; name them under writes or reads."
        )
