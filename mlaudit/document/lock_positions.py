"""Places in a lock as its tool writes it: names and versions of packages are found without an index of the text."""

from __future__ import annotations

from functools import cached_property

from mlaudit.document.positions import Locator, Span, toml_locator
from mlaudit.model.lazy_pattern import lazy_pattern

_STRING = r'"[^"\\\n]*"'
_HEAD = lazy_pattern(rf"version = \d+\n(?:revision = \d+\n)?requires-python = ({_STRING})\n")
_HEADER = "\n[[package]]\n"
_PACKAGE = lazy_pattern(rf"name = (?P<name>{_STRING})\n(?:version = (?P<version>{_STRING})\n)?")


class LockLocator:
    """Answers the usual questions by a look at the lines behind each `[[package]]`, all others as for any TOML.

    In valid TOML without strings over several lines, a line that is `[[package]]` is a header of a package. Where there
    are as many of them as packages, each is the header of the one in its turn.
    """

    def __init__(self, text: str, packages: int) -> None:
        self._text = text
        self._packages = packages

    def at(self, *route: str | int) -> Span | None:
        """The value at the route; a table is at its header, the empty route is the whole text."""
        usual = self._usual.get(route)
        if usual is not None:
            return usual
        early = self._before.at(*route) if route and route[0] != "package" else None
        return early or self._any.at(*route)

    @cached_property
    def _before(self) -> Locator:
        """Places in what precedes all packages, where most of the rest is."""
        return toml_locator(self._text[: self._text.find(_HEADER) + 1] if self._usual else "")

    @cached_property
    def _any(self) -> Locator:
        return toml_locator(self._text)

    @cached_property
    def _usual(self) -> dict[tuple[str | int, ...], Span]:
        text = self._text
        if '"""' in text or "'''" in text or "\r" in text or text.count(_HEADER) != self._packages:
            return {}
        spans: dict[tuple[str | int, ...], Span] = {}
        head = _HEAD.match(text)
        if head is not None:
            spans["requires-python",] = Span(head[0].count("\n"), 19, *head.span(1))
        line, seen, number = 1, 0, 0
        while (header := text.find(_HEADER, seen)) >= 0:
            start = header + len(_HEADER)
            line += text.count("\n", seen, start)
            package = _PACKAGE.match(text, start)
            if package is not None:
                spans["package", number, "name"] = Span(line, 8, *package.span("name"))
                if package["version"] is not None:
                    spans["package", number, "version"] = Span(line + 1, 11, *package.span("version"))
            seen, number = start, number + 1
        return spans
