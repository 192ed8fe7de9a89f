"""A recipe being read: what is known at the point where a command is, and how its statements are placed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate, islice

from mlaudit.document.budget import BudgetExceeded, Limit
from mlaudit.document.document import Document
from mlaudit.grammars.pypi.requirement import leading_name
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Fact, InstallSelection, Place, Unread
from mlaudit.model.scope import PinScope
from mlaudit.model.secrets import masked

Locate = Callable[[str], "str | None"]

MAX_DEPTH = 64
"""Folders above a file that may be a cloned repository."""

PATH = Limit(name="characters in the path of a recipe", most=4_096)
"""Longer ones exist on no system; `cd` makes them one part at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedLock:
    """A lock that a command wrote out as requirements.

    Attributes:
        target: the lock, relative to the document's folder.
        chosen: what of it the options of the command choose.
    """

    target: str
    chosen: InstallSelection


class Recipe:
    """The state of one environment while its commands are read in order.

    Attributes:
        values: variables that are known; commands change them.
        folder: the current folder of the recipe, in its own file system.
        locate: gives, for a path in the recipe's file system, the path relative to the document's folder, or None.
        cloned: folders into which commands cloned repositories.
        pushed: folders that `popd` leads back to.
        written: files that earlier commands wrote, by their path: the text, where it is in the recipe.
        printed: what the command before this one printed, if it is known and may be piped on.
        exported: locks that earlier commands wrote out, by the path of the file.
        step: the number of the install that is read.
    """

    def __init__(
        self,
        doc: Document,
        *,
        values: Mapping[str, str] | None = None,
        parts: tuple[str, ...] = (),
        groups: tuple[str, ...] = (),
        folder: str = "",
        locate: Locate | None = None,
        step: int = 0,
    ) -> None:
        self.doc = doc
        self.values = dict(values or {})
        self.parts = parts
        self.groups = groups
        self.folder = folder
        self.locate = locate or self._beside
        self.written: dict[str, Script | None] = {}
        self.printed: Script | None = None
        self.exported: dict[str, ExportedLock] = {}
        self.cloned: set[str] = set()
        self.pushed: list[str] = []
        self.step = step
        self.detail: str | None = None

    @property
    def scope(self) -> PinScope:
        """Of what its commands install."""
        return PinScope(groups=self.groups, parts=self.parts, step=self.step)

    @property
    def base_scope(self) -> PinScope:
        """Of Python, CUDA and the image under them, which are there whatever groups are chosen."""
        return PinScope(parts=self.parts, step=self.step)

    def path(self, text: str) -> str:
        """A path of a command seen from the current folder, normalized. Raises BudgetExceeded."""
        joined = posixpath.join(self.folder, text)
        if len(joined) > PATH.most:
            raise BudgetExceeded(PATH)
        return posixpath.normpath(joined)

    def is_cloned(self, path: str) -> bool:
        """Whether a path is in a repository that the recipe cloned."""
        if not self.cloned:
            return False
        folders = accumulate(path.split("/", MAX_DEPTH), lambda folder, name: f"{folder}/{name}")
        return not self.cloned.isdisjoint(list(folders)[:-1])

    def _beside(self, path: str) -> str | None:
        return path if self.doc.beside(path) is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command with the script that it is in and the recipe that it changes."""

    script: Script
    recipe: Recipe
    words: tuple[Word, ...]
    stdin: Script | None = None

    @property
    def doc(self) -> Document:
        """The document of the recipe."""
        return self.recipe.doc

    def at(self, word: Word) -> Place:
        """The place of a word, its quotes left out."""
        raw = self.script.text[word.start : word.end]
        if word.quoted and len(raw) > 2 and raw[0] == raw[-1] and raw[0] in "'\"":
            return self.script.place(word.start + 1, word.end - 1)
        return self.script.place(word.start, word.end)

    def whole(self) -> Place:
        """The place of the command."""
        if not self.words:
            return self.script.place(0, len(self.script.text))
        return self.script.place(self.words[0].start, self.words[-1].end)

    def note(self, says: str, at: Place | None = None) -> Fact:
        """A remark for the user."""
        return Fact(key="note", value=says[:400], at=at or self.whole())

    def unknown(self, word: Word) -> Unread:
        """A word that holds something without a value here."""
        name = leading_name(word.text)
        # What a `$` in a password begins is a part of the password.
        unresolved = word.unresolved if word.unresolved in masked(word.text) else "$..."
        return self.doc.unread(
            f"`{unresolved[:80]}` has no value here; a variable gets one by --define NAME=VALUE",
            self.at(word),
            what=word.text,
            package=package_of(name) if name else None,
            template=True,
            scope=self.recipe.scope,
        )

    def shown(self, words: Iterable[Word] | None = None) -> str:
        """The command as people write it, cut."""
        return " ".join(word.text[:120] for word in islice(self.words if words is None else words, 60))[:120]
