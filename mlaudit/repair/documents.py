"""The documents that a repair edits: each is read once, edited in memory, and read again before an edit counts."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mlaudit.document.budget import document_budget
from mlaudit.document.document import Document
from mlaudit.grammars.rewriting import MAX_PROPOSALS, Proposal, Rewriter, exact_version
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Edit, Include, Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.model.versions import admits, public, same_public
from mlaudit.parsers._read import recognized
from mlaudit.parsers._registry import Parser
from mlaudit.parsers._rewriting import rewriter_of
from mlaudit.repair.nouns import MeantPin

_HASHES = lazy_pattern(
    r"(?:[ \t]{0,8}\\\r?\n)?[ \t]{0,200}--hash[ \t=][ \t]{0,8}[A-Za-z0-9]{1,16}:[0-9A-Za-z=+/]{1,256}"
)
STALE_HASHES = "its hashes are those of the old version"
"""Why requirements with hashes are refused."""
_TWO_VERSIONS = "two versions are wanted of one statement"
FEW = 2
"""Edits that are read together; a single one is read when it is requested."""
_NOWHERE = Place(path="")
_ENCODED_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Refused(MlauditError):
    """An edit that is not made; the message is a sentence part that states why."""


class SourceText(NamedTuple):
    """The text of a document, and how it is in bytes."""

    mark: bytes
    text: str
    encoding: str

    def offset(self, position: int) -> int:
        """The byte at which a character is."""
        return len(self.mark) + len(self.text[:position].encode(self.encoding))


class EditedDocument:
    """One document with the edits that were accepted for it.

    Args:
        document: as written.
        real: the file, its links followed.
        drop_hashes: hashes go where a version changes.
    """

    def __init__(self, document: Document, real: Path, *, drop_hashes: bool = False) -> None:
        self.document = document
        self.real = real
        self.old = document.data
        self._drop_hashes = drop_hashes
        self._source = _source_text(document)
        self._parser = recognized(document)
        self._statements = _statements(self._parser, document)
        self._edits: dict[tuple[int, int], Edit] = {}
        self._meant: dict[int, str] = {}
        self._proven: dict[MeantPin, Edit] = {}

    @property
    def format(self) -> str:
        """The format of the document."""
        return self._parser.format

    @property
    def encoding(self) -> str:
        """The encoding of the document."""
        return self._source.encoding

    @property
    def new(self) -> bytes:
        """The bytes with all accepted edits: everything else stays as it is."""
        return self._with(self._edits.values())

    @property
    def pins(self) -> tuple[Pin, ...]:
        """What the document itself states."""
        return tuple(statement for statement in self._statements if isinstance(statement, Pin))

    def prove_together(self, meant: Iterable[MeantPin]) -> None:
        """Find, in few readings, pins whose first proposal states what is meant; `change` reads nothing again for them.

        Only edits inside a statement that shares no character with another are taken: what holds for all of them
        together holds for each.
        """
        rewriter = rewriter_of(self.format)
        if rewriter is None:
            return
        candidates: dict[int, tuple[MeantPin, Edit]] = {}
        for pin in dict.fromkeys(meant):
            local_edit = self._local_edit(pin, rewriter)
            if local_edit is not None:
                candidates.setdefault(local_edit[0], (pin, local_edit[1]))
        self._prove(list(candidates.items()))

    def is_proven(self, meant: MeantPin) -> bool:
        """Whether `change` needs no reading for a pin."""
        return meant in self._proven

    def change(self, meant: Sequence[MeantPin]) -> tuple[Edit, ...]:
        """Accept what makes the document say some versions, and nothing else different. Raises Refused."""
        rewriter = rewriter_of(self.format)
        if rewriter is None:
            raise Refused(f"files of the format {self.format} are not edited")
        due = {index: pin.to for pin in meant for index in self._indexes(pin)}
        if any(self._meant.get(index, to) != to for index, to in due.items()):
            raise Refused(_TWO_VERSIONS)
        wanted = {**self._meant, **due}
        before = dict(self._edits)
        try:
            edits = [edit for pin in meant for edit in self._change_one(pin, rewriter, wanted)]
            # What was tried with a single pin was judged as a whole already.
            sure = len(meant) == 1 or all(map(self.is_proven, meant))
            problem = "" if sure else self._problem(self._edits.values(), wanted)
            if problem:
                raise Refused(problem)
        except Refused:
            self._edits = before
            raise
        self._meant = wanted
        return tuple(dict.fromkeys(edits))

    def forget(self) -> None:
        """Forget all edits that were accepted."""
        self._edits.clear()
        self._meant.clear()

    def _indexes(self, meant: MeantPin) -> list[int]:
        """The statements that a pin stands for: all of its package at its place."""
        if meant.pin.at.start is None:
            raise Refused("the exact position of its version is not known")
        by_content = self._by_content.get(_content(meant.pin))
        if not by_content:
            raise Refused("its version comes from outside of the file")
        return by_content

    @cached_property
    def _by_content(self) -> dict[tuple[object, ...], list[int]]:
        """The statements by what tells them apart."""
        by_content: dict[tuple[object, ...], list[int]] = {}
        for index, statement in enumerate(self._statements):
            if isinstance(statement, Pin):
                by_content.setdefault(_content(statement), []).append(index)
        return by_content

    @cached_property
    def _apart(self) -> frozenset[int]:
        """The statements that share no character with another."""
        placed = sorted(
            (statement.at.start, statement.at.end if statement.at.end is not None else statement.at.start, index)
            for index, statement in enumerate(self._statements)
            if isinstance(statement, Pin) and statement.at.start is not None
        )
        shared: set[int] = set()
        reached, reaching = -1, -1
        for start, end, index in placed:
            if start < reached:
                shared |= {index, reaching}
            if end > reached:
                reached, reaching = end, index
        return frozenset(index for _, _, index in placed if index not in shared)

    def _local_edit(self, meant: MeantPin, rewriter: Rewriter) -> tuple[int, Edit] | None:
        """The statement of a pin and its first proposal, where that stays inside of a statement of its own."""
        pin = meant.pin
        indexes = self._by_content.get(_content(pin), [])
        if len(indexes) != 1 or indexes[0] not in self._apart or pin.source != "index" or pin.hashes:
            return None
        first = next(iter(rewriter(self._source.text, pin, meant.to)), None)
        if first is None or pin.at.start is None or pin.at.end is None or _says(pin, meant.to):
            return None
        if first.start < pin.at.start or first.end > pin.at.end:
            return None
        return indexes[0], self._edit(*first)

    def _prove(self, candidates: Sequence[tuple[int, tuple[MeantPin, Edit]]]) -> None:
        """Keep the edits that one reading shows right; where it does not, each half is tried by itself."""
        if len(candidates) < FEW:
            return
        edits = [edit for _, (_, edit) in candidates]
        if not self._problem(edits, {index: meant.to for index, (meant, _) in candidates}):
            self._proven.update(pair for _, pair in candidates)
            return
        half = len(candidates) // 2
        self._prove(candidates[:half])
        self._prove(candidates[half:])

    def _change_one(self, meant: MeantPin, rewriter: Rewriter, wanted: dict[int, str]) -> tuple[Edit, ...]:
        """Accept the first proposal after which the pin states what is meant; others are judged together later."""
        first = self._statements[self._indexes(meant)[0]]
        if not isinstance(first, Pin) or _says(first, meant.to):
            return ()
        if meant.pin.source != "index":
            raise Refused(f"it is installed from {_ADDRESSES.get(meant.pin.source, 'an address')}, not by version")
        proven = self._proven.get(meant)
        if proven is not None:
            span = (proven.start, proven.end)
            if any(start < proven.end and proven.start < end for start, end in self._edits if (start, end) != span):
                raise Refused(_TWO_VERSIONS)
            self._edits[span] = proven
            return (proven,)
        hashes = self._hashes(meant.pin)
        problem = "its statement has no version that can be replaced"
        for proposal in _first(rewriter(self._source.text, meant.pin, meant.to)):
            edit = self._edit(*proposal)
            if self._edits.get((edit.start, edit.end)) == edit:
                return (edit,)
            tried = {**self._edits, **hashes, (edit.start, edit.end): edit}
            problem_text = _overlapping(tried.values()) or self._problem(
                tried.values(), wanted, only=self._indexes(meant)
            )
            if not problem_text:
                self._edits = tried
                return (edit, *hashes.values())
            problem = problem_text
        raise Refused(problem)

    def _hashes(self, pin: Pin) -> dict[tuple[int, int], Edit]:
        """What drops every hash of the file, since pip wants all or none. Raises Refused where nobody asked for it."""
        if not pin.hashes:
            return {}
        if not self._drop_hashes:
            raise Refused(STALE_HASHES)
        matches = _HASHES.finditer(self._source.text)
        return {match.span(): self._edit(match.start(), match.end(), "") for match in matches}

    def _edit(self, start: int, end: int, new: str) -> Edit:
        text = self._source.text
        begin = text.rfind("\n", 0, start) + 1
        close = text.find("\n", start)
        whole = text[begin : close if close >= 0 else len(text)].removesuffix("\r")
        return Edit(
            path=self.document.path,
            start=start,
            end=end,
            new=new,
            old=text[start:end],
            line=text.count("\n", 0, start) + 1,
            column=start - begin + 1,
            whole_line=whole,
        )

    def _with(self, edits: Iterable[Edit]) -> bytes:
        data, end = self.old, len(self.old)
        parts: list[bytes] = []
        for edit in sorted(edits, key=lambda edit_made: edit_made.start, reverse=True):
            start = self._source.offset(edit.start)
            stop = start + len(edit.old.encode(self._source.encoding))
            parts += [data[stop:end], edit.new.encode(self._source.encoding)]
            end = start
        return b"".join((data[:end], *reversed(parts)))

    def _problem(self, edits: Iterable[Edit], wanted: dict[int, str], only: Sequence[int] | None = None) -> str:
        """What the document would state that was not meant; empty if it states what was.

        Args:
            only: the statements that must say it already; the others that are meant may still.
        """
        document = self.document.with_data(self._with(edits))
        try:
            after = _statements(self._parser, document)
        except MlauditError as error:
            return f"the file can no longer be read ({error})"
        if len(after) != len(self._statements):
            return "the file would state more or fewer things"
        meant = [self._statements[index] for index in wanted]
        places = {statement.at for statement in meant if isinstance(statement, Pin)}
        for index, (old, new) in enumerate(zip(self._statements, after, strict=True)):
            if index in wanted:
                due = only is None or index in only
                if not _is_meant(old, new, wanted[index], due=due, hashes=not self._drop_hashes):
                    return f"after the edit the file would not state {wanted[index]}, or would state something else too"
            elif not _alike(old, new, places, hashes=not self._drop_hashes):
                return f"{_named(old)} would change with it"
        return ""


_ADDRESSES = {"git": "a repository", "url": "an address", "path": "a folder or file"}


def _content(pin: Pin) -> tuple[object, ...]:
    """What distinguishes a statement from others of its document."""
    return (pin.at.start, pin.at.end, pin.package, pin.version, pin.specifier)


def _first(proposals: Iterable[Proposal]) -> Iterator[Proposal]:
    for number, proposal in enumerate(dict.fromkeys(proposals)):
        if number >= MAX_PROPOSALS:
            return
        yield proposal


def _overlapping(edits: Iterable[Edit]) -> str:
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    clash = any(edit.end > other.start for edit, other in zip(ordered, ordered[1:], strict=False))  # noqa: RUF007
    return _TWO_VERSIONS if clash else ""


def _source_text(document: Document) -> SourceText:
    data = document.data
    for mark, encoding in _ENCODED_MARKS:
        if data.startswith(mark):
            return _checked(data, SourceText(mark, document.text, encoding))
    try:
        text, declared = document.text, document.encoding
    except Unreadable:
        # pip reads what is no UTF-8 in the encoding of its machine, and Latin-1 keeps every byte.
        return SourceText(b"", data.decode("latin-1"), "latin-1")
    return _checked(data, SourceText(b"", text, declared))


def _checked(data: bytes, source: SourceText) -> SourceText:
    """The text, where its encoding gives the same bytes again. Raises Refused."""
    if source.mark + source.text.encode(source.encoding) != data:
        raise Refused(f"its {source.encoding} text does not give the same bytes again")
    return source


def _statements(parser: Parser, document: Document) -> tuple[Statement, ...]:
    """What a document itself says, without what it includes."""
    kept = (Pin, Include, Unread)
    with document_budget():
        return tuple(statement for statement in parser.read(document) if isinstance(statement, kept))


def _says(pin: Pin, to: str) -> bool:
    """Whether a statement means a version: it names it, or a beginning of it where no more is written."""
    if pin.version is None:
        named = (pin.specifier or "").startswith("==")
        return named and admits(pin.specifier or "", public(to))
    wanted = exact_version(pin, to)
    if pin.kind is Kind.PYTHON:
        return wanted == pin.version or to.startswith(f"{pin.version}.")
    return pin.version == wanted or (same_public(pin.version, wanted) and "+" not in wanted)


def _is_meant(old: Statement, new: Statement, to: str, *, due: bool, hashes: bool) -> bool:
    """Whether a statement says another version and is the same in everything else."""
    if not isinstance(old, Pin) or not isinstance(new, Pin):
        return False
    if not due and _bare(old, hashes=hashes) == _bare(new, hashes=hashes):
        return True
    return _says(new, to) and _versionless(_bare(old, hashes=hashes)) == _versionless(_bare(new, hashes=hashes))


def _versionless(pin: Pin) -> Pin:
    """A pin without what a version decides: its detail names the image that it is derived from, or conda's build."""
    detail = pin.detail if pin.derived_from is None and pin.ecosystem != "conda" else None
    return replace(pin, version=None, specifier=None, variant=None, origin=None, detail=detail)


