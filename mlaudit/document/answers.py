"""What a document was asked about its neighbours, and what the answers were: whether they still are the same."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from mlaudit.model.errors import Unreadable

MAX_CONTENT = 1_000_000
"""Bytes of a neighbour whose content is kept; what depends on a larger one is not known to be the same again."""


class Neighbour(Protocol):
    """What is asked of a document here."""

    path: str
    size: int
    is_read: bool

    @property
    def data(self) -> bytes:
        """All bytes. Raises Unreadable."""
        ...

    def beside(self, path: str) -> Neighbour | None:
        """The document at a path relative to this one's folder."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder relative to this document's."""
        ...

    def remember_questions(self) -> None:
        """Keep in mind what is asked about neighbours from now on."""
        ...

    def forget_questions(self) -> Answers | None:
        """The answers that were given since then."""
        ...


class NamesAnswer(NamedTuple):
    """The names in a folder."""

    folder: str
    names: tuple[str, ...]


class FileAnswer(NamedTuple):
    """A neighbour that was asked for.

    Attributes:
        shown: the path under which it is reported, None if there is none.
        content: its bytes, None if nobody read them.
        answers: what it was asked about its own neighbours.
    """

    path: str
    shown: str | None
    content: bytes | None = None
    answers: tuple[NamesAnswer | FileAnswer, ...] = ()


Answers = tuple[NamesAnswer | FileAnswer, ...]


class Questions:
    """The questions that a document was asked since it began to remember them."""

    def __init__(self) -> None:
        self._files: dict[str, Neighbour | None] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def about_file(self, path: str, neighbour: Neighbour | None) -> None:
        """Remember that a neighbour was asked for."""
        if neighbour is not None and path not in self._files:
            neighbour.remember_questions()
        self._files.setdefault(path, neighbour)

    def about_names(self, folder: str, names: tuple[str, ...]) -> None:
        """Remember that the names in a folder were asked for."""
        self._names[folder] = names

    def answers(self) -> Answers | None:
        """The answers; None if they are too large to be kept, or cannot be had again."""
        given: list[NamesAnswer | FileAnswer] = [NamesAnswer(folder, names) for folder, names in self._names.items()]
        try:
            for path, neighbour in self._files.items():
                answer = _answer(path, neighbour)
                if answer is None:
                    return None
                given.append(answer)
        except Unreadable:
            return None
        return tuple(given)


def _answer(path: str, neighbour: Neighbour | None) -> FileAnswer | None:
    if neighbour is None:
        return FileAnswer(path, None)
    answers = neighbour.forget_questions()
    if answers is None or (neighbour.is_read and neighbour.size > MAX_CONTENT):
        return None
    return FileAnswer(path, neighbour.path, neighbour.data if neighbour.is_read else None, answers)


def are_alike(document: Neighbour, answers: Answers) -> bool:
    """Whether a document would give these answers again."""
    try:
        return all(_is_alike(document, answer) for answer in answers)
    except Unreadable:
        return False


def _is_alike(document: Neighbour, answer: NamesAnswer | FileAnswer) -> bool:
    if isinstance(answer, NamesAnswer):
        return document.names(answer.folder) == answer.names
    neighbour = document.beside(answer.path)
    if neighbour is None or answer.shown is None:
        return neighbour is None and answer.shown is None
    if neighbour.path != answer.shown or (answer.content is not None and neighbour.data != answer.content):
        return False
    return are_alike(neighbour, answer.answers)
