"""The Python files that an image surely holds, and what runs in it as `__main__`: for saying that code is missing.

What a Dockerfile copies is all of the user's code in its image only if nothing else can bring some: another image,
a clone, a download, an install of a project. Of images where that is not sure nothing is reported.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence

from mlaudit.discovery.recipes import AuditedTree, RecipePart
from mlaudit.grammars.container.image_tags import contents, parse
from mlaudit.knowledge.roles import READER, words
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_FILES = 2_000
"""Files of one image that are looked at."""

_FROM = lazy_pattern(r"(?im)^[ \t]{0,40}FROM[ \t]+(?:--platform=\S+[ \t]+)?(\S+)(?:[ \t]+AS[ \t]+(\S+))?[ \t]*\r?$")
_ANY_FROM = lazy_pattern(r"(?im)^[ \t]{0,40}FROM\b")
_BRINGS_CODE = lazy_pattern(
    r"(?im)git[ \t]+clone|git\+|\bcurl\b|\bwget\b|\b(?:gsutil|aws|az|gcloud|rclone|dvc|unzip|tar)\b|\.whl\b|setup\.py"
    r"|^[ \t]{0,40}(?:ADD|ONBUILD|VOLUME)\b|<<|--mount=type=bind|\b(?:poetry|uv|pdm|hatch|pipenv|flit|pixi|conda)\b"
    r"|pip[^\n&;]{0,400}[ \t](?:-e|--editable|--find-links|-f|\.{1,2}(?:[/\[]\S{0,200})?|/\S+)(?=[ \t&;\\]|\r?$)"
    r"|^[ \t]{0,40}COPY\b[^\n]{0,400}[$*?\[]"
)
_COPIED_FROM = lazy_pattern(r"(?im)^[ \t]{0,40}COPY\b[^\n]{0,400}--from=(\S+)")
_RUNS_FILES = (".py", ".sh", ".ipynb", ".pyc", ".pyz", ".pex")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCode:
    """The user's code in one image.

    Attributes:
        files: all Python files that it holds.
        started: those of them that may run as `__main__`; None if that is not known.
        home: the folder from which what is started imports the others.
    """

    files: tuple[str, ...]
    started: tuple[str, ...] | None
    home: str


def reader_code(sources: Sequence[str], parts: Sequence[RecipePart], tree: AuditedTree) -> ReaderCode | None:
    """The code of an environment of which one source is an image; None if it is not known in full."""
    own = [part for part in parts if part.source in sources]
    if len(own) != 1 or own[0].format != "dockerfile" or own[0].unresolved:
        return None
    part, copies = own[0], own[0].copies
    if not copies or not part.commands or not _is_whole(part.path, tree):
        return None
    copied = [path for path in tree.paths if any(_lies_in(path, place) for place in copies)]
    files = tuple(path for path in copied if path.endswith(".py"))
    if not files or len(files) > MAX_FILES:
        return None
    starts = _starts(part, files)
    home = min(starts.values(), key=len) if starts else posixpath.commonpath(_folders(files))
    return ReaderCode(files=files, started=None if starts is None else tuple(starts), home=home)


def _folders(files: Iterable[str]) -> list[str]:
    return [posixpath.dirname(path) for path in files]


def _lies_in(path: str, copied: str) -> bool:
    return copied == "." or path == copied or path.startswith(f"{copied}/")


def _is_whole(path: str, tree: AuditedTree) -> bool:
    """Whether an image has no code but what its recipe copies from the tree."""
    text = tree.text(path)
    if text is None:
        return False
    text = text.replace("\\\r\n", " ").replace("\\\n", " ")
    origins = _FROM.findall(text)
    stages = {stage.lower() for _, stage in origins if stage}
    known = all(image.lower() in stages or _is_public(image) for image, _ in origins)
    from_stages = all(stage.lower() in stages for stage in _COPIED_FROM.findall(text))
    if not origins or len(origins) != len(_ANY_FROM.findall(text)):
        return False
    return known and from_stages and _BRINGS_CODE.search(text) is None


def _is_public(image: str) -> bool:
    """Whether an image is a published one, of which it is known what it holds."""
    reference = parse(image)
    return reference is not None and bool(contents(reference))


def _starts(part: RecipePart, files: Sequence[str]) -> Mapping[str, str] | None:
    """The files that may be `__main__`, each with the folder from which it imports others; None if it is not known.

    None of them is where a server imports the code.
    """
    if len(part.commands) != 1 or not part.commands[0].words:
        return None
    program, *arguments = part.commands[0].words
    name = posixpath.basename(program)
    if name.startswith("python"):
        return _starts_by_python(arguments, files) or None
    servers = (run.programs for run in words().runs if words().side(run.role) == READER)
    is_server = any(name in programs for programs in servers)
    return {} if is_server and not any(map(_runs_file, arguments)) else None


def _runs_file(word: str) -> bool:
    return word.endswith(_RUNS_FILES) or posixpath.basename(word).startswith("python") or "$" in word


def _starts_by_python(arguments: Sequence[str], files: Sequence[str]) -> Mapping[str, str]:
    rest = [word for word in arguments if word not in ("-u", "-O", "-B", "-I", "-s", "-E")]
    if rest[:1] == ["-m"] and len(rest) > 1:
        module = rest[1].replace(".", "/")
        tails = (f"{module}.py", f"{module}/__main__.py")
        return {path: path[: -len(tail)].rstrip("/") for tail in tails for path in files if _ends(path, tail)}
    if rest and rest[0].endswith(".py"):
        script = posixpath.basename(rest[0])
        return {path: posixpath.dirname(path) for path in files if _ends(path, script)}
    return {}


def _ends(path: str, tail: str) -> bool:
    return path == tail or path.endswith(f"/{tail}")
