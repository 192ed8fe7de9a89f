"""Files that state how images are built: compose files, workflows and other CI, Makefiles, scripts.

https://docs.docker.com/reference/compose-file/build/, https://github.com/docker/build-push-action#inputs,
https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/docker-v2
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from mlaudit.document.budget import document_budget
from mlaudit.document.document import MAX_NAMES, Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.container.build_commands import (
    MAX_TEXT,
    MENTIONS,
    ImageBuild,
    builds_of,
    given_arguments,
    marked,
    placed,
)
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_FILES = 60
"""Files that are asked how one Dockerfile is built."""
MAX_SIZE = 1024 * 1024
"""Bytes of all of them."""
MAX_BUILDS = 200
"""Builds of one such file that are looked at."""
MAX_DEPTH = 12
"""Levels of a YAML document that are searched."""

_FIXED = (
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", ".gitlab-ci.yml", "azure-pipelines.yml",
    "cloudbuild.yaml", "cloudbuild.yml", "buildspec.yml", "buildspec.yaml", "bitbucket-pipelines.yml", "Makefile",
    "makefile", "GNUmakefile", "justfile", "Justfile", "Taskfile.yml", "Taskfile.yaml", "skaffold.yaml",
    ".circleci/config.yml",
)  # fmt: skip
_FOLDERS = (
    "", ".github/workflows", "scripts", "script", "bin", "ci", ".ci", "docker", "tools", "hack", "build", "make",
    "deploy", "deployment", "infra", "devops", ".devcontainer",
)  # fmt: skip
_LISTED = lazy_pattern(r".{0,200}(?:\.sh|\.bash|\.mk)|(?:docker-)?compose[\w.-]{0,100}\.ya?ml", re.DOTALL)
_WORKFLOW = lazy_pattern(r".{1,200}\.ya?ml", re.DOTALL)
_YAML = lazy_pattern(r".{1,300}\.ya?ml", re.DOTALL)
_ENDINGS = (".sh", ".bash", ".mk", ".yml", ".yaml")
"""What the patterns of names end in."""
_ACTIONS = ("docker/build-push-action", "depot/build-push-action", "useblacksmith/build-push-action")
_VARIABLE = lazy_pattern(r"^(?:export\s+)?(\w{1,128})\s{0,8}[:?]{0,2}=\s{0,8}([^\s#$]{1,200})\s*$", re.MULTILINE)
_REFERENCE = lazy_pattern(r"\$[({](\w{1,128})[)}]|\{\{\s*(\w{1,128})\s*\}\}")
_JOINED = lazy_pattern(r"\\\r?\n[ \t]*")
_RECIPE = lazy_pattern(r"^[ \t]+[@+-]{0,3}(\S.*)$", re.MULTILINE)
_DEFAULT = lazy_pattern(r"\$\{\w{1,128}:?-([^${}]{0,400})\}")
_COMPOSE = lazy_pattern(r"(?:docker-)?compose[\w.-]{0,100}\.ya?ml")


def build_files(doc: Document, above: str) -> Iterator[Document]:
    """The files in a folder above a Dockerfile, and in its usual subfolders, that may state how it is built."""
    listed = doc.names(above)
    # Of a folder that cannot be listed, or not whole, everything is requested.
    known = frozenset(listed) if 0 < len(listed) < MAX_NAMES else None
    names = [above + name for name in _FIXED if _may_be_there(name, known)]
    for folder in _FOLDERS:
        if folder and not _may_be_there(folder, known):
            continue
        shape = _WORKFLOW if folder == ".github/workflows" else _LISTED
        within = posixpath.join(above, folder)
        there = doc.names(within) if folder else listed
        names += [posixpath.join(within, name) for name in there if name.endswith(_ENDINGS) and shape.fullmatch(name)]
    if not names:
        return
    documents = (doc.beside(name) for name in dict.fromkeys(map(posixpath.normpath, names)))
    size = 0
    for file in islice(
        (document for document in documents if document is not None and document.size <= MAX_TEXT), MAX_FILES
    ):
        size += file.size
        if size > MAX_SIZE:
            return
        yield file


def _may_be_there(path: str, known: frozenset[str] | None) -> bool:
    """Whether the first name of a path is among those of the folder, None if these are not known."""
    return known is None or (path if "/" not in path else path.partition("/")[0]) in known


def image_builds(doc: Document, folder: str) -> tuple[ImageBuild, ...]:
    """The builds that a file says, their paths relative to the top; `folder` is the file's own, relative to that."""
    try:
        # Its work is not that of the Dockerfile, whose own lines shall be read whatever is beside it.
        with document_budget():
            return _builds(doc.text, posixpath.basename(doc.path), folder)
    except (Unreadable, Malformed):
        return ()


