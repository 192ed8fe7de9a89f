"""From wanted moves to a plan: hazards weighed, every edit made in memory and read again, nothing written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from mlaudit.comparison.hazards import weigh
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Change, Edit
from mlaudit.model.report import Environment, Report
from mlaudit.repair.documents import STALE_HASHES, EditedDocument, Refused
from mlaudit.repair.nouns import UNSAFE, FileChange, MeantPin, Move, RepairChoice, RepairPlan, WantedMove
from mlaudit.repair.statements import StatedAt, stated_at
from mlaudit.sources.paths import is_file
from mlaudit.sources.working_tree import WorkingTree

MAX_TRIED = 100
"""Changes of one environment that are tried one by one for a report, each reading its files again."""
_NOT_TOGETHER = "{}, and a package changes in all environments or in none"


class RepairFiles:
    """The documents of one repair, each read once.

    Args:
        root: the tree that paths are relative to; nothing outside is edited.
    """

    def __init__(self, root: WorkingTree, *, drop_hashes: bool = False) -> None:
        self._root = root
        self._drop_hashes = drop_hashes
        self._opened: dict[str, EditedDocument | Refused] = {}

    def open(self, path: str) -> EditedDocument:
        """The document at a path as reports have it. Raises Refused."""
        normal = os.path.normpath(path).replace(os.sep, "/")
        document = self._opened.get(normal)
        if document is None:
            try:
                document = self._read(normal)
            except Refused as error:
                document = error
            except MlauditError as error:
                document = Refused(f"{path} cannot be read: {error}")
            self._opened[normal] = document
        if isinstance(document, Refused):
            raise document
        return document

    def has(self, path: str) -> bool:
        """Whether there is such a file in the tree."""
        file = self._root.folder / path
        return is_file(file) and self._root.holds(file)

    def _read(self, path: str) -> EditedDocument:
        file = self._root.folder / path
        if not is_file(file):
            raise Refused(f"{path} is no file of the working tree")
        if not self._root.holds(file):
            raise Refused(f"{path} is outside of the audited folder, or is a link that leads out of it")
        try:
            document = self._root.document(file)
            _ = document.data
        except Unreadable as error:
            raise Refused(f"{path}: {error.why}") from None
        return EditedDocument(document.with_data(document.data), file.resolve(), drop_hashes=self._drop_hashes)

    def forget(self) -> None:
        """Forget the edits that were accepted; what was read stays."""
        for document in self._opened.values():
            if isinstance(document, EditedDocument):
                document.forget()

    def changed(self) -> Iterator[FileChange]:
        """The files that accepted edits change."""
        for path, document in sorted(self._opened.items()):
            if isinstance(document, EditedDocument) and document.new != document.old:
                yield FileChange(
                    path=path, real=document.real, old=document.old, new=document.new, encoding=document.encoding
                )


def planned(
    report: Report, wanted: Sequence[WantedMove], choice: RepairChoice, make_files: Callable[[], RepairFiles]
) -> RepairPlan:
    """The plan of some moves: those that are unsafe or cannot be carried out are refused, each with its reason.

    Args:
        make_files: gives the files as written.
    """
    by_name = {environment.name: environment for environment in report.environments}
    moves = list(_weighed(report, by_name, wanted, unsafe=choice.unsafe))
    while True:
        files = make_files()
        stated = {
            move.change: _stated(by_name[move.change.environment], move.change, files)
            for move in moves
            if not move.refusal
        }
        _prove_together(stated.values(), files)
        edited_moves = [move if move.refusal else _edited(move, stated[move.change], files) for move in moves]
        fresh = _with_their_own(edited_moves, by_name)
        if [bool(move.refusal) for move in fresh] == [bool(move.refusal) for move in moves]:
            return RepairPlan(moves=tuple(fresh), files=tuple(files.changed()))
        moves = [replace(move, edits=(), commands=()) for move in fresh]


def _weighed(
    report: Report, by_name: Mapping[str, Environment], wanted: Sequence[WantedMove], *, unsafe: bool
) -> Iterator[Move]:
    """The moves with their hazards; what is refused is no longer a partner, so the others are weighed again."""
    left = list(wanted)
    refused: dict[Change, str] = {}
    while True:
        reasons = weigh(report.environments, [move.change for move in left])
        stopped = {change: reason for change, reason in reasons.items() if reason and not unsafe}
        refused.update(stopped)
        if not stopped:
            break
        # A package moves everywhere or nowhere.
        packages = {change.package for change in stopped}
        for move in left:
            if move.change.package in packages:
                reason = reasons[move.change] or "its move in another environment is not safe"
                refused[move.change] = reason
        left = [move for move in left if move.change not in refused]
    for move in wanted:
        change = move.change
        was = by_name[change.environment].cell(change.package).shown
        hazard = refused.get(change) or reasons.get(change, "")
        refusal = UNSAFE.format(hazard) if change in refused else ""
        yield Move(change=change, was=was, fingerprints=move.fingerprints, hazard=hazard, refusal=refusal)


def _edited(move: Move, stated: StatedAt | Refused, files: RepairFiles) -> Move:
    """A move with its edits, accepted by every file that it takes, or with why it is refused."""
    if isinstance(stated, Refused):
        return replace(move, refusal=_with_advice(str(stated), move, files))
    try:
        edits = tuple(edits_of(stated, files))
    except Refused as error:
        return replace(move, refusal=_with_advice(str(error), move, files))
    return replace(move, edits=edits, commands=stated.commands)


def edits_by_change(
    environment: Environment, changes: Sequence[Change], files: RepairFiles
) -> dict[Change, tuple[Edit, ...]]:
    """The edits that carry out each change by itself; a change of a lock, or one that a file refuses, has none."""
    stated = {change: _stated(environment, change, files) for change in changes}
    _prove_together(stated.values(), files)
    edits: dict[Change, tuple[Edit, ...]] = {}
    tried = 0
    for change, stated_place in stated.items():
        if isinstance(stated_place, Refused):
            continue
        tried += not _is_proven(stated_place, files)
        if tried > MAX_TRIED:
            continue
        with suppress(Refused):
            edits[change] = tuple(edits_of(stated_place, files))
        files.forget()
    return edits


def _stated(environment: Environment, change: Change, files: RepairFiles) -> StatedAt | Refused:
    """What must change for one change, or why it cannot."""
    try:
        return stated_at(environment, change, files.open)
    except Refused as error:
        return error


def _prove_together(stated: Iterable[StatedAt | Refused], files: RepairFiles) -> None:
    """Read each file once with the edits of all changes, instead of once for each change."""
    by_path: dict[str, list[MeantPin]] = {}
    for stated_place in stated:
        for pin in () if isinstance(stated_place, Refused) else stated_place.meant:
            by_path.setdefault(pin.pin.at.path, []).append(pin)
    for path, meant in by_path.items():
        with suppress(Refused):
            files.open(path).prove_together(meant)


def _is_proven(stated: StatedAt, files: RepairFiles) -> bool:
    """Whether no file must be read again for what must change."""
    try:
        return all(files.open(pin.pin.at.path).is_proven(pin) for pin in stated.meant)
    except Refused:
        return False


def edits_of(stated: StatedAt, files: RepairFiles) -> Iterator[Edit]:
    """The edits that make files state what is meant, accepted by each of them. Raises Refused."""
    by_path: dict[str, list[MeantPin]] = {}
    for pin in stated.meant:
        by_path.setdefault(pin.pin.at.path, []).append(pin)
    for path, meant in by_path.items():
        try:
            yield from files.open(path).change(meant)
        except Refused as error:
            place = str(meant[0].pin.at)
            raise Refused(str(error) if str(error).startswith(path) else f"{place}: {error}") from None


def _with_advice(reason: str, move: Move, files: RepairFiles) -> str:
    """A refusal for the sake of hashes, with the command that makes new ones; any other as it is."""
    if STALE_HASHES not in reason:
        return reason
    path = reason.partition(":")[0]
    source = path.removesuffix(".txt") + ".in"
    compiled = ("uv", "pip", "compile", "--generate-hashes")
    if files.has(source):
        upgraded = ("--upgrade-package", f"{move.change.package}=={move.change.to}")
        command = shlex.join((*compiled, source, "--output-file", path, *upgraded))
        return f"{reason}; `{command}` makes new ones, --drop-hashes drops all hashes of the file"
    command = shlex.join((*compiled, path, "--output-file", path))
    return f"{reason}; --drop-hashes drops all hashes of the file, and then `{command}` makes new ones"


def _with_their_own(moves: Sequence[Move], by_name: Mapping[str, Environment]) -> list[Move]:
    """The moves, where one that is refused takes with it those of its package in other environments.

    An environment that does not name the package has nothing to change, and holds nobody up.
    """
    refused = {
        move.change.package: move
        for move in moves
        if move.refusal and by_name[move.change.environment].cell(move.change.package).pins
    }
    return [
        move
        if move.refusal or move.change.package not in refused
        else replace(
            move,
            refusal=_NOT_TOGETHER.format(f"{refused[move.change.package].change.environment} cannot take it"),
            edits=(),
            commands=(),
        )
        for move in moves
    ]
