"""A map in the formats of `mlaudit map`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlaudit.mapping.entry import MappedProject
from mlaudit.mapping.narrowing import without_packages
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.reporters._registry import Style

FORMATS = ("text", "mermaid", "dot", "json", "html")


def map_text(project: MappedProject, format_: str, style: Style) -> str:
    """The map as text; as a page it is a section of the report of `check`."""
    if format_ == "json":
        from mlaudit.reporters._map_json import as_json

        return as_json(project.map, asked=project.asked)
    asks_for_packages = any(key.startswith("package:") for key in project.asked)
    shown = project.map if asks_for_packages else without_packages(project.map)
    if format_ == "html":
        from mlaudit.reporters._registry import render

        return render("html")(replace(project.report, map=shown), style)
    if format_ == "text":
        from mlaudit.reporters._map_text import as_text

        return as_text(shown, style, asked=project.asked, impact=project.is_impact)
    from mlaudit.reporters._map_graphs import as_dot, as_mermaid

    return (as_mermaid if format_ == "mermaid" else as_dot)(shown, asked=project.asked)
