"""The folder that a Dockerfile is built from: what compose files, CI, Makefiles and scripts say, else its COPY sources.

https://docs.docker.com/build/concepts/context/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.container.build_commands import ImageBuild
from mlaudit.grammars.container.build_files import build_files, image_builds
from mlaudit.model.lazy_dataclass import dataclass, replace

MAX_SOURCES = 200
"""COPY sources that are looked for in every folder that may be the context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """The build context.

    Attributes:
        prefix: what leads from the Dockerfile's own folder to it: nothing, `../`, `../app/`.
        others: further ones that nothing tells apart from it: every source is there too, or other builds name them.
        named: whether builds name them.
        sure: something shows it; else each file is looked for from the Dockerfile's folder upwards.
    """

    prefix: str = ""
    others: tuple[str, ...] = ()
    sure: bool = False
    named: bool = False


def context(doc: Document, builds: Iterable[ImageBuild], sources: Iterable[str], most: int) -> BuildContext:
    """The context of a Dockerfile, by its builds, else by what its COPYs name, at most `most` folders above."""
    plain = [path for path in dict.fromkeys(map(_plain, sources)) if path is not None][:MAX_SOURCES]
    declared = list(dict.fromkeys(build.context for build in builds))
    if len(declared) == 1:
        return BuildContext(prefix=_above_itself(doc, plain, declared[0], most), sure=True, named=True)
    prefixes = declared or ["../" * level for level in range(most + 1)]
    scores = [_score(doc, plain, prefix) for prefix in prefixes]
    best = max(scores, default=0)
    if best == 0 and not declared:
        return BuildContext()
    fitting = [prefix for prefix, score in zip(prefixes, scores, strict=True) if score == best]
    return BuildContext(prefix=fitting[0], others=tuple(fitting[1:]), sure=True, named=bool(declared))


def _above_itself(doc: Document, sources: Collection[str], stated: str, most: int) -> str:
    """The folder above a stated context whose paths into it the COPYs name; the stated one where they name none.

    A script says `docker build .` and is run elsewhere than it lies: no build finds `api/needs.txt` from within `api/`.
    """
    levels = stated.count("../")
    folders = posixpath.dirname(doc.path).split("/")
    if stated != "../" * levels or any(doc.beside(stated + source) is not None for source in sources):
        return stated
    for above in range(levels + 1, min(most, len(folders)) + 1):
        within = "/".join(folders[len(folders) - above : len(folders) - levels]) + "/"
        leading_in = (source for source in sources if source.startswith(within))
        if any(doc.beside("../" * above + source) is not None for source in leading_in):
            return "../" * above
    return stated


def _plain(source: str) -> str | None:
    """A literal path of the context, None for patterns, addresses, variables and the whole context."""
    path = posixpath.normpath(source.lstrip("/"))
    unclear = path == "." or path.startswith("..") or "://" in source or any(sign in source for sign in "*?[$")
    return None if unclear else path


def _score(doc: Document, sources: Iterable[str], prefix: str) -> int:
    """How many sources are there in a folder, or lead back into the Dockerfile's own."""
    level = prefix.count("../") if prefix == "../" * prefix.count("../") else 0
    own = "/".join(posixpath.dirname(doc.path).split("/")[-level:]) if level else ""
    score = 0
    for source in sources:
        leads_back = bool(own) and f"{source}/".startswith(f"{own}/")
        # A path through the Dockerfile's own folder can hardly be meant from within it.
        score += 2 if leads_back else doc.beside(prefix + source) is not None
    return score


def builds_of_dockerfile(doc: Document, most: int) -> tuple[ImageBuild, ...]:
    """The builds that files in the Dockerfile's folder and above state; contexts as prefixes of its own folder."""
    return tuple(dict.fromkeys(_builds(doc, most)))


def _builds(doc: Document, most: int) -> Iterator[ImageBuild]:
    for _, folder, build in _every_build(doc, most):
        yield from _of_this_file(build, folder, posixpath.basename(doc.path))


