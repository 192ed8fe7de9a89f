"""From a document to its own statements, includes not followed; what was parsed is kept by what it was parsed from.

Parsing opens nothing: a parser that needs a neighbour (the pyproject beside a lock) asks the document for it. What is
kept is used again only where all answers are the same, so that a kept result is the one that parsing would give.

The reading of a text that several documents have is kept too, and moved to where the text is found again: of a fleet
most lists are alike. Only what a text says by itself is moved.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from mlaudit.document.answers import Answers, are_alike
from mlaudit.document.budget import BudgetExceeded, Limit, current_budget
from mlaudit.document.document import Document
from mlaudit.grammars.pypi import local_projects
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Kind, Pin, Place, Reading, Statement, Unread
from mlaudit.model.secrets import may_hold_secret
from mlaudit.model.versions import MAX_LENGTH
from mlaudit.parsers._registry import Parser

STATEMENTS = Limit(name="statements", most=30_000)
"""Pins, notes and other statements of one document, each time that they are included; long ones count for several."""
KEPT_STATEMENTS = 20_000
"""Statements of parsed documents that are kept."""
KEPT_CHARACTERS = 8_000_000
"""Characters of their texts."""
MOVED_CHARACTERS = 65_536
"""Characters of a text whose reading is kept."""

_NAMED_BY_ADDRESS = frozenset((Kind.ARTIFACT, Kind.IMAGE, Kind.MODEL, Kind.DATA, Kind.FILE))
"""What is known by tags, hashes and paths rather than by versions."""


class ParseKey(NamedTuple):
    """What a parser is given: all that its statements depend on, save for the neighbours that it asks for."""

    parser: Callable[[Document], Iterable[Statement]]
    path: str
    text: str
    defines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """The statements of one document, and what they were made from.

    Attributes:
        failed: the parser gave up; the last statement shows why.
        answers: what it asked about neighbours, and the answers.
        spent: what it used of each limit.
    """

    statements: tuple[Statement, ...]
    failed: bool = False
    answers: Answers = ()
    spent: tuple[tuple[Limit, int], ...] = ()


class ParsedDocuments:
    """What was parsed, the last used kept; forgotten by `clear_content_caches`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ParseKey, ParsedDocument] = OrderedDict()
        self._statements = self._characters = 0

    def find(self, key: ParseKey, document: Document) -> ParsedDocument | None:
        """What was parsed of the same text, where the document's neighbours are the same too."""
        parsed_document = self._kept.get(key)
        if parsed_document is None or not are_alike(document, parsed_document.answers):
            return None
        self._kept.move_to_end(key)
        return parsed_document

    def keep(self, key: ParseKey, parsed: ParsedDocument) -> None:
        """Keep it, the longest unused given up for it."""
        self._forget(key)
        self._kept[key] = parsed
        self._statements += len(parsed.statements)
        self._characters += len(key.text)
        while self._statements > KEPT_STATEMENTS or self._characters > KEPT_CHARACTERS:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: ParseKey) -> None:
        parsed = self._kept.pop(key, None)
        if parsed is not None:
            self._statements -= len(parsed.statements)
            self._characters -= len(key.text)

    def cache_parameters(self) -> dict[str, int]:
        """As `functools.lru_cache` shows them."""
        return {"maxsize": KEPT_STATEMENTS}

    def cache_info(self) -> _CacheInfo:
        """As `functools.lru_cache` shows it."""
        return _CacheInfo(len(self._kept))

    def cache_clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._statements = self._characters = 0

    def __call__(self) -> int:
        """How many documents are kept."""
        return len(self._kept)


class _CacheInfo(NamedTuple):
    currsize: int


parsed_documents = ParsedDocuments()


def parse_document(document: Document, parser: Parser) -> ParsedDocument:
    """What a parser states about a document, includes not followed; where it gives up, why."""
    key = _key(document, parser)
    parsed_document = parsed_documents.find(key, document) if key is not None else None
    budget = current_budget()
    if parsed_document is None or not budget.affords(parsed_document.spent):
        return _parsed(document, parser, key)
    for limit, amount in parsed_document.spent:
        budget.spend(limit, amount)
    return parsed_document


def _key(document: Document, parser: Parser) -> ParseKey | None:
    """What the statements of a text depend on; None for what is not read as text, or too large to be kept."""
    if parser.access != "text" or document.size > KEPT_CHARACTERS:
        return None
    try:
        return ParseKey(parser.read, document.path, document.text, tuple(document.defines.items()))
    except Unreadable:
        return None


