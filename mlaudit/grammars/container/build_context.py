"""The folder that a Dockerfile is built from: what its COPY sources show, and what a compose file beside or above says.

https://docs.docker.com/build/concepts/context/ and https://docs.docker.com/reference/compose-file/build/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

MAX_SOURCES = 200
"""COPY sources that are looked for in every folder that may be the context."""

_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """The build context.

    Attributes:
        level: how many folders it lies above the Dockerfile's own.
        others: further levels that nothing tells from it: every source stands there too.
        sure: something shows it; else each file is looked for from the Dockerfile's folder upwards.
    """

    level: int = 0
    others: tuple[int, ...] = ()
    sure: bool = False


def context(doc: Document, sources: Iterable[str], most: int) -> BuildContext:
    """The context of a Dockerfile, at most `most` folders above it, by the paths that its COPYs name."""
    declared = next(_declared(doc, most), None)
    if declared is not None:
        return BuildContext(level=declared, sure=True)
    plain = [path for path in dict.fromkeys(map(_plain, sources)) if path is not None][:MAX_SOURCES]
    scores = [_score(doc, plain, level) for level in range(most + 1)]
    best = max(scores, default=0)
    if best == 0:
        return BuildContext()
    levels = [level for level, score in enumerate(scores) if score == best]
    return BuildContext(level=levels[0], others=tuple(levels[1:]), sure=True)


def _plain(source: str) -> str | None:
    """A literal path of the context, None for patterns, addresses, variables and the whole context."""
    path = posixpath.normpath(source.lstrip("/"))
    unclear = path == "." or path.startswith("..") or "://" in source or any(sign in source for sign in "*?[$")
    return None if unclear else path


def _score(doc: Document, sources: Iterable[str], level: int) -> int:
    """How many sources are there in a folder above, or lead back into the Dockerfile's own."""
    own = "/".join(posixpath.dirname(doc.path).split("/")[-level:]) if level else ""
    score = 0
    for source in sources:
        leads_back = bool(own) and f"{source}/".startswith(f"{own}/")
        # A path through the Dockerfile's own folder can hardly be meant from within it.
        score += 2 if leads_back else doc.beside("../" * level + source) is not None
    return score


def _declared(doc: Document, most: int) -> Iterator[int]:
    """The levels that compose files name as the context of this Dockerfile."""
    for above in range(most + 1):
        for name in _COMPOSE:
            compose = doc.beside("../" * above + name)
            if compose is not None:
                yield from _contexts(doc, compose, above, most)


def _contexts(doc: Document, compose: Document, above: int, most: int) -> Iterator[int]:
    try:
        builds = [service.get("build") for _, service in compose.yaml.get("services").items() if service.is_table]
        named = [_build(build) for build in builds if build.exists]
    except (Unreadable, Malformed):
        return
    for folder, dockerfile in named:
        path = posixpath.normpath("../" * above + folder)
        file = posixpath.normpath(posixpath.join(path, dockerfile))
        level = 0 if path == "." else len(path.split("/"))
        is_above = set(path.split("/")) <= {"..", "."}
        own_parts = posixpath.dirname(doc.path).split("/")
        back = posixpath.normpath("/".join([*[".."] * level, *own_parts[len(own_parts) - level :]])) if level else "."
        if is_above and level <= most and file == posixpath.normpath(posixpath.join(back, _name(doc))):
            yield level


def _name(doc: Document) -> str:
    return posixpath.basename(doc.path)


def _build(build: Node) -> tuple[str, str]:
    if build.is_text:
        return build.text(), "Dockerfile"
    return build.get("context").maybe_text() or ".", build.get("dockerfile").maybe_text() or "Dockerfile"
