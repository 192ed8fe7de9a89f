"""The configuration that applies to a folder, found from there up to the root, overridden by the options."""

from __future__ import annotations

import os
from pathlib import Path

from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.request.asked import Overlay
from mlaudit.request.config_file import OWN_FILE, ConfigError, find_configuration, load
from mlaudit.request.options import LEVELS
from mlaudit.request.settings import Settings
from mlaudit.sources import paths
from mlaudit.sources.confinement import is_inside, tree_around
from mlaudit.sources.working_tree import WorkingTree


def root_of(start: Path) -> Path:
    """The folder that holds `.git`, from the current folder upwards; the current folder if there is none."""
    here = paths.current_folder()
    real = Path(paths.real_path(start))
    inside = real if real.is_relative_to(here) else here
    path = next((folder for folder in (inside, *inside.parents) if paths.lexists(folder / ".git")), here)
    return Path(paths.relative(path, here))


def settings_for(
    start: Path,
    root: Path,
    config: Path | None,
    overlay: Overlay,
    *,
    codes: frozenset[str],
    isolated: bool = False,
) -> Settings:
    """The configuration that applies to a folder, overridden by the options. Raises ConfigError and UsageError.

    Args:
        isolated: no configuration is looked for; one that the user names with `config` counts all the same.
    """
    settings = Settings() if isolated and config is None else _configured(start, root, config, codes)
    level = settings.fail_on
    if overlay.fail_on is not None:
        if overlay.fail_on not in LEVELS:
            raise UsageError(f"--fail-on {overlay.fail_on}: expected one of {', '.join(LEVELS)}")
        level = LEVELS[overlay.fail_on]
    return replace(
        settings,
        fail_on=level,
        select=tuple(overlay.select) or settings.select,
        ignore_codes=(*settings.ignore_codes, *overlay.ignore),
        packages=(*settings.packages, *overlay.packages),
        defines={**settings.defines, **overlay.defines},
    )


def _configured(start: Path, root: Path, config: Path | None, codes: frozenset[str]) -> Settings:
    files = WorkingTree(root)
    if config is not None:
        return replace(load(_named(config, files), codes=codes), named_by_user=True)
    folder = start if paths.is_folder(start) else start.parent

    def ask(path: str) -> Document | None:
        return _found(Path(os.path.normpath(folder / path)), files)

    document = find_configuration(_upwards(folder, root), ask)
    return load(document, codes=codes) if document is not None else Settings()


def _named(path: Path, files: WorkingTree) -> Document:
    """The configuration file that the user names. Raises UsageError."""
    try:
        document = files.document(path)
        _ = document.head
    except Unreadable as error:
        raise UsageError(f"--config {path}: {error.why}") from None
    return document


def _found(path: Path, files: WorkingTree) -> Document | None:
    """A configuration that is in the audited tree, None if there is none.

    Raises ConfigError where `mlaudit.toml` is there and is not read: who wrote one does not expect that it is ignored.
    """
    inside = is_inside(path, tree_around(path.parent))
    if paths.is_file(path) and inside:
        return files.document(path)
    if path.name == OWN_FILE and paths.lexists(path):
        why = _why_no_configuration(path) if inside else "it is a link that leads out of the audited folder"
        raise ConfigError(Place(path=files.shown(path)), f"{why}; --no-config audits without it")
    return None


def _why_no_configuration(path: Path) -> str:
    return "it is not a regular file" if paths.exists(path) else "it is a link to something that does not exist"


def _upwards(folder: Path, root: Path) -> list[str]:
    """The prefixes from a folder up to the root, as `find_configuration` wants them."""
    inside, top = Path(paths.real_path(folder)), Path(paths.real_path(root))
    depth = len(inside.relative_to(top).parts) if inside.is_relative_to(top) else 0
    return ["../" * steps for steps in range(depth + 1)]
