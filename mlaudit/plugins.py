"""Imports the modules of a folder on demand: a file there is enough to be found. Knows no parser, rule or reporter."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from mlaudit.model.packaged import packaged_names

_ENDINGS = (".py", ".pyc")


def module_names(folder: str) -> Iterator[str]:
    """The dotted names of the modules in `mlaudit.<folder>`; those that begin with an underscore are no plugins."""
    files = (name for name in packaged_names(folder) if name.endswith(_ENDINGS) and not name.startswith("_"))
    return (f"mlaudit.{folder}.{file.partition('.')[0]}" for file in files)


def import_all(folder: str) -> None:
    """Import every module of `mlaudit.<folder>`, so that its decorators run."""
    for module in module_names(folder):
        import_module(module)


def plugin_name(module: str) -> str:
    """The name under which a module's plugin is known: `mlaudit.parsers.uv_lock` gives `uv-lock`."""
    return module.rpartition(".")[2].replace("_", "-")