@lru_cache(maxsize=256)
def _builds(text: str, name: str, folder: str) -> tuple[ImageBuild, ...]:
    if not (MENTIONS.search(text) or _COMPOSE.fullmatch(name) or "Dockerfile" in text or "skaffold" in text):
        return ()
    if _YAML.fullmatch(name):
        node = Document(name, text.encode("utf-8")).yaml
        builds = _of_compose(node, folder) if _COMPOSE.fullmatch(name) else _of_yaml(node, "", 0)
    elif name.endswith((".sh", ".bash")):
        builds = _of_script(text, folder)
    else:
        builds = _of_makefile(text, folder)
    return tuple(islice(builds, MAX_BUILDS))


def _of_script(text: str, folder: str) -> Iterator[ImageBuild]:
    """A script says nowhere whether it is run from the top or from its own folder."""
    for start in dict.fromkeys(("", folder)):
        yield from builds_of(text, start, folder)


def _of_makefile(text: str, folder: str) -> Iterator[ImageBuild]:
    """Every line of a recipe is a shell of its own."""
    joined = _JOINED.sub(" ", text)
    known = dict(_VARIABLE.findall(joined))
    for line in _RECIPE.finditer(joined):
        if MENTIONS.search(line[1]):
            filled = _REFERENCE.sub(lambda match: known.get(match[1] or match[2], match[0]), line[1])
            yield from builds_of(filled.replace("$$", "$"), folder, folder)


def _of_compose(root: Node, folder: str) -> Iterator[ImageBuild]:
    services = root.get("services") if root.is_table else root
    for _, service in services.items() if services.is_table else ():
        build = service.get("build") if service.is_table else service
        names = (service.get("image").maybe_text() or "",) if service.is_table else ()
        if build.is_text and service.is_table:
            yield _composed(folder, build.text(), Node({}), names)
        elif build.is_table and service.is_table and not build.get("dockerfile_inline").exists:
            yield _composed(folder, build.get("context").maybe_text() or ".", build, names)


def _composed(folder: str, context: str, build: Node, names: tuple[str, ...]) -> ImageBuild:
    where = placed(marked(_or_default(context)), folder)
    file = build.get("dockerfile").maybe_text() or "Dockerfile"
    return ImageBuild(
        context=where,
        file=placed(marked(_or_default(file)), where),
        target=marked(build.get("target").maybe_text() or ""),
        names=tuple(marked(_or_default(name)) for name in (*names, *_texts(build.get("tags"))) if name),
        arguments=tuple(given_arguments(marked(_or_default(text)) for text in _assignments(build.get("args")))),
    )


def _or_default(text: str) -> str:
    """A text in which variables have the values that hold if nothing sets them."""
    return _DEFAULT.sub(lambda match: match[1], text)


def _texts(node: Node) -> list[str]:
    return [member.text() for member in node.each() if member.is_text] if node.is_list else []


def _assignments(node: Node) -> list[str]:
    """`{NAME: value}` or `["NAME=value"]`; a table's numbers count as what is written."""
    if not node.is_table:
        return _texts(node)
    pairs = ((name, value.value) for name, value in node.items())
    return [f"{name}={value}" for name, value in pairs if isinstance(value, (str, int)) and not isinstance(value, bool)]


