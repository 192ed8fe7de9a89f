"""The options as of a revision: its configuration, unless the user named one that no revision has."""

from __future__ import annotations

from collections.abc import Callable

from mlaudit.request.options import Options
from mlaudit.sources.paths import exists

Ask = Callable[[], Options]
"""Gives the options, with the configuration that is in the tree at the moment of the call."""


def options_here(ask: Ask, options: Options) -> Options:
    """The options of the commit that is mounted. Raises UsageError and ConfigError.

    Args:
        options: those of the working tree; they apply where `--config` names a file that the commit does not have.
    """
    path = options.settings.path
    if options.settings.named_by_user and path is not None and not exists(options.root / path):
        return options
    return ask()
