"""The registry of output formats: a file in this folder is enough."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.report import Report
from mlaudit.plugins import module_names, plugin_name

Render = Callable[[Report, "Style"], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a report may look where it goes.

    Attributes:
        colour: the place shows ANSI colours.
        verbose: evidence, environments of no pair, and aligned and unwatched rows are listed too.
        quiet: findings and the summary only.
        width: columns into which running text is wrapped; versions and paths are never cut.
    """

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    width: int = 100


_REPORTERS: dict[str, Render] = {}


def reporter(render: Render) -> Render:
    """Register the decorated function as an output format, named after its module."""
    _REPORTERS[plugin_name(render.__module__)] = render
    return render


def formats() -> tuple[str, ...]:
    """The names of every output format, without importing any of them."""
    return tuple(sorted(map(plugin_name, module_names("reporters"))))


def render(name: str) -> Render:
    """The reporter of an output format; only its own module is imported. Raises KeyError."""
    if name not in formats():
        raise KeyError(name)
    import_module(f"mlaudit.reporters.{name.replace('-', '_')}")
    return _REPORTERS[name]
