"""The configuration that applies to a folder, found from there up to the root, with the options laid over it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlaudit.document.document import Document
from mlaudit.model.errors import UsageError
from mlaudit.request.config_file import find_configuration, load
from mlaudit.request.options import LEVELS
from mlaudit.request.settings import Settings
from mlaudit.sources.working_tree import Root


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
    codes: frozenset[str],
) -> Settings:
    """The configuration that applies to a folder, with the options laid over it. Raises ConfigError and UsageError."""
    settings = _configured(start, root, config, codes)
    level = settings.fail_on
    if fail_on is not None:
        if fail_on not in LEVELS:
            raise UsageError(f"--fail-on {fail_on}: expected one of {', '.join(LEVELS)}")
        level = LEVELS[fail_on]
    return replace(
        settings,
        fail_on=level,
        select=tuple(select) or settings.select,
        ignore_codes=(*settings.ignore_codes, *ignore),
        packages=(*settings.packages, *packages),
        defines={**settings.defines, **defines},
    )


def _configured(start: Path, root: Path, config: Path | None, codes: frozenset[str]) -> Settings:
    files = Root(root)
    if config is not None:
        if not config.is_file():
            raise UsageError(f"{config}: there is no such configuration file")
        return load(files.document(config), codes=codes)
    folder = start if start.is_dir() else start.parent

    def ask(path: str) -> Document | None:
        found = Path(os.path.normpath(folder / path))
        return files.document(found) if found.is_file() else None

    document = find_configuration(_upwards(folder, root), ask)
    return load(document, codes=codes) if document is not None else Settings()


def _upwards(folder: Path, root: Path) -> list[str]:
    """The prefixes from a folder up to the root, as `find_configuration` wants them."""
    inside = folder.resolve()
    top = root.resolve()
    depth = len(inside.relative_to(top).parts) if inside.is_relative_to(top) else 0
    return ["../" * steps for steps in range(depth + 1)]
