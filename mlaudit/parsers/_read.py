"""From a document to a reading: recognize the format, run its parser, follow its includes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from mlaudit.document.budget import BudgetExceeded, current_budget, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars.pypi import local_projects
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.masking import mask_statement
from mlaudit.model.nouns import (
    Conflict,
    Fact,
    Include,
    InstallSelection,
    Kind,
    Pin,
    Reading,
    Root,
    Statement,
    Unread,
    Waiver,
)
from mlaudit.parsers._parse import STATEMENTS, parse_document, read_once
from mlaudit.parsers._registry import Parser, named, parser_of, parsers

_INSTALLING = frozenset(("recipe", "list", "aside", "descriptor"))
"""Kinds of documents that may install the project that they are in."""


@dataclass(frozen=True, slots=True)
class _Inclusion:
    """What an include, and those around it, make of the statements of a document."""

    constraint: bool = False
    step: int = 0
    parts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    under_extras: tuple[str, ...] = ()

    def within(self, include: Include) -> _Inclusion:
        """Of a document that is included by one with this context."""
        return _Inclusion(
            self.constraint or include.constraint,
            self.step + include.step,
            include.parts or self.parts,
            include.groups or self.groups,
            include.under_extras or self.under_extras,
        )


_ALONE = _Inclusion()

_PAGE = lazy_pattern(rb"\s{0,64}(?:<!doctype html|<html[\s>]|<\?xml[^>]{0,200}\?>\s{0,64}<Error>)", re.IGNORECASE)
"""How the page of a login or an error begins, and the error of an object store."""
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
"""How a pointer file begins whose content Git LFS keeps (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""

T = TypeVar("T")
Parsed = tuple[Parser, tuple[Statement, ...]]
Values = tuple[tuple[str, str], ...]
Visited = tuple[str, "_Inclusion", InstallSelection | None]
"""A document, what it is included for, and which part of it."""

MAX_INCLUDES = 200
"""Documents that one document may pull in, itself included."""
SHOWN = 200
"""Characters of an include's target that are shown."""

WORDS_PER_STATEMENT = 16
"""Stages, groups, hashes and requirements with which a pin counts as one statement."""


def _refuse_stand_in(doc: Document, *, is_model: bool) -> None:
    """Raises Unreadable for what is there instead of a file."""
    if doc.head.startswith(_POINTER):
        raise Unreadable("it is a pointer of Git LFS, and its content is not here: git lfs pull")
    if is_model and _PAGE.match(doc.head):
        raise Unreadable("it is a page that a server answered instead of the file: download it again")


def recognized(doc: Document, as_format: str | None = None) -> Parser:
    """The parser of a document: as given, else by its name, else by its content. Raises Unreadable.

    The name of a binary format is a hint (a `.pkl` may be a zip archive): its bytes must agree.
    """
    if as_format is not None:
        return _parser_named(as_format)
    tree = doc.tree is not None
    by_name = named(doc.path, tree=tree)
    decisive = [parser for parser in by_name if parser.access != "binary"]
    placed = [parser for parser in decisive if parser.places(doc.path)]
    for certain in (_claiming(doc, by_name, binary=True), decisive, placed):
        if len(certain) == 1:
            return certain[0]
    if not tree:
        _refuse_stand_in(doc, is_model=bool(by_name) and not decisive)
    try:
        return _by_content(doc, decisive or _possible(doc))
    except Unreadable:
        if len(by_name) == 1:
            return by_name[0]
        if len(decisive) > 1:
            formats = " or ".join(sorted(parser.format for parser in decisive))
            raise Unreadable(
                f"its name is one of {formats}, and its content shows neither; --as FORMAT says which"
            ) from None
        raise


def is_model_file(doc: Document) -> bool:
    """Whether the bytes of a document are those of a model artifact, whatever its name is."""
    by_name = [parser for parser in named(doc.path) if parser.artifact]
    if any(parser.access == "text" for parser in by_name) or _claiming(doc, by_name, binary=True):
        return True
    from mlaudit.parsers._marks import possible_artifacts

    return bool(doc.head) and bool(_claiming(doc, possible_artifacts(doc), binary=True))


def _possible(doc: Document) -> list[Parser]:
    from mlaudit.parsers._marks import possible_parsers

    return possible_parsers(doc)


def _parser_named(as_format: str) -> Parser:
    known_parser = parser_of(as_format)
    if known_parser is None:
        raise Unreadable(f"`{as_format}` is no known format; one of {', '.join(parsers())}")
    return known_parser


def _by_content(doc: Document, candidates: Sequence[Parser]) -> Parser:
    # What cannot be opened must be reported as that, and not as content that no format knows.
    empty = not doc.head if doc.tree is None else not any(doc.tree.list())
    # Binary formats show themselves by their first bytes, and text sniffs would read a large file whole.
    claiming = _claiming(doc, candidates, binary=True) or _claiming(doc, candidates, binary=False)
    if len(claiming) == 1:
        return claiming[0]
    if len(claiming) > 1:
        raise Unreadable(
            f"it could be {' or '.join(parser.format for parser in claiming)}; choose one with --as FORMAT"
        )
    if empty and doc.tree is None:
        raise Unreadable("it is empty, and its name indicates no format; --as FORMAT overrides")
    if doc.tree is None:
        from mlaudit.grammars.model_file.archives import check_archive

        check_archive(doc)
    raise Unreadable("neither its name nor its content is of a known format; --as names it, such as --as requirements")


def _claiming(doc: Document, candidates: Sequence[Parser], *, binary: bool) -> list[Parser]:
    return [parser for parser in candidates if (parser.access == "binary") is binary and _sniffed(parser, doc)]


def _sniffed(parser: Parser, doc: Document) -> bool:
    if parser.content is None:
        return False
    try:
        return parser.content(doc)
    except (Unreadable, Malformed):
        return False


def read(doc: Document, as_format: str | None = None) -> Reading:
    """What a document says, its includes folded in where they are; bad input becomes an Unread, never an error."""
    with document_budget():
        try:
            parser = recognized(doc, as_format)
        except Exception as error:
            return Reading(path=doc.path, format="unknown", complete=False, unread=(_unread(doc, error),))
        return read_once(doc, parser, lambda: _Collector().reading(doc, parser))


def _unread(doc: Document, error: Exception) -> Unread:
    """What an exception leaves unread of a document; tests can have defects of the program raised again."""
    from mlaudit.parsers._failures import unread

    return unread(doc, error)


def _chosen(statements: Iterable[Statement], include: Include) -> Iterable[Statement]:
    """What the selection of an include leaves of what is included."""
    from mlaudit.grammars.pypi.selected import chosen

    return chosen(statements, include.selection) if include.selection else statements


class _Collector:
    """Sorts statements into a reading; follows includes, `MAX_INCLUDES` at most.

    A document that several stages include is parsed once; its statements are placed for each of them.
    """

    def __init__(self) -> None:
        self.visited: set[Visited] = set()
        self.open: set[Visited] = set()
        self.parsed: dict[tuple[str, str | None, Values], Parsed] = {}
        self.attached: list[tuple[Include, Reading]] = []
        self.projects: dict[str, Mapping[str, str]] = {}
        self.exhausted = False

    def reading(self, doc: Document, parser: Parser) -> Reading:
        self.visited.update((doc.path, _ALONE, selection) for selection in (None, InstallSelection()))
        self.open.update(self.visited)
        sorted_statements: dict[type, list[Statement]] = {}
        complete = parser.complete
        for read_statement in self.followed(doc, parser, parse_document(doc, parser).statements, _ALONE):
            statement = mask_statement(read_statement)
            if isinstance(statement, Fact) and statement.key == "complete":
                complete = statement.value == "yes"
            sorted_statements.setdefault(type(statement), []).append(statement)
        if parser.access == "text" and sorted_statements.keys() <= {Conflict, Fact, Root}:
            self._remark(doc, parser, sorted_statements, complete=complete)
        assembled = _assembled(doc.path, parser.format, complete, sorted_statements)
        return replace(assembled, attached=tuple(self.attached))

    def _remark(
        self, doc: Document, parser: Parser, sorted_statements: dict[type, list[Statement]], *, complete: bool
    ) -> None:
        """Add why nothing is stated, where the content of the document shows it."""
        from mlaudit.parsers import _contentless as contentless

        noted = any(
            isinstance(statement, Fact) and statement.key == "note" for statement in sorted_statements.get(Fact, ())
        )
        try:
            remark = contentless.remark(doc, parser, is_remarked=noted or Root in sorted_statements, complete=complete)
        except Exception as error:
            remark = _unread(doc, error)
        if remark is not None:
            sorted_statements.setdefault(type(remark), []).append(remark)

    def followed(
        self, doc: Document, parser: Parser, statements: Iterable[Statement], context: _Inclusion
    ) -> Iterator[Statement]:
        """Statements with what their includes say behind each; nothing more once the budget is used up."""
        budget = current_budget()
        for statement in statements:
            try:
                budget.spend(STATEMENTS, _weight(statement))
            except BudgetExceeded as error:
                self.exhausted = True
                yield Unread(at=doc.place(), why=error.why, whole=True, exhausted=True)
                return
            if isinstance(statement, Pin) and parser.kind in _INSTALLING and local_projects.is_named_alone(statement):
                statement = local_projects.of_tree(statement, self.own_projects(doc))
            yield statement
            if isinstance(statement, Include):
                yield from self.included(doc, statement, parser, context)
            if isinstance(statement, Pin) and local_projects.is_followed(statement):
                yield from self.required(doc, statement, parser, context)
            self.exhausted = self.exhausted or (isinstance(statement, Unread) and statement.exhausted)
            if self.exhausted:
                return

    def own_projects(self, doc: Document) -> Mapping[str, str]:
        """The projects around a document, looked for once."""
        if doc.path not in self.projects:
            self.projects[doc.path] = local_projects.own_projects(doc)
        return self.projects[doc.path]

    def required(self, doc: Document, pin: Pin, parser: Parser, context: _Inclusion) -> Iterator[Statement]:
        """What the project requires that a pin names by its folder, or why that is not known."""
        manifests = local_projects.includes(doc, pin)
        if isinstance(manifests, Unread):
            yield manifests
            return
        for include in manifests:
            # Extras that name one another come back to one project again and again.
            for statement in self.included(doc, include, parser, context, once=True):
                yield from local_projects.required(statement, pin)

    def included(
        self, doc: Document, include: Include, parser: Parser, around: _Inclusion, *, once: bool = False
    ) -> Iterator[Statement]:
        """What an included document says; with `once` only where no earlier step of the stage had it said."""
        try:
            inner = doc.beside(include.target)
        except Exception as error:
            from mlaudit.parsers._failures import reason

            yield Unread(at=include.at, why=reason(error), what=include.target[:SHOWN])
            return
        if inner is None:
            yield Unread(at=include.at, why=_not_there(include), what=include.target[:SHOWN])
            return
        # Two stages of a recipe may install one file, and one stage may install it again: each time its pins count.
        context = around.within(include)
        # What includes itself says nothing new, however many steps later.
        circle = (inner.path, replace(context, step=0), include.selection)
        key = circle if once else (inner.path, context, include.selection)
        if key in self.visited or circle in self.open:
            return
        if len(self.visited) >= MAX_INCLUDES:
            yield Unread(at=include.at, why=f"more than {MAX_INCLUDES} documents are included", what=include.target)
            return
        self.visited.add(key)
        try:
            if include.attached:
                self.attached.append((include, _Collector().reading(inner, recognized(inner, include.format))))
                return
            inner_parser, statements = self.parsed_once(inner, include, parser)
        except Exception as error:
            yield from _placed(_unread(inner, error), include)
            return
        followed = self.followed(inner, inner_parser, statements, context)
        self.open.add(circle)
        for statement in _chosen(followed, include) if include.selection else followed:
            yield from _placed(statement, include)
        self.open.discard(circle)

    def parsed_once(self, doc: Document, include: Include, outer: Parser) -> Parsed:
        """The parser of an included document, the including one's where none is given, and its own statements."""
        format_name = include.format
        key = (doc.path, format_name, include.values)
        if key not in self.parsed:
            try:
                parser = recognized(doc, format_name or None)
            except Unreadable:
                parser = outer
            known = doc.with_defines(dict(include.values)) if include.values else doc
            self.parsed[key] = (parser, parse_document(known, parser).statements)
        return self.parsed[key]


def _weight(statement: Statement) -> int:
    """How many statements one counts for."""
    if not isinstance(statement, Pin) or statement.is_plain:
        return 1
    if not (statement.parts or statement.groups or statement.hashes or statement.requires):
        return 1
    words = len(statement.parts) + len(statement.groups) + len(statement.hashes) + len(statement.requires)
    return 1 + words // WORDS_PER_STATEMENT


def _not_there(include: Include) -> str:
    if "://" in include.target:
        return "an include by address is not fetched; an audit opens no network connection"
    return f"the included file `{include.target[:SHOWN]}` does not exist, or is outside the audited root"


def _placed(statement: Statement, include: Include) -> Iterable[Statement]:
    """A statement of an included document, as the including one sees it."""
    if isinstance(statement, Pin):
        says_nothing = not (include.constraint or include.groups or include.under_extras or include.parts)
        if says_nothing and not (include.step or include.without_requirements):
            yield statement
            return
        yield replace(
            statement,
            kind=Kind.BOUND if include.constraint else statement.kind,
            overrides=statement.overrides or include.overrides,
            step=statement.step + include.step,
            groups=statement.groups or include.groups,
            under_extras=statement.under_extras or include.under_extras,
            parts=statement.parts or include.parts,
            without_requirements=statement.without_requirements or include.without_requirements,
        )
    elif not (isinstance(statement, Fact) and statement.key == "complete"):
        if isinstance(statement, Unread):
            statement = _placed_unread(statement, include)
        yield statement


def _placed_unread(entry: Unread, include: Include) -> Unread:
    """What an included document did not say; a limit that is used up ends the including one too.

    What may be of no group that is selected, and what only narrows, replaces no earlier install.
    """
    installs = not (include.constraint or include.groups or include.under_extras)
    return replace(
        entry,
        whole=entry.whole and entry.exhausted,
        step=entry.step + include.step if installs else 0,
        parts=entry.parts or include.parts,
    )


def _assembled(path: str, format_name: str, complete: bool, by_type: dict[type, list[Statement]]) -> Reading:
    """The reading of sorted statements; one with an Unread of the whole claims to be complete no more.

    What several passes over a document could not read is said once.
    """
    unread = tuple(dict.fromkeys(_only(by_type, Unread)))
    whole = any(entry.whole for entry in unread)
    return Reading(
        path=path,
        format=format_name,
        complete=complete and not whole,
        roots=_only(by_type, Root),
        pins=_without_excluded(_only(by_type, Pin)),
        includes=_only(by_type, Include),
        facts=_only(by_type, Fact),
        conflicts=_only(by_type, Conflict),
        waivers=_only(by_type, Waiver),
        unread=unread,
    )


def _without_excluded(pins: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """The pins without those that the same install excludes; only an override does."""
    if not any(pin.overrides for pin in pins):
        return pins
    from mlaudit.grammars.pypi.overrides import without_excluded

    return tuple(without_excluded(pins))


def _only(by_type: dict[type, list[Statement]], kind: type[T]) -> tuple[T, ...]:
    return tuple(statement for statement in by_type.get(kind, ()) if isinstance(statement, kind))
