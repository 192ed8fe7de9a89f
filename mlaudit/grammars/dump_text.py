"""What printed dumps have in common: their lines, pasted or not, and the machine that they show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Place

MAX_LINE = 4096
"""Characters of one line that are looked at."""

TEXT = Limit(name="bytes of lists and recipes", most=5 * 1024 * 1024)
"""Their lines cost more memory than they have bytes; real ones are smaller."""

_PASTED = lazy_pattern(r"[ \t]{0,64}(?:>[ \t]{0,8}){0,8}[ \t]{0,64}")
_FENCE = lazy_pattern(r"(?:`{3,8}|~{3,8})[\w .-]{0,32}")
_MACHINE = lazy_pattern(r"(?<![A-Za-z0-9])(x86_64|aarch64|arm64|AMD64|ppc64le)(?![A-Za-z0-9])")
_PLATFORMS = (
    (lazy_pattern(r"linux", re.IGNORECASE), "linux"),
    (lazy_pattern(r"darwin|mac ?os", re.IGNORECASE), "darwin"),
    (lazy_pattern(r"windows", re.IGNORECASE), "win32"),
)
# Distributions of Linux, as `OS:` lines name them without the word.
_LINUXES = lazy_pattern(
    r"\b(?:ubuntu|debian|centos|red hat|fedora|rocky|almalinux|suse|amazon|arch|alpine|gentoo)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpLine:
    """One line without the indentation, quote marks and line end around it; `start` is its offset in the document."""

    doc: Document
    text: str
    number: int
    column: int
    start: int

    def at(self, first: int = 0, last: int | None = None) -> Place:
        """The place of characters `first:last` of the line."""
        end = len(self.text) if last is None else last
        return self.doc.place(self.number, self.column + first, self.start + first, self.start + end)

    def of(self, match: re.Match[str], group: str | int = 0) -> Place:
        """The place of a group that a pattern found in the line."""
        return self.at(*match.span(group))


def limited_text(doc: Document) -> str:
    """The text of a document that is made of lines. Raises BudgetExceeded, Unreadable."""
    spend(TEXT, doc.size)
    return doc.text


def lines(doc: Document) -> Iterator[DumpLine]:
    """Every line that says something; blank lines and the fences of pasted code are left out."""
    offset = 0
    for number, raw in enumerate(limited_text(doc).split("\n"), start=1):
        start, offset = offset, offset + len(raw) + 1
        before = _PASTED.match(raw)
        skipped = before.end() if before else 0
        text = raw[skipped : skipped + MAX_LINE].rstrip()
        if text and not _FENCE.fullmatch(text):
            yield DumpLine(doc=doc, text=text, number=number, column=skipped + 1, start=start + skipped)


def platform_facts(text: str, at: Place) -> Iterator[Fact]:
    """Platform and machine in what `platform.platform()` and its like print."""
    platform = next((name for pattern, name in _PLATFORMS if pattern.search(text)), None)
    if platform is None and _LINUXES.search(text):
        platform = "linux"
    machine = _MACHINE.search(text)
    if platform:
        yield Fact(key="platform", value=platform, at=at)
    if machine:
        yield Fact(key="machine", value=machine.group(1), at=at)
