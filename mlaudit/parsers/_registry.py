"""The registry of input formats: a file in this folder is enough, its decorator states which names it knows.

What the decorators state about names is kept in `_index.json` too, so that looking at a name imports no parser:
`python -m mlaudit.lab.generate` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Literal

from mlaudit.document.document import Document
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Statement
from mlaudit.parsers._names import SNIFFED, NameIndex, matches
from mlaudit.plugins import docstring, import_all, plugin_name

Read = Callable[[Document], Iterable[Statement]]
Sniff = Callable[[Document], bool]

FormatKind = Literal["lock", "manifest", "list", "recipe", "dump", "hint", "descriptor", "artifact", "aside"]
"""What kind of document a format is: this is how discovery puts files together.

lock: everything that is installed; it beats lists and manifests beside it. manifest: what a project declares.
list: packages to install. recipe: how an image or job is made; joins the environment beside it. dump: what was found
installed; joins. hint: states a Python version only; joins, and is never an environment alone. descriptor: describes
a model or service; the files beside it belong to it. artifact: a model or its data. aside: states versions, but
belongs to no environment unless the configuration says so.
"""
Access = Literal["text", "binary", "tree"]
"""How a document is read: `text` whole, `binary` by seeking, `tree` as a folder of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One input format.

    Attributes:
        format: its name in reports and for `--as`, from the module's name (`uv_lock` → `uv-lock`).
        files: glob patterns; one without `/` is compared with the file's name, one with `/` with the path's end.
        usual_files: patterns of names that it often has and that show nothing alone; the pre-commit hook looks there.
        content: whether a document's content is of this format; asked when the name does not decide.
        starts, marks: bytes of which at least one begins a document, or is somewhere in it in whatever case, if its
            content is of this format: the parser of any other document is not even imported. Where neither is given,
            `content` is always asked.
        sniffed: how many of its first bytes `content` looks at; of a binary format it is the head.
        complete: whether a document of this format names everything that is installed.
        artifact: it is a model artifact, so what it says is `recorded`.
        title: the first line of the module's documentation.
        suggested: a name only suggests it (any `service.py`): what a search finds counts where the content agrees.
    """

    format: str
    read: Read
    kind: FormatKind
    files: tuple[str, ...] = ()
    usual_files: tuple[str, ...] = ()
    content: Sniff | None = None
    starts: tuple[bytes, ...] = ()
    marks: tuple[bytes, ...] = ()
    sniffed: int = SNIFFED
    complete: bool = False
    access: Access = "text"
    artifact: bool = False
    title: str = ""
    suggested: bool = False

    def names(self, path: str) -> bool:
        """Whether the path alone states that a document is of this format."""
        return any(matches(pattern, path) for pattern in self.files)

    def places(self, path: str) -> bool:
        """Whether the folders of a path say so too, which is more certain than the name of a file alone."""
        return any(matches(pattern, path) for pattern in self.files if "/" in pattern)


_PARSERS: dict[str, Parser] = {}


def parser(
    *,
    kind: FormatKind,
    files: Iterable[str] = (),
    usual_files: Iterable[str] = (),
    content: Sniff | None = None,
    starts: Iterable[bytes] = (),
    marks: Iterable[bytes] = (),
    sniffed: int = SNIFFED,
    complete: bool = False,
    access: Access = "text",
    artifact: bool = False,
    suggested: bool = False,
) -> Callable[[Read], Read]:
    """Register the decorated function as the reader of a format; see `Parser` for the words."""

    def register(read: Read) -> Read:
        format_name = plugin_name(read.__module__)
        _PARSERS[format_name] = Parser(
            format=format_name,
            read=read,
            kind=kind,
            files=tuple(files),
            usual_files=tuple(usual_files),
            content=content,
            starts=tuple(starts),
            marks=tuple(marks),
            sniffed=sniffed,
            complete=complete,
            access=access,
            artifact=artifact or kind == "artifact",
            suggested=suggested,
            title=docstring(read.__module__).strip().partition("\n")[0],
        )
        return read

    return register


@lru_cache(maxsize=1)
def parsers() -> Mapping[str, Parser]:
    """Every input format by its name."""
    import_all("parsers")
    return dict(sorted(_PARSERS.items()))


def parser_of(format_name: str) -> Parser | None:
    """One input format by its name, None if there is none; only its own module is imported."""
    if format_name not in _PARSERS and format_name in index().formats:
        import_module(f"mlaudit.parsers.{format_name.replace('-', '_')}")
    return _PARSERS.get(format_name) or parsers().get(format_name)


@lru_cache(maxsize=1)
def index() -> NameIndex:
    """The generated index of names, as the package holds it."""
    import json

    from mlaudit.model.packaged import packaged

    return NameIndex.of(json.loads(packaged("parsers/_index.json")))


def format_names(path: str, *, tree: bool = False) -> tuple[str, ...]:
    """The formats that a path alone shows, of folders of files where `tree` is set; no parser is imported."""
    return _format_names(path, tree)


@lru_cache(maxsize=65536)
def _format_names(path: str, tree: bool) -> tuple[str, ...]:
    formats = index().formats
    return tuple(name for name in index().names(path) if (formats[name].access == "tree") is tree)


def named(path: str, *, tree: bool = False) -> tuple[Parser, ...]:
    """The parsers of the formats that a path alone shows; only their modules are imported."""
    of_names = (parser_of(name) for name in format_names(path, tree=tree))
    return tuple(parser for parser in of_names if parser is not None)


def is_named(path: str) -> bool:
    """Whether a path's name alone shows some format."""
    return bool(format_names(path))


def environment_format(path: str, also: Container[str] = ()) -> str | None:
    """The first format that a path alone shows and that may make an environment: a text that is no artifact.

    Args:
        path: with `/`.
        also: formats of artifacts that count all the same.
    """
    formats = index().formats
    texts = (name for name in format_names(path) if formats[name].access == "text")
    return next((name for name in texts if not formats[name].artifact or name in also), None)


def is_artifact(format_name: str) -> bool:
    """Whether documents of a format are models or their data; False for a format that is not known."""
    known = index().formats.get(format_name)
    return known is not None and known.artifact


def is_suggested(format_name: str) -> bool:
    """Whether a name only suggests a format, so that the content must agree; False for a format that is not known."""
    known = index().formats.get(format_name)
    return known is not None and known.suggested


def kind_of(format_name: str) -> str:
    """What kind of document a format is; `list` for a format that is not known."""
    known = index().formats.get(format_name)
    return known.kind if known is not None else "list"
