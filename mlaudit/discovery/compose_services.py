"""How compose files run the images that they build: command, environment and volumes of each service.

https://docs.docker.com/reference/compose-file/services/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.recipes import (
    AuditedTree,
    ImageRun,
    Mount,
    RecipePart,
    RunCommand,
    StatedDocument,
    inner_commands,
    whole_part,
)
from mlaudit.discovery.role_signs import WORK, is_platform, role_of_command, runs_tasks
from mlaudit.discovery.variable_files import stated_variables
from mlaudit.document.budget import BudgetExceeded, Limit, current_budget, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.container.build_commands import marked, placed
from mlaudit.grammars.container.build_context import OwnImage, own_image
from mlaudit.grammars.container.compose_text import Volume, volumes, with_defaults
from mlaudit.grammars.container.dockerfile_stages import MAX_PARENTS
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.knowledge.roles import words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.observation import Observation

MAX_SERVICES = 500
"""Services of one tree that are looked at."""

_FOLDERS = Limit(name="folders that a variable may move", most=100)

_COMPOSE = lazy_pattern(r"(?:[\w-]{1,60}[.-])?(?:docker-)?compose(?:[.-][\w.-]{1,100})?\.ya?ml")


def compose_runs(tree: AuditedTree) -> tuple[ImageRun, ...]:
    """The services of all compose files of a tree; those that run an image of elsewhere have no `dockerfile`."""
    paths = (path for path in tree.paths if is_compose(path) and why_ignored(path) is None)
    return tuple(islice((run for path in paths for run in _of_file(path, tree)), MAX_SERVICES))


def is_compose(path: str) -> bool:
    """Whether the name of a file is one that compose files have."""
    return "compose" in path and _COMPOSE.fullmatch(posixpath.basename(path)) is not None


def service_parts(path: str, document: StatedDocument, tree: AuditedTree, runs: Sequence[ImageRun]) -> list[RecipePart]:
    """The environments of services whose image the tree does not build: of a known image with what a model needs."""
    parts: list[RecipePart] = []
    services = list(_services(path, document, tree, runs))
    for name, part, own, running in services:
        beside = [others for _, other, _, others in services if other.packages == part.packages]
        if not _sees_code(running, beside):
            own = [replace(run, mounts=()) for run in own]
        copies = [mount.source for run in own for mount in run.mounts if mount.scope == "tree"]
        shown = (Observation(at=command.at, says=f"runs {command.shown}") for command in running[:3])
        parts.append(
            replace(
                part,
                part=f"environment={name}",
                commands=running,
                copies=tuple(dict.fromkeys(copies)),
                evidence=(*part.evidence, *shown),
                runs=tuple(own),
            )
        )
    return parts


def _services(
    path: str, document: StatedDocument, tree: AuditedTree, runs: Sequence[ImageRun]
) -> Iterator[tuple[str, RecipePart, list[ImageRun], tuple[RunCommand, ...]]]:
    """The services that are environments: name, what the file states of it, how it runs, and what it starts."""
    for root in document.roots():
        part = whole_part(path, document, tree, root.name)
        own = [run for run in runs if root.at is not None and run.at.path == root.at.path and run.name == root.name]
        running = tuple(RunCommand(words=words, at=run.at) for run in own for words in _started(run))
        if _is_environment(part, running):
            yield root.name, part, own, running


def _sees_code(running: Sequence[RunCommand], beside: Sequence[Sequence[RunCommand]]) -> bool:
    """Whether a service may run the code that is mounted into it.

    Of the services of a platform, which have one image and mount the same code, the workers run it; the scheduler where
    there are none.
    """
    if is_platform(running):
        return False
    starts_own = any(word.endswith((".py", ".sh")) for command in running for word in command.words)
    if starts_own or any(role_of_command(command.words) in WORK for command in running):
        return True
    distributed = any(runs_tasks(each, only_distributed=True) for each in beside)
    has_workers = distributed or any(map(runs_tasks, beside))
    return not has_workers or runs_tasks(running, only_distributed=distributed)


def _is_environment(part: RecipePart, running: Sequence[RunCommand]) -> bool:
    """Whether a service is more than a database or a queue: packages, a server of models, or a script of the tree."""
    images = [name for name in part.packages if words().role_of_image(name)]
    scripts = any(word.endswith(".py") for command in running for word in command.words)
    roles = {role_of_command(command.words) for command in running}.intersection(WORK)
    has_package = bool(part.installs) or len(part.packages) > 1
    return bool(images or has_package or ((scripts or roles) and part.has_python))


def _started(run: ImageRun) -> list[tuple[str, ...]]:
    """The commands of a service, those of `sh -c "..."` apart."""
    return inner_commands((*(run.entrypoint or ()), *(run.command or ())))


def _of_file(path: str, tree: AuditedTree) -> list[ImageRun]:
    runs: list[ImageRun] = []
    document = tree.document(path)
    if document is None:
        return runs
    # A file that is no compose file runs nothing.
    with document_budget(), suppress(Unreadable, Malformed, BudgetExceeded):
        for name, service in document.yaml.get("services").items():
            # One service that is not as compose has it leaves the others.
            with suppress(Malformed, BudgetExceeded):
                runs += _of_service(path, name, service, document, tree)
    return runs


def _of_service(path: str, name: str, service: Node, document: Document, tree: AuditedTree) -> Iterator[ImageRun]:
    build = service.get("build")
    is_built = build.is_text or build.is_table
    folder = posixpath.dirname(path)
    if build.is_table and build.get("dockerfile_inline").exists:
        # The parser of the format says that it is not read.
        return
    own = _built(build, folder) if is_built else _of_tree(document, service.get("image").text(), folder)
    run = ImageRun(
        name=name,
        at=document.at(*service.route),
        entrypoint=_words(service.get("entrypoint")),
        command=_words(service.get("command")),
        folder=service.get("working_dir").maybe_text() or "",
        settings=(*_of_files(service.get("env_file"), folder, tree), *_settings(service.get("environment"))),
        container=service.get("container_name").maybe_text(),
        mounts=tuple(_mount(volume, folder, tree) for volume in volumes(service)),
    )
    yield replace(run, dockerfile=own.file, target=own.target) if own is not None else run


def _built(build: Node, folder: str) -> OwnImage:
    """The Dockerfile of a service and the stage that is built."""
    stated = build if build.is_text else build.get("context")
    context = placed(marked(with_defaults(stated.maybe_text() or ".")), folder)
    file = (build.get("dockerfile").maybe_text() if build.is_table else None) or "Dockerfile"
    target = build.get("target").maybe_text() if build.is_table else None
    return OwnImage(file=placed(marked(with_defaults(file)), context), target=target or "")


def _of_tree(document: Document, image: str, folder: str) -> OwnImage | None:
    """The Dockerfile that another file of the tree builds an image with, and its stage; None if none does."""
    own = own_image(document, with_defaults(image), MAX_PARENTS)
    return replace(own, file=posixpath.normpath(posixpath.join(folder, own.file))) if own is not None else None


def _words(node: Node) -> tuple[str, ...] | None:
    """The words of `command` or `entrypoint`, which no shell sees; None if it is not stated."""
    if node.is_list:
        return tuple(with_defaults(item.text()) for item in node.each() if item.is_text)
    if not node.is_text:
        return None
    first = next(iter(commands(with_defaults(node.text()), {})), None)
    return tuple(word.text for word in first.words) if first is not None else ()


def _settings(node: Node) -> Iterator[tuple[str, str]]:
    """Variables with their values; those that the caller's environment gives are left out."""
    if node.is_table:
        pairs = [(name, value.text()) for name, value in node.items() if value.is_text]
    else:
        listed = [item.text().partition("=") for item in node.each() if item.is_text] if node.is_list else []
        pairs = [(name, value) for name, _, value in listed]
    for name, value in pairs:
        filled = with_defaults(value)
        if filled and "$" not in filled:
            yield name, filled


