"""The model files of a commit, which a history reports to be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.discovery.model_files import likely_models, shown_names
from mlaudit.environments.found_models import model_files
from mlaudit.parsers._registry import is_named
from mlaudit.request.options import Options
from mlaudit.revisions.states import RevisionState
from mlaudit.sources.folder_files import FolderFiles
from mlaudit.sources.listing import walk
from mlaudit.sources.working_tree import WorkingTree


def sentence_on_models(options: Options, state: RevisionState) -> Iterator[str]:
    """The sentence on the model files below the root, in the tree that is mounted; none if there is no model.

    Args:
        state: what the commit states; a model folder that is an environment is part of it.
    """
    walked = walk(options.root, is_named, tree=options.tree)
    sources = {source.partition("#")[0] for files in state.sources.values() for source in files}
    likely = [path for path in likely_models(walked.paths) if not _is_part(path, sources)]
    files = FolderFiles(WorkingTree(options.root, tree=options.tree), options.root)
    models = list(model_files(likely, files))
    if models:
        yield f"Models are left out: {shown_names(models)}. `mlaudit check` compares what they record."


def _is_part(path: str, sources: Iterable[str]) -> bool:
    return any(path == source or path.startswith(f"{source}/") for source in sources)