def _alike(old: Statement, new: Statement, places: set[Place], *, hashes: bool) -> bool:
    if isinstance(old, Pin) and isinstance(new, Pin):
        # The tag of an image is what its derived versions are written in.
        if old.at in places and old.kind is Kind.IMAGE and new.kind is Kind.IMAGE:
            return old.name == new.name
        if old.at in places and old.derived_from is not None and new.derived_from is not None:
            old, new = replace(old, detail=None), replace(new, detail=None)
        return _bare(old, hashes=hashes) == _bare(new, hashes=hashes)
    return type(old) is type(new) and replace(old, at=_NOWHERE) == replace(new, at=_NOWHERE)


def _bare(pin: Pin, *, hashes: bool) -> Pin:
    """A pin without its place, and without its hashes, and what they make sure, where those may go."""
    derived = None if pin.derived_from is None else _NOWHERE
    bare = replace(pin, at=_NOWHERE, derived_from=derived)
    return bare if hashes else replace(bare, hashes=(), layer=Layer.DECLARED)


def _named(statement: Statement) -> str:
    if isinstance(statement, Pin):
        return statement.name
    return "what it includes" if isinstance(statement, Include) else "what could not be read of it"


OpenDocument = Callable[[str], EditedDocument]
"""Gives the document at a path as reports have it. Raises Refused."""