def _of_files(node: Node, folder: str, tree: AuditedTree) -> Iterator[tuple[str, str]]:
    """Variables that the files of `env_file` set, a later file over an earlier one."""
    for entry in node.each() if node.is_list else (node,):
        named = entry.get("path") if entry.is_table else entry
        if named.is_text:
            yield from stated_variables(posixpath.normpath(posixpath.join(folder, with_defaults(named.text()))), tree)


def _mount(volume: Volume, folder: str, tree: AuditedTree) -> Mount:
    """A folder of the tree, or a volume, which services of one folder share by its name."""
    source, target = volume.source, volume.target.rstrip("/")
    if source.startswith("."):
        place = posixpath.normpath(posixpath.join(folder, source))
        return Mount(scope="tree", source=_meant(place, tree) if volume.is_default else place, target=target)
    scope = "host" if source.startswith(("/", "~")) else f"volume:{folder}"
    return Mount(scope=scope, source=source, target=target)


def _meant(place: str, tree: AuditedTree) -> str:
    """A folder that a variable may move: where the tree does not have it, the only one of its name.

    Airflow's own compose file mounts `${AIRFLOW_PROJ_DIR:-.}/dags`; what sets the variable is seldom committed.
    """
    name = posixpath.basename(place)
    budget = current_budget()
    if place == "." or not budget.affords([(_FOLDERS, 1)]):
        return place
    budget.spend(_FOLDERS)
    if next(iter(tree.list(place)), None) is not None:
        return place
    ends = ((f"/{path}").find(f"/{name}/") for path in tree.paths)
    folders = {path[: end + len(name)] for path, end in zip(tree.paths, ends, strict=True) if end >= 0}
    return next(iter(folders)) if len(folders) == 1 else place
