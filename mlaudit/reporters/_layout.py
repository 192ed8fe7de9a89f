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


NO_LIMIT = 100_000
"""Columns where lines are not folded."""
NARROWEST_TEXT = 30
"""Columns that running text needs at least to be wrapped inside of its column; with fewer it goes below the row."""
BELOW = 4
"""Columns by which a cell that does not fit beside its row is indented below it."""


def columns(rows: Sequence[Sequence[Segment]], gap: int = 3, *, width: int | None = None) -> list[StyledLine]:
    """Rows of equal length as lines, each column as wide as its widest cell.

    Nothing is cut. With a width, a row that is wider goes on below itself: running text in its last cell is wrapped
    inside of the column, any other cell that does not fit begins a line.
    """
    safe = [[(for_terminal(part), tone) for part, tone in row] for row in rows]
    starts = _starts(safe, gap)
    lines = [_row(row, starts, gap) for row in safe]
    if width is None or all(line.width <= width for line in lines):
        return lines
    starts = _starts(safe, gap, width // 2)
    return [line for row in safe for line in _folded_row(row, starts, gap, width)]


def _starts(rows: Sequence[Sequence[Segment]], gap: int, widest: int = NO_LIMIT) -> list[int]:
    """The first column of each cell; a cell that is wider than the limit moves no column to the right."""
    starts = [0]
    for at in range(len(rows[0]) if rows else 0):
        lengths = [len(row[at][0]) for row in rows]
        longest = max((length for length in lengths if length <= widest), default=0)
        starts.append(starts[-1] + (longest + gap if longest else 0))
    return starts


def _row(row: Sequence[Segment], starts: Sequence[int], gap: int) -> StyledLine:
    """One line, without blanks at its end; a cell too long for its column moves the others of the row."""
    segments: list[Segment] = []
    end = 0
    for (part, tone), start in zip(row, starts, strict=False):
        if not part:
            continue
        blanks = max(start - end, gap if segments else 0)
        segments += _indented(" " * blanks, part, tone)
        end += blanks + len(part)
    return StyledLine(*segments)


def _indented(blanks: str, part: str, tone: str) -> Iterator[Segment]:
    """A text behind blanks, none of which has its style: a line below a path begins and ends with the path."""
    content = part.lstrip(" ")
    yield (blanks + part[: len(part) - len(content)], "")
    yield (content, tone)


def _folded_row(row: Sequence[Segment], starts: Sequence[int], gap: int, width: int) -> list[StyledLine]:
    """A row within a width: what does not fit goes below."""
    whole = _row(row, starts, gap)
    if whole.width <= width:
        return [whole]
    filled = [at for at, (part, _) in enumerate(row) if part]
    *before, last = filled
    beginning = _row(row[:last], starts, gap)
    room = width - starts[last]
    if before and " " in row[last][0] and room >= NARROWEST_TEXT and beginning.width + gap <= starts[last]:
        first, *rest = wrapped(row[last][0], room)
        below = [text((" " * starts[last], ""), (line, row[last][1])) for line in rest]
        return [_row([*row[:last], (first, row[last][1])], starts, gap), *below]
    lines = [_row(row[: at + 1], starts, gap) for at in filled]
    fitting = max(1, sum(line.width <= width for line in lines))
    indent = len(row[0][0]) - len(row[0][0].lstrip(" ")) + BELOW
    below = [
        text((" " * indent, ""), (line, row[at][1]))
        for at in filled[fitting:]
        for line in wrapped(row[at][0], width - indent)
    ]
    return [lines[fitting - 1], *below]


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


def paragraph(sentence: str, width: int, *, first: str = "", rest: str = "", tone: str = "") -> list[StyledLine]:
    """Running text as lines of one style."""
    return [text((line, tone)) for line in wrapped(sentence, width, first=first, rest=rest)]


def wrapped_items(items: Iterable[str], width: int, *, first: str, rest: str) -> list[str]:
    """Items with commas in lines, made safe for a terminal; an item is broken only where it alone is too wide."""
    lines: list[str] = []
    line = first
    *others, last = list(items)
    for item in (*(f"{other}," for other in others), last):
        safe = for_terminal(item)
        joined = f"{line} {safe}" if line not in (first, rest) else f"{line}{safe}"
        if len(joined) <= width:
            line = joined
            continue
        if line not in (first, rest):
            lines.append(line)
            line = rest
        *whole, line = wrapped(safe, width, first=line, rest=rest)
        lines += whole
    return [*lines, line]


def stacked(parts: Sequence[Segment], width: int, *, gap: int = 1, indent: int = BELOW) -> list[StyledLine]:
    """Parts on one line where it is wide enough for them; else what does not fit begins a line, indented."""
    lines: list[list[Segment]] = []
    end = 0
    for part, tone in ((for_terminal(part), tone) for part, tone in parts if part):
        if lines and end + gap + len(part) <= width:
            lines[-1] += [(" " * gap, ""), (part, tone)]
            end += gap + len(part)
            continue
        blanks = " " * indent
        pieces = wrapped(part, width, first=blanks if lines else "", rest=blanks)
        lines += [[*_indented("", piece, tone)] for piece in pieces]
        end = len(pieces[-1])
    return [StyledLine(*line) for line in lines]


def painted(lines: Iterable[StyledLine], *, colour: bool) -> str:
    """The lines as one text that ends with a line break."""
    if not colour:
        return "".join(f"{line.plain}\n" for line in lines)
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    target = StringIO()
    console = Console(file=target, force_terminal=True, color_system="standard", width=NO_LIMIT, _environ={})
    for line in lines:
        console.print(Text.assemble(*((part, tone) for part, tone in line.segments)), soft_wrap=True, highlight=False)
    return target.getvalue()
