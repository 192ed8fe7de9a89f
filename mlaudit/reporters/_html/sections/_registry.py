"""The registry of sections: each returns its HTML, or nothing if a report has none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.plugins import import_all, plugin_name
from mlaudit.reporters._html.pair_views import PageView

Content = Callable[[PageView], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSection:
    """One section of the page.

    Attributes:
        key: the module's name, which is the address of the section (`#not-compared`).
        order: sections are shown in this order.
        count: how many things it shows, None if that is not shown beside the title.
        style, script: files beside the module whose text the page takes in; empty for none.
    """

    key: str
    title: str
    order: int
    content: Content
    count: Callable[[PageView], int] | None = None
    style: str = ""
    script: str = ""


_SECTIONS: dict[str, PageSection] = {}


def section(
    title: str,
    *,
    order: int,
    count: Callable[[PageView], int] | None = None,
    style: str = "",
    script: str = "",
) -> Callable[[Content], Content]:
    """Register the decorated function as the section named after its module; it yields nothing for an empty section."""

    def register(content: Content) -> Content:
        key = plugin_name(content.__module__)
        _SECTIONS[key] = PageSection(
            key=key, title=title, order=order, content=content, count=count, style=style, script=script
        )
        return content

    return register


def sections() -> list[PageSection]:
    """Every section, in order."""
    import_all("reporters._html.sections")
    return sorted(_SECTIONS.values(), key=lambda page_section: page_section.order)