def _of_yaml(node: Node, folder: str, depth: int) -> Iterator[ImageBuild]:
    """What steps anywhere in a document of CI build."""
    if depth > MAX_DEPTH:
        return
    if node.is_text:
        yield from builds_of(node.text(), folder)
    elif node.is_list:
        yield from _of_list(list(node.each()), folder, depth)
    elif node.is_table:
        yield from _of_table(node, folder, depth)


def _of_list(members: list[Node], folder: str, depth: int) -> Iterator[ImageBuild]:
    texts = [member.text() for member in members if member.is_text]
    if len(texts) < len(members) or not texts:
        for member in members:
            yield from _of_yaml(member, folder, depth + 1)
    elif texts[0] == "build":
        # The arguments alone, as Cloud Build has them.
        yield from builds_of("docker " + " ".join(texts), folder)
    elif texts[0].startswith("--"):
        yield from builds_of("executor " + " ".join(texts), folder)
    else:
        yield from builds_of("\n".join(texts), folder)


def _of_table(node: Node, folder: str, depth: int) -> Iterator[ImageBuild]:
    stated = node.get("working-directory").maybe_text() or node.get("working_directory").maybe_text()
    default = node.get("defaults")
    if default.is_table and default.get("run").is_table:
        stated = stated or default.dig("run", "working-directory").maybe_text()
    within = placed(marked(stated), folder) if stated else folder
    uses = (node.get("uses").maybe_text() or "").partition("@")[0]
    if uses in _ACTIONS and node.get("with").is_table:
        yield _of_action(node.get("with"))
    elif node.get("image").is_text and node.get("context").is_text:
        yield _of_skaffold(node, folder)
    elif node.get("inputs").is_table and (node.get("task").maybe_text() or "").startswith("Docker@"):
        yield _of_azure(node.get("inputs"))
    else:
        for _, member in node.items():  # noqa: PERF102
            yield from _of_yaml(member, within, depth + 1)


def _of_action(inputs: Node) -> ImageBuild:
    context = placed(marked(inputs.get("context").maybe_text() or "."), "")
    file = inputs.get("file").maybe_text()
    inside = posixpath.join(context, "Dockerfile")
    target = marked(inputs.get("target").maybe_text() or "")
    return ImageBuild(
        context=context,
        file=placed(marked(file), "") if file else inside,
        target=target,
        names=tuple(marked(name) for name in _lines(inputs.get("tags"))),
        arguments=tuple(given_arguments(marked(text) for text in _lines(inputs.get("build-args")))),
    )


def _lines(node: Node) -> list[str]:
    """The lines of a text, or of its parts between commas."""
    text = node.maybe_text() or ""
    return [part.strip() for line in text.split("\n") for part in line.split(",") if part.strip()]


def _of_skaffold(artifact: Node, folder: str) -> ImageBuild:
    """An artifact of Skaffold (https://skaffold.dev/docs/references/yaml/#build-artifacts)."""
    built = artifact.get("docker") if artifact.get("docker").is_table else Node({})
    stated = {"dockerfile": built.get("dockerfile").value, "target": built.get("target").value}
    args = built.get("buildArgs")
    options = Node({**stated, "args": args.value} if args.is_table else stated)
    return _composed(folder, artifact.get("context").text(), options, (artifact.get("image").text(),))


def _of_azure(inputs: Node) -> ImageBuild:
    file = placed(marked(inputs.get("Dockerfile").maybe_text() or "*"), "")
    context = inputs.get("buildContext").maybe_text()
    where = placed(marked(context), "") if context and "**" not in context else posixpath.dirname(file)
    image, tag = inputs.get("repository").maybe_text() or "", inputs.get("tags").maybe_text() or ""
    name = marked(f"*{image}:{tag.split()[0] if tag.split() else 'latest'}") if image else ""
    return ImageBuild(context=where, file=file, names=(name,) if name else ())
