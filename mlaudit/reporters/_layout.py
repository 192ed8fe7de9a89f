"""Lines of styled text: put into columns, then printed plain or, where a terminal shows them, in colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from mlaudit.model.nouns import Severity
from mlaudit.reporters._escape import for_terminal

Segment = tuple[str, str]
"""A text and its style, in the words of rich (`bold red`); an empty style is plain."""

TONE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
"""How a severity is coloured."""


class StyledLine:
    """Segments of one line, made safe for a terminal."""

    __slots__ = ("segments",)

    def __init__(self, *segments: Segment) -> None:
        self.segments = tuple((for_terminal(part), tone) for part, tone in segments)

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return "".join(part for part, _ in self.segments).rstrip()

    @property
    def width(self) -> int:
        """Characters."""
        return len(self.plain)


def text(*segments: Segment) -> StyledLine:
    """A line of segments."""
    return StyledLine(*segments)


def columns(rows: Sequence[Sequence[Segment]], gap: int = 3) -> list[StyledLine]:
    """Rows of equal length as lines, each column as wide as its widest cell; nothing is cut."""
    safe = [[(for_terminal(part), tone) for part, tone in row] for row in rows]
    widths = [max(len(row[at][0]) for row in safe) for at in range(len(safe[0]))] if safe else []
    gaps = [width + gap if width else 0 for width in widths]
    return [StyledLine(*_padded(row, gaps)) for row in safe]


def _padded(row: Sequence[Segment], widths: Sequence[int]) -> Iterator[Segment]:
    """Cells and the space behind each, which has no style: a line below a path ends with the path."""
    for (part, tone), width in zip(row, widths, strict=True):
        indent = len(part) - len(part.lstrip(" "))
        yield from ((part[:indent], ""), (part[indent:], tone), (" " * (width - len(part)), ""))


def wrapped(sentence: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Running text in lines, made safe for a terminal; words and paths stay whole."""
    return wrap(
        for_terminal(sentence),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def painted(lines: Iterable[StyledLine], *, colour: bool) -> str:
    """The lines as one text that ends with a line break."""
    if not colour:
        return "".join(f"{line.plain}\n" for line in lines)
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    target = StringIO()
    console = Console(file=target, force_terminal=True, color_system="standard", width=100_000, _environ={})
    for line in lines:
        console.print(Text.assemble(*((part, tone) for part, tone in line.segments)), soft_wrap=True, highlight=False)
    return target.getvalue()
