"""Imports the modules of a folder on demand: a file there is enough to be found. Knows no parser, rule or reporter."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

_ENDINGS = (".py", ".pyc")


def module_names(folder: str) -> Iterator[str]:
    """The dotted names of the modules in `mlaudit.<folder>`; those that begin with an underscore are no plugins."""
    package = import_module(f"mlaudit.{folder}")
    (home,) = package.__path__
    if not Path(home).is_dir():
        # Inside a zip archive; to look at a folder that way would load twenty modules.
        from pkgutil import iter_modules

        names = [module.name for module in iter_modules(package.__path__)]
    else:
        files = sorted(entry.name for entry in Path(home).iterdir() if entry.name.endswith(_ENDINGS))
        names = [file.partition(".")[0] for file in files]
    return (f"{package.__name__}.{name}" for name in names if not name.startswith("_"))


def import_all(folder: str) -> None:
    """Import every module of `mlaudit.<folder>`, so that its decorators run."""
    for module in module_names(folder):
        import_module(module)


def plugin_name(module: str) -> str:
    """The name under which a module's plugin is known: `mlaudit.parsers.uv_lock` gives `uv-lock`."""
    return module.rpartition(".")[2].replace("_", "-")


def docstring(module: str, function: str = "") -> str:
    """What a module, or a function of it, states about itself; empty if it says nothing.

    `python -OO` keeps no docstrings: then its source has it.
    """
    loaded = import_module(module)
    written = getattr(loaded, function).__doc__ if function else loaded.__doc__
    return written or _written_docstring(loaded, function)


def _written_docstring(module: ModuleType, function: str) -> str:
    import ast

    loader = getattr(module, "__loader__", None)
    get_source = getattr(loader, "get_source", None)
    tree = ast.parse((get_source(module.__name__) if get_source else None) or "")
    if not function:
        return ast.get_docstring(tree, clean=False) or ""
    named = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    return next((ast.get_docstring(node, clean=False) or "" for node in named), "")
