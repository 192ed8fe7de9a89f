"""Looking below folders: what is there, and what it is taken for, before any of it is read as an environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.parsers._registry import is_named
from mlaudit.request.options import Options
from mlaudit.request.source_spec import BadSource
from mlaudit.sources.confinement import tree_around
from mlaudit.sources.paths import is_folder, relative, resolved
from mlaudit.sources.working_tree import WorkingTree

if TYPE_CHECKING:
    from mlaudit.discovery.survey import Survey
    from mlaudit.sources.listing import Walked


SUBMODULES = ".gitmodules"
"""The file in which a repository names its submodules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTree:
    """What looking finds below some folders.

    Attributes:
        tree: the folder whose documents those that are found may ask for.
        base: the folder that paths of the survey are relative to.
    """

    tree: Path | None
    base: Path
    walked: Walked
    root: WorkingTree
    survey: Survey

    @property
    def names_submodules(self) -> bool:
        """Whether the repository names submodules, whose folders may be empty."""
        return SUBMODULES in self.walked.paths

    def shown(self, path: str) -> str:
        """A path of the survey as reports have it."""
        return self.root.shown(self.base / path)


def look(paths: Sequence[str], options: Options) -> FoundTree:
    """What looking finds below the folders among the paths; below the root where only files are named."""
    folders = [Path(path) for path in paths if is_folder(path)]
    folders = folders or [options.root if paths else Path()]
    options = replace(options, tree=tree_of(folders, options))
    base, walked = walked_below(folders, options.tree)
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    survey = surveyed(walked, base, root, options)
    return FoundTree(tree=options.tree, base=base, walked=walked, root=root, survey=survey)


def surveyed(walked: Walked, base: Path, root: WorkingTree, options: Options) -> Survey:
    """What looking finds in a folder that was walked."""
    from mlaudit.discovery.recipes import AuditedTree
    from mlaudit.discovery.survey import survey_with_code
    from mlaudit.environments.named_files import stating

    tree = AuditedTree(folder=base, root=root, paths=dict.fromkeys(walked.paths))
    return survey_with_code(tree, stating(walked.paths, base, root), _members(base, options))


def _members(folder: Path, options: Options) -> Callable[[str], Sequence[str]]:
    """Tells the projects that a lock or manifest below a folder is about, by reading it."""
    from mlaudit.parsers._read import read

    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)

    def names(path: str) -> Sequence[str]:
        try:
            reading = read(root.document(folder / path))
        except Unreadable:
            # Reading it as a source shows the reason.
            return ()
        return [root.name for root in reading.roots if root.kind == "package"]

    return names


def tree_of(folders: Sequence[Path], options: Options) -> Path:
    """What documents that are found may ask for: the repository around the folders, else what holds the folders."""
    common = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    root = options.root.resolve()
    is_repository = (options.root / ".git").exists() and common.is_relative_to(root)
    return root if is_repository else tree_around(common)


def walked_below(folders: Sequence[Path], tree: Path | None) -> tuple[Path, Walked]:
    """What is below some folders, relative to the folder that holds them all: their names show roles too."""
    from mlaudit.sources.listing import Walked, walk

    if len(folders) == 1:
        return folders[0], walk(folders[0], is_named, tree=tree)
    try:
        common = os.path.commonpath([resolved(folder) for folder in folders])
    except ValueError:
        raise BadSource("the folders lie on different drives; audit those of one drive at a time") from None
    base = Path(relative(common, Path()))
    below = [(relative(folder, base), walk(folder, is_named, tree=tree)) for folder in folders]
    return base, Walked(
        paths=tuple(Path(inner, path).as_posix() for inner, walked in below for path in walked.paths),
        unread=tuple(entry for _, walked in below for entry in walked.unread),
    )