def _parsed(document: Document, parser: Parser, key: ParseKey | None) -> ParsedDocument:
    budget = current_budget()
    before = dict(budget.used)
    if key is not None:
        document.remember_questions()
    statements: list[Statement] = []
    failed = False
    try:
        for statement in islice(parser.read(document), STATEMENTS.most + 1):
            statements.append(_with_readable_version(statement))  # noqa: PERF401  what comes before an error counts
    except Exception as error:
        failed = True
        from mlaudit.parsers._failures import unread

        statements.append(replace(unread(document, error), exhausted=isinstance(error, BudgetExceeded)))
    answers = document.forget_questions()
    if parser.access == "text" and any(isinstance(statement, Unread) for statement in statements):
        from mlaudit.parsers._merge_conflicts import tell_conflicts

        statements = list(tell_conflicts(document, statements))
    parsed = ParsedDocument(
        statements=tuple(statements), failed=failed, answers=answers or (), spent=budget.spent_since(before)
    )
    # What a limit cut short depends on what else was read under it; an error may be one of the disk's; and why a
    # document states nothing is told by its parsed content, which is not kept.
    is_stating = any(isinstance(statement, Pin) for statement in statements)
    if key is not None and answers is not None and is_stating and not failed and not budget.is_exceeded:
        parsed_documents.keep(key, parsed)
    return parsed


def _with_readable_version(statement: Statement) -> Statement:
    """A pin whose version or range is longer than any version becomes an Unread: nothing could compare it."""
    if not isinstance(statement, Pin):
        return statement
    version, specifier = statement.version or "", statement.specifier or ""
    if len(version) <= MAX_LENGTH and len(specifier) <= MAX_LENGTH:
        return statement
    length = max(len(version), *map(len, specifier.split(",")))
    if length <= MAX_LENGTH or statement.kind in _NAMED_BY_ADDRESS:
        return statement
    why = f"a version of {length:,} characters is not read (at most {MAX_LENGTH})"
    what = f"{statement.name} {statement.version or statement.specifier}"[:200]
    return Unread(at=statement.at, why=why, what=what, package=statement.package)


class _KeptReading:
    """Where the reading of one text is kept, if it may be."""

    __slots__ = ("reading",)

    def __init__(self) -> None:
        self.reading: Reading | None = None


def read_once(document: Document, parser: Parser, read: Callable[[], Reading]) -> Reading:
    """The reading of a document, or that of the same text elsewhere, moved."""
    kept = _kept_reading(document, parser)
    if kept is not None and kept.reading is not None:
        return _moved(kept.reading, document.path)
    reading = read()
    if kept is not None and _stands_alone(reading):
        kept.reading = reading
    return reading


def _kept_reading(document: Document, parser: Parser) -> _KeptReading | None:
    """Where the reading of a document's text is kept; None for a format that asks for more than its text."""
    if parser.alike is None or document.size > MOVED_CHARACTERS or may_hold_secret(document.path):
        return None
    try:
        text = document.text
    except Unreadable:
        return None
    return _kept(parser.format, text, parser.alike(document), tuple(document.defines.items()))


@lru_cache(maxsize=64)
def _kept(_format: str, _text: str, _alike: Hashable, _defines: tuple[tuple[str, str], ...]) -> _KeptReading:
    return _KeptReading()


def _moved(reading: Reading, path: str) -> Reading:
    """A reading of the same text at another path."""
    return replace(
        reading,
        path=path,
        pins=tuple(replace(pin, at=_at(pin.at, path)) for pin in reading.pins),
        facts=tuple(replace(fact, at=_at(fact.at, path)) for fact in reading.facts),
    )


def _at(place: Place, path: str) -> Place:
    return Place(path=path, line=place.line, column=place.column, start=place.start, end=place.end)


def _stands_alone(reading: Reading) -> bool:
    """Whether a reading has pins and facts of its own text alone."""
    if reading.includes or reading.unread or reading.attached or reading.waivers or reading.conflicts or reading.roots:
        return False
    return bool(reading.pins) and all(map(_is_settled, reading.pins))


def _is_settled(pin: Pin) -> bool:
    """Whether a pin names what an index has, and no neighbour says more of it."""
    if pin.source != "index" or pin.derived_from is not None:
        return False
    return not local_projects.is_named_alone(pin) and not local_projects.is_followed(pin)
