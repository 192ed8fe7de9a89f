"""Imports the modules of a folder on demand: a file there is enough to be found. Knows no parser, rule or reporter."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module


def module_names(folder: str) -> Iterator[str]:
    """The dotted names of the modules in `mlaudit.<folder>`; those that begin with an underscore are no plugins."""
    package = import_module(f"mlaudit.{folder}")
    found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    return (module.name for module in found if not module.name.rpartition(".")[2].startswith("_"))


def import_all(folder: str) -> None:
    """Import every module of `mlaudit.<folder>`, so that its decorators run."""
    for module in module_names(folder):
        import_module(module)


def plugin_name(module: str) -> str:
    """The name under which a module's plugin is known: `mlaudit.parsers.uv_lock` gives `uv-lock`."""
    return module.rpartition(".")[2].replace("_", "-")