def _every_build(doc: Document, most: int, mentions: str = "") -> Iterator[tuple[str, str, ImageBuild]]:
    """What leads from a Dockerfile to a folder above it, the way back, and a build that is stated there.

    Files that do not have the text `mentions` are passed over.
    """
    own = posixpath.dirname(doc.path).split("/") if posixpath.dirname(doc.path) else []
    for above in range(min(most, len(own)) + 1):
        if ".." in own[len(own) - above :]:
            return
        folder = "/".join(own[len(own) - above :])
        for file in build_files(doc, "../" * above):
            if mentions and mentions.encode() not in file.data:
                continue
            within = _relative(posixpath.dirname(file.path), "/".join(own[: len(own) - above]))
            for build in image_builds(file, within):
                yield "../" * above, folder, build


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnImage:
    """An image that files of the tree state how to build: its Dockerfile, relative to another one, and the stage."""

    file: str
    target: str


def own_image(doc: Document, reference: str, most: int) -> OwnImage | None:
    """The Dockerfile that an image of a name is built with; None if none is, or several are."""
    images: dict[tuple[str, str], OwnImage] = {}
    last = _with_tag(reference)[0].rpartition("/")[2]
    own_folder = posixpath.dirname(doc.path)
    for above, _, build in _every_build(doc, most, last):
        if not any(_names(name, reference) for name in build.names) or "*" in build.file + build.target:
            continue
        file = posixpath.normpath(above + build.file)
        if file != posixpath.basename(doc.path) and doc.beside(file) is not None:
            # `../docker/Dockerfile` of a file in `docker/` is `Dockerfile`.
            whole = posixpath.normpath(posixpath.join(own_folder, file))
            images.setdefault((whole, build.target), OwnImage(file=file, target=build.target))
    return next(iter(images.values())) if len(images) == 1 else None


def _names(built: str, reference: str) -> bool:
    """Whether an image that is built is the one that is meant; a name without a tag is `latest`."""
    name, tag = _with_tag(built)
    wanted, wanted_tag = _with_tag(reference)
    hosted = name.rpartition("*/")[2] if name.startswith("*") else ""
    is_name = name == wanted or (bool(hosted) and "*" not in hosted and f"/{wanted}".endswith(f"/{hosted}"))
    return is_name and (tag == wanted_tag or "*" in tag)


def _with_tag(reference: str) -> tuple[str, str]:
    plain = reference.partition("@")[0]
    folder, slash, last = plain.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag or "latest"


def _of_this_file(build: ImageBuild, folder: str, name: str) -> Iterator[ImageBuild]:
    """The build, where it is of the file of that name in a folder below the top."""
    if build.file.strip("*/") and _fits(build.file, posixpath.join(folder, name)):
        parents = ["/".join(folder.split("/")[:count]) for count in range(folder.count("/") + 2)] if folder else [""]
        known = [parent for parent in parents if _fits(build.context, parent)] if "*" in build.context else ()
        for context_folder in known or (() if "*" in build.context else (build.context,)):
            relative = _relative(context_folder, folder)
            yield replace(build, context=f"{relative}/" if relative else "", file=name)


def _fits(pattern: str, path: str) -> bool:
    if "*" not in pattern:
        return pattern == path
    parts = [re.escape(part) for part in re.split(r"\*+", pattern[:1024])]
    return re.fullmatch("[^/]+".join(parts[:8]), path) is not None if len(parts) <= 8 else False


def _relative(path: str, start: str) -> str:
    """A path as it is seen from a folder, both relative to one top."""
    goal, base = [part for part in path.split("/") if part], [part for part in start.split("/") if part]
    shared = 0
    while shared < min(len(goal), len(base)) and goal[shared] == base[shared]:
        shared += 1
    return "/".join([*[".."] * (len(base) - shared), *goal[shared:]])
