"""Where a version of one package of one environment is stated: pins to edit, and locks that their tools must write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from posixpath import basename, dirname, join
from typing import NamedTuple

from mlaudit.grammars.relocking import LockTool
from mlaudit.model.nouns import Change, Kind, Layer, Pin
from mlaudit.model.report import Environment
from mlaudit.model.versions import admits
from mlaudit.parsers._rewriting import lock_tool_of
from mlaudit.repair.documents import EditedDocument, OpenDocument, Refused
from mlaudit.repair.nouns import MeantPin, NativeCommand

_DECLARING = (Kind.PACKAGE, Kind.BOUND, Kind.PYTHON)
_ELSEWHERE = {
    Layer.RESOLVED: "uv resolved the version, and no file states it",
    Layer.INSTALLED: "the version is installed, and no file declares it",
    Layer.RECORDED: "an artifact records it, and is written again rather than edited",
}

_OpenAll = Callable[[str], Iterator[EditedDocument]]
"""Gives the documents of a name in which what a lock has is declared."""


class StatedAt(NamedTuple):
    """Everything that must change for one environment to take another version."""

    meant: tuple[MeantPin, ...]
    commands: tuple[NativeCommand, ...] = ()


def stated_at(environment: Environment, change: Change, open_document: OpenDocument) -> StatedAt:
    """What must change, in files and by tools. Raises Refused."""
    cell = environment.cell(change.package)
    if not cell.pins:
        raise Refused("not named there, so there is nothing to change")
    formats = {reading.path: reading.format for reading in environment.readings}
    meant: list[MeantPin] = []
    commands: list[NativeCommand] = []
    for pin in (*cell.pins, *_bounds(environment, change)):
        if pin.layer in _ELSEWHERE:
            raise Refused(_ELSEWHERE[pin.layer])
        tool = lock_tool_of(formats.get(pin.at.path, ""))
        if tool is None:
            meant.append(MeantPin(pin, change.to))
        elif pin.kind is Kind.PYTHON:
            raise Refused(f"{pin.at.path} is a lock, and its Python is that of the project")
        elif pin.kind is not Kind.BOUND:
            declaration = _declaration(pin, change, tool, _with_members(environment, pin.at.path, open_document))
            meant += declaration.meant
            commands += declaration.commands
    return StatedAt(tuple(dict.fromkeys(meant)), tuple(dict.fromkeys(commands)))


def _bounds(environment: Environment, change: Change) -> Iterator[Pin]:
    """Constraints that would not admit the new version."""
    for pin, selected in environment.pins():
        if pin.kind is Kind.BOUND and pin.package == change.package and selected is not False:
            stated = f"=={pin.version}" if pin.version is not None else pin.specifier or ""
            if stated and not admits(stated, change.to):
                yield pin


def _with_members(environment: Environment, lock: str, open_document: OpenDocument) -> _OpenAll:
    """Opens a manifest beside a lock, and those of the other members of its workspace, which it locks too."""
    folder = dirname(lock)
    projects = (
        pin
        for reading in environment.readings
        if reading.path == lock
        for pin in reading.pins
        if pin.kind is Kind.PROJECT
    )
    members = [pin.origin for pin in projects if pin.source == "path" and pin.origin not in (None, "", ".")]

    def opened(manifest: str) -> Iterator[EditedDocument]:
        yield open_document(join(folder, manifest))
        for member in dict.fromkeys(members):
            try:
                yield open_document(join(folder, member or "", manifest))
            except Refused:
                # A member may be a project of another tool; then this one states nothing there.
                continue

    return opened


def _declaration(pin: Pin, change: Change, tool: LockTool, open_all: _OpenAll) -> StatedAt:
    """The declarations of a locked package that do not admit the version, and the command of its tool."""
    folder = dirname(pin.at.path)
    for manifest in tool.manifests:
        try:
            documents = list(open_all(manifest))
        except Refused:
            continue
        pins = [pin for document in documents for pin in document.pins]
        declared = [pin for pin in pins if pin.package == change.package and pin.kind in _DECLARING]
        short = [pin for pin in declared if not _may_stay(pin, change.to, tool)]
        words = tool.words(pin.name, change.to, manifest, basename(pin.at.path))
        command = NativeCommand(folder=folder or ".", words=words, lock=pin.at.path)
        return StatedAt(tuple(MeantPin(pin, change.to) for pin in short), (command,))
    expected = " or ".join(tool.manifests)
    typed = " ".join(tool.words(pin.name, change.to, tool.manifests[0], basename(pin.at.path)))
    raise Refused(
        f"{pin.at.path} is a lock, and there is no {expected} beside it to edit; "
        f"in the folder that has one, `{typed}` updates the lock"
    )


def _may_stay(pin: Pin, to: str, tool: LockTool) -> bool:
    """Whether a declaration admits the version, and the tool is given it by the command."""
    stated = f"=={pin.version}" if pin.version is not None else pin.specifier or ""
    return not stated or (admits(stated, to) and (tool.chooses or pin.version is not None))
