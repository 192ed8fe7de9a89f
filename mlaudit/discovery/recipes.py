"""What recipes install: every part of a recipe (stage, job, notebook) with the files that its commands name."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.budget import document_budget
from mlaudit.document.document import Document
from mlaudit.document.files import listed
from mlaudit.grammars.pypi import local_projects
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.knowledge.roles import words as role_words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Include, Kind, Pin, Place, Root, Statement, Unread
from mlaudit.model.observation import Observation
from mlaudit.parsers._parse import parse_document
from mlaudit.parsers._read import recognized
from mlaudit.sources.working_tree import WorkingTree

JOB_FORMATS = ("github-actions", "gitlab-ci", "buildspec")
"""Formats whose parts are jobs of CI."""
TOOL_FORMATS = ("tox-ini", "noxfile")
"""Formats of tools that make environments, mostly of files that others install too."""
BUILD_FORMATS = ("bentofile", "cog", "truss-config")
"""Formats of tools that build the image of a served model from one descriptor."""
TASK_FORMATS = ("makefile", "shell-script")
"""What shows how environments are used, and makes none of its own."""
MAX_FOLLOWED = 50
"""Files that one part of a recipe may name, those that they include counted too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """One command that a recipe runs when its environment is made.

    Attributes:
        folder: of the tree that it runs in, where the recipe says it.
    """

    words: tuple[str, ...]
    at: Place
    folder: str = ""

    @property
    def shown(self) -> str:
        """The command as people write it, cut."""
        return " ".join(self.words)[:80]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A model of a registry that a deployment loads."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder that a service sees, and where it is kept.

    Attributes:
        scope: what the source is unique in: the tree, the host, the compose files of one folder.
        source: the folder or volume that is mounted.
        target: the absolute path at which the service sees it, without a slash at its end.
    """

    scope: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRun:
    """How a service runs an image that is built from the tree.

    Attributes:
        dockerfile: that the image is built with, relative to the audited folder; empty if it is of elsewhere.
        target: the stage that is built, empty for the last one.
        name: of the service; empty where the image runs by itself.
        entrypoint: that replaces the image's, with its CMD; None if it states none.
        command: that replaces the image's CMD; None if it states none.
        folder: that it runs in, empty if the image shows it.
        settings: environment variables with their values.
        container: the name of its container, where it is stated.
        executed: commands that tasks run in it while it runs.
    """

    at: Place
    dockerfile: str = ""
    target: str = ""
    name: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    folder: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    container: str | None = None
    executed: tuple[RunCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipePart:
    """One environment that a recipe makes.

    Attributes:
        path: of the recipe, relative to the audited folder.
        part: the word behind `#` that chooses it (`stage=train`); empty if the recipe has one part, or for its last.
        name: what the recipe calls it; empty if it has no name.
        installs: files of the tree that its commands install, in their order.
        states: it states a package, an image or a Python itself.
        unresolved: it names a file that is not in the tree, so that what it installs is not known in full.
        commands: what runs in it.
        built_by: scripts that its image runs while it is built.
        copies: files and folders of the tree that it holds, None if it sees the whole tree.
        packages: that it states itself, images among them.
        is_named: the name of the file alone shows its format.
        runs: the services that run it.
        folders: that its commands change into.
        has_python: it states a Python itself, as an image does whose tag names one.
        has_packages: it states packages itself, or its image is known to have some.
        models: of a registry, that deployments load in it.
        role: that the recipe states itself, as the last of its evidence says.
    """

    path: str
    format: str
    part: str = ""
    name: str = ""
    installs: tuple[str, ...] = ()
    states: bool = False
    unresolved: bool = False
    commands: tuple[RunCommand, ...] = ()
    built_by: tuple[RunCommand, ...] = ()
    copies: tuple[str, ...] | None = None
    evidence: tuple[Observation, ...] = ()
    packages: frozenset[str] = field(default_factory=frozenset)
    is_named: bool = True
    runs: tuple[ImageRun, ...] = ()
    folders: tuple[str, ...] = ()
    has_python: bool = False
    has_packages: bool = False
    models: tuple[RegisteredModel, ...] = ()
    role: str = ""

    @property
    def is_task(self) -> bool:
        """Whether it is a target or script that people run in an environment."""
        return self.format in TASK_FORMATS

    @property
    def is_job(self) -> bool:
        """Whether it is a job of CI, which runs in an environment that others have too."""
        return self.format in JOB_FORMATS

    @property
    def is_tool(self) -> bool:
        """Whether it is an environment of tox or nox."""
        return self.format in TOOL_FORMATS

    @property
    def is_build(self) -> bool:
        """Whether it describes an image with all that is installed in it."""
        return self.format in BUILD_FORMATS

    @property
    def source(self) -> str:
        """The part as the command line and a configuration name it."""
        words = [*([self.part] if self.part else []), *([] if self.is_named else [f"format={self.format}"])]
        return f"{self.path}#{','.join(words)}" if words else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTree:
    """The files of an audited folder that a walk found, and how they are opened; these are `Files`.

    Attributes:
        folder: the audited folder.
        root: opens what is in it.
        paths: every regular file below it, relative to it, with `/`.
    """

    folder: Path
    root: WorkingTree
    paths: Collection[str]

    def list(self, folder: str = "", *, deep: bool = True) -> Iterable[str]:
        """The files that were found below a folder; see `Files`."""
        return listed(self.paths, folder, deep=deep)

    def exists(self, path: str) -> bool:
        """Whether a file of this path was found."""
        return path in self.paths

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file that was found. Raises Unreadable."""
        if path not in self.paths:
            raise Unreadable("it was not found in the audited folder")
        return self.root.document(self.folder / path).stream()

    def document(self, path: str) -> Document | None:
        """The document at a path, None if it cannot be opened."""
        try:
            return self.root.document(self.folder / path)
        except Unreadable:
            # Reading it as a source shows the reason.
            return None

    def text(self, path: str, most: int | None = None) -> str | None:
        """The text of a file; None if it has none, cannot be opened or has more bytes than `most`."""
        document = self.document(path)
        try:
            return document.text if document is not None and (most is None or document.size <= most) else None
        except Unreadable:
            # What cannot be read takes part in nothing; its parser shows the reason.
            return None

    def inner(self, place: str) -> str:
        """A reported path relative to the audited folder."""
        shown = self.root.shown(self.folder)
        return place if shown == "." else posixpath.relpath(place, shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDocument:
    """The statements of one document, its includes not followed."""

    format: str
    statements: tuple[Statement, ...] = ()

    def roots(self) -> tuple[Root, ...]:
        """The parts that it is made of."""
        return tuple(statement for statement in self.statements if isinstance(statement, Root))


def stated(document: Document, as_format: str | None = None) -> StatedDocument | None:
    """What a document states itself, without what it includes; None if it cannot be read."""
    with document_budget():
        try:
            parser = recognized(document, as_format)
        except Exception:
            # Whatever is wrong with it is reported where it is read as a source.
            return None
        parsed = parse_document(document, parser)
        return None if parsed.failed else StatedDocument(format=parser.format, statements=parsed.statements)


_SHELLS = ("sh", "bash", "dash")


def inner_commands(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All commands of `sh -c "..."`, else the command itself."""
    if len(words) > 2 and posixpath.basename(words[0]) in _SHELLS and words[1].startswith("-"):
        return [tuple(word.text for word in command.words) for command in commands(words[2], {})]
    return [words] if words else []


def of_part(statements: Iterable[Statement], name: str | None) -> Iterator[Statement]:
    """The statements that belong to a part; those of no part belong to all."""
    for statement in statements:
        parts = statement.parts if isinstance(statement, (Pin, Include)) else ()
        if name is None or not parts or name in parts:
            yield statement


def installed_files(path: str, statements: Iterable[Statement], tree: AuditedTree) -> tuple[tuple[str, ...], bool]:
    """Files of the tree that some statements of a document install, and whether one is named that is not there."""
    files: dict[str, None] = {}
    missing = False
    listed = list(statements)
    files_of = _own_manifests(path, tree) if any(map(_may_be_own, listed)) else {}
    for statement in listed:
        if isinstance(statement, Include):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), statement.target))
            if target in tree.paths:
                files.setdefault(target)
            else:
                missing = True
        elif isinstance(statement, Pin) and _may_be_own(statement):
            files.update(dict.fromkeys(files_of.get(statement.package, ())))
    return tuple(_with_included(files, tree)), missing


def _may_be_own(statement: Statement) -> bool:
    return isinstance(statement, Pin) and local_projects.is_named_alone(statement)


def _own_manifests(path: str, tree: AuditedTree) -> dict[str, list[str]]:
    """The manifests of the projects that a recipe is in, by the name under which it may install them."""
    document = tree.document(path)
    own = local_projects.own_projects(document) if document is not None else {}
    manifests: dict[str, list[str]] = {}
    for project, folder in own.items():
        places = (posixpath.join(posixpath.dirname(path), folder, name) for name in local_projects.MANIFESTS)
        manifests[project] = [path for path in map(posixpath.normpath, places) if path in tree.paths]
    return manifests


def _with_included(files: Iterable[str], tree: AuditedTree) -> Iterator[str]:
    """Files and those that they include themselves (`-r base.txt`), each once."""
    waiting, seen = list(files), set[str]()
    while waiting and len(seen) < MAX_FOLLOWED:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        yield path
        document = tree.document(path) if path.endswith((".txt", ".in", ".pip", ".yml", ".yaml")) else None
        inner = stated(document) if document is not None else None
        included = (
            statement for statement in (inner.statements if inner is not None else ()) if isinstance(statement, Include)
        )
        targets = [posixpath.normpath(posixpath.join(posixpath.dirname(path), include.target)) for include in included]
        waiting += [target for target in targets if target in tree.paths]


def whole_part(path: str, document: StatedDocument, tree: AuditedTree, name: str | None = None) -> RecipePart:
    """The part of a recipe that its statements make, without what runs in it."""
    statements = list(of_part(document.statements, name))
    installs, missing = installed_files(path, statements, tree)
    pins = [statement for statement in statements if isinstance(statement, Pin)]
    return RecipePart(
        path=path,
        format=document.format,
        name=name or "",
        installs=installs,
        states=bool(pins),
        has_python=any(pin.kind is Kind.PYTHON for pin in pins),
        has_packages=any(pin.kind is Kind.PACKAGE for pin in pins),
        unresolved=missing or any(isinstance(statement, Unread) for statement in statements),
        evidence=tuple(_observed(statements)),
        packages=frozenset(pin.package for pin in pins if pin.kind is Kind.PACKAGE or _is_of_server(pin)),
    )


def _is_of_server(pin: Pin) -> bool:
    """Whether a pin is an image that may be what it is called: a server of models, not its clients."""
    return pin.kind is Kind.IMAGE and not role_words().is_client(pin.name, pin.version)


def _observed(statements: Sequence[Statement]) -> Iterator[Observation]:
    """The first place that installs a file, and the image that it starts from."""
    for statement in statements:
        if isinstance(statement, Include):
            yield Observation(at=statement.at, says=f"installs {statement.target}")
        elif isinstance(statement, Pin) and statement.kind is Kind.IMAGE:
            yield Observation(at=statement.at, says=f"starts from {_image_name(statement)}")


def _image_name(pin: Pin) -> str:
    """An image with its tag or digest, as people write it."""
    if not pin.version:
        return pin.name
    return f"{pin.name}@{pin.version}" if ":" in pin.version else f"{pin.name}:{pin.version}"
