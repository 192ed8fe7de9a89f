"""How compose files run the images that they build: command, environment and volumes of each service.

https://docs.docker.com/reference/compose-file/services/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.discovery.groups import why_ignored
from mlaudit.discovery.recipes import AuditedTree, ImageRun, Mount
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.container.build_commands import marked, placed
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_SERVICES = 500
"""Services of one tree that are looked at."""

_COMPOSE = lazy_pattern(r"(?:[\w-]{1,60}[.-])?(?:docker-)?compose(?:[.-][\w.-]{1,100})?\.ya?ml")
_DEFAULT = lazy_pattern(r"\$\{\w{1,128}:?-([^${}]{0,400})\}")


def compose_runs(tree: AuditedTree) -> tuple[ImageRun, ...]:
    """The services of all compose files of a tree that build an image of it."""
    runs: list[ImageRun] = []
    for path in tree.paths:
        if not _COMPOSE.fullmatch(posixpath.basename(path)) or why_ignored(path) is not None:
            continue
        document = tree.document(path)
        if document is not None:
            runs += _of_file(path, document)
        if len(runs) >= MAX_SERVICES:
            break
    return tuple(runs[:MAX_SERVICES])


def _of_file(path: str, document: Document) -> list[ImageRun]:
    with document_budget():
        try:
            services = document.yaml.get("services")
            named = list(services.items()) if services.is_table else []
        except (Unreadable, Malformed, BudgetExceeded):
            # A file that is no compose file runs nothing.
            return []
        runs: list[ImageRun] = []
        for name, service in named:
            try:
                runs += _of_service(path, name, service, document)
            except (Malformed, BudgetExceeded):
                # One service that is not as compose has it leaves the others.
                continue
        return runs


def _of_service(path: str, name: str, service: Node, document: Document) -> Iterator[ImageRun]:
    build = service.get("build") if service.is_table else Node(None)
    if not (build.is_text or build.is_table):
        return
    folder = posixpath.dirname(path)
    stated = build if build.is_text else build.get("context")
    context = placed(marked(_filled(stated.maybe_text() or ".")), folder)
    file = (build.get("dockerfile").maybe_text() if build.is_table else None) or "Dockerfile"
    yield ImageRun(
        dockerfile=placed(marked(_filled(file)), context),
        target=(build.get("target").maybe_text() or "") if build.is_table else "",
        name=name,
        at=document.at(*service.route),
        entrypoint=_words(service.get("entrypoint")),
        command=_words(service.get("command")),
        folder=service.get("working_dir").maybe_text() or "",
        settings=tuple(_settings(service.get("environment"))),
        mounts=tuple(_mounts(service.get("volumes"), folder)),
    )


def _filled(text: str) -> str:
    """A text in which variables have the values that hold where nothing sets them."""
    return _DEFAULT.sub(lambda found: found[1], text)


def _words(node: Node) -> tuple[str, ...] | None:
    """The words of `command` or `entrypoint`, which no shell sees; None where it is not stated."""
    if node.is_list:
        return tuple(_filled(one.text()) for one in node.each() if one.is_text)
    if not node.is_text:
        return None
    first = next(iter(commands(_filled(node.text()), {})), None)
    return tuple(word.text for word in first.words) if first is not None else ()


def _settings(node: Node) -> Iterator[tuple[str, str]]:
    """Variables with their values; those that the caller's environment gives are left out."""
    if node.is_table:
        pairs = [(name, value.text()) for name, value in node.items() if value.is_text]
    else:
        listed = [one.text().partition("=") for one in node.each() if one.is_text] if node.is_list else []
        pairs = [(name, value) for name, _, value in listed]
    for name, value in pairs:
        filled = _filled(value)
        if filled and "$" not in filled:
            yield name, filled


def _mounts(node: Node, folder: str) -> Iterator[Mount]:
    for one in node.each() if node.is_list else ():
        if one.is_table:
            source, target = one.get("source").maybe_text() or "", one.get("target").maybe_text() or ""
        else:
            source, _, rest = _filled(one.text() if one.is_text else "").partition(":")
            target = rest.partition(":")[0]
        if source and target.startswith("/") and "$" not in source + target:
            yield _mount(source, target, folder)


def _mount(source: str, target: str, folder: str) -> Mount:
    """A folder of the tree, or a volume, which services of one folder share by its name."""
    if source.startswith("."):
        return Mount(scope="tree", source=posixpath.normpath(posixpath.join(folder, source)), target=target)
    scope = "host" if source.startswith(("/", "~")) else f"volume:{folder}"
    return Mount(scope=scope, source=source, target=target)
