"""What a repair consists of: moves, and the files that they change."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Change, Edit, Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairChoice:
    """What was asked to be fixed, and how far it may go.

    Attributes:
        to: whose version counts: `reference`, `serving`, `highest`, `lowest`.
        versions: versions that were named, by package.
        packages: globs over packages; empty for every one.
        family: the packages of one family; empty for every one.
        fingerprints: findings that were named; empty for every one.
        unsafe: moves that are not safe are made too.
        drop_hashes: hashes of files that are edited may be dropped.
    """

    to: str = "reference"
    versions: tuple[tuple[str, str], ...] = ()
    packages: tuple[str, ...] = ()
    family: frozenset[str] = frozenset()
    fingerprints: tuple[str, ...] = ()
    unsafe: bool = False
    drop_hashes: bool = False


class WantedMove(NamedTuple):
    """A change that was chosen.

    Attributes:
        fingerprints: the findings that it is to make vanish.
        source: the environment whose version it is; empty if it is of no other.
    """

    change: Change
    fingerprints: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCommand:
    """The command of the tool that owns a lock.

    Attributes:
        folder: where it is run, relative to the root.
        lock: the lock that it writes, relative to the root.
    """

    folder: str
    words: tuple[str, ...]
    lock: str

    def __str__(self) -> str:
        """As it is typed in a shell."""
        import shlex

        typed = shlex.join(self.words)
        return typed if self.folder in ("", ".") else f"cd {shlex.quote(self.folder)} && {typed}"


UNSAFE = "not safe: {}; --unsafe-fixes makes it"
"""Why a move is refused that crosses a hazard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change with everything that it takes.

    Attributes:
        was: what the environment states about the package now.
        hazard: why it is not safe; empty if it is.
        refusal: why it is not made; then it has no edits.
    """

    change: Change
    was: str
    fingerprints: frozenset[str] = frozenset()
    hazard: str = ""
    refusal: str = ""
    edits: tuple[Edit, ...] = ()
    commands: tuple[NativeCommand, ...] = ()

    @property
    def is_only_unsafe(self) -> bool:
        """Whether it is refused for its hazard alone, so that `--unsafe-fixes` makes it."""
        return bool(self.hazard) and self.refusal == UNSAFE.format(self.hazard)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file before and after."""

    path: str
    real: Path
    old: bytes
    new: bytes
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan:
    """Everything that a repair would do."""

    moves: tuple[Move, ...]
    files: tuple[FileChange, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def made(self) -> tuple[Move, ...]:
        """The moves that are carried out."""
        return tuple(move for move in self.moves if not move.refusal)

    @property
    def refused(self) -> tuple[Move, ...]:
        """The moves that are not, each with its reason."""
        return tuple(move for move in self.moves if move.refusal)

    @property
    def commands(self) -> tuple[NativeCommand, ...]:
        """The commands that update locks, each once."""
        return tuple(dict.fromkeys(command for move in self.made for command in move.commands))


class MeantPin(NamedTuple):
    """A statement that is to say another version."""

    pin: Pin
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOutcome:
    """What a repair did.

    Attributes:
        plan: what was planned.
        written: the files have their new bytes.
        ran: the commands of native tools that were run.
        why: sentences on why the files were put back; empty if they were not.
        remarks: new findings that only inform, and others that a user should read.
    """

    plan: RepairPlan
    written: bool = False
    ran: tuple[NativeCommand, ...] = ()
    why: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
