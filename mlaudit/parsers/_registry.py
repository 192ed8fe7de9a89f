"""The registry of input formats: a file in this folder is enough, its decorator says which names it knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from importlib import import_module

from mlaudit.document.document import Document
from mlaudit.model.nouns import Statement
from mlaudit.model.packaged import HOME
from mlaudit.plugins import import_all, module_names, plugin_name

Read = Callable[[Document], Iterable[Statement]]
Sniff = Callable[[Document], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One input format.

    Attributes:
        format: its name in reports and for `--as`, from the module's name (`uv_lock` → `uv-lock`).
        files: glob patterns; one without `/` is held against the file's name, one with `/` against the path's end.
        content: whether a document's content is of this format; asked when the name does not decide.
        complete: whether a document of this format names everything that is installed.
        kind: `text` documents are read whole; `binary` ones by seeking; `tree` ones are folders of files.
        artifact: it is a model artifact, so what it says is `recorded`.
        title: the first line of the module's documentation.
        suggested: a name only suggests it (any `service.py`): what a search finds counts where the content agrees.
    """

    format: str
    read: Read
    files: tuple[str, ...] = ()
    content: Sniff | None = None
    complete: bool = False
    kind: str = "text"
    artifact: bool = False
    title: str = ""
    suggested: bool = False

    def names(self, path: str) -> bool:
        """Whether the path alone says that a document is of this format."""
        return any(_names(pattern, path) for pattern in self.files)

    def places(self, path: str) -> bool:
        """Whether the folders of a path say so too, which is surer than the name of a file alone."""
        return any(_names(pattern, path) for pattern in self.files if "/" in pattern)


def _names(pattern: str, path: str) -> bool:
    whole, text = ("*/" + pattern, "/" + path) if "/" in pattern else (pattern, path.rpartition("/")[2])
    return _has_literals(whole, text) and _glob(whole).match(text) is not None


def _has_literals(pattern: str, text: str) -> bool:
    """Whether the text holds what the pattern spells out: nearly every pattern is ruled out without compiling it."""
    if "[" in pattern:
        return True
    lowered = text.lower()
    return all(piece in lowered for piece in pattern.lower().replace("?", "*").split("*"))


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


_PARSERS: dict[str, Parser] = {}


def parser(
    *,
    files: Iterable[str] = (),
    content: Sniff | None = None,
    complete: bool = False,
    kind: str = "text",
    artifact: bool = False,
    name: str | None = None,
    suggested: bool = False,
) -> Callable[[Read], Read]:
    """Register the decorated function as the reader of a format; see `Parser` for the words."""

    def register(read: Read) -> Read:
        module = import_module(read.__module__)
        format_name = name or plugin_name(read.__module__)
        _PARSERS[format_name] = Parser(
            format=format_name,
            read=read,
            files=tuple(files),
            content=content,
            complete=complete,
            kind=kind,
            artifact=artifact,
            suggested=suggested,
            title=(module.__doc__ or "").strip().partition("\n")[0],
        )
        return read

    return register


@lru_cache(maxsize=1)
def parsers() -> Mapping[str, Parser]:
    """Every input format by its name."""
    import_all("parsers")
    return dict(sorted(_PARSERS.items()))


def named(path: str, *, tree: bool = False) -> tuple[Parser, ...]:
    """The formats that a path alone tells, of folders of files where `tree` is set.

    Modules that declare other names are not imported: most runs meet two formats of many, and importing all of them
    takes longer than the audit.
    """
    modules = dict.fromkeys(_named_modules(path.rpartition("/")[2]))
    modules.update(dict.fromkeys(module for module, pattern in _path_patterns() if _names(pattern, path)))
    for module in modules:
        import_module(module)
    found = (parser for _, parser in sorted(_PARSERS.items()) if parser.read.__module__ in modules)
    return tuple(parser for parser in found if (parser.kind == "tree") is tree and parser.names(path))


def is_named(path: str) -> bool:
    """Whether a path's name alone tells some format."""
    return bool(named(path))


@lru_cache(maxsize=4096)
def _named_modules(name: str) -> tuple[str, ...]:
    """Modules of parsers that may know a file's name; those of which only an import can tell are among them."""
    return tuple(
        module
        for module, patterns in _declared_files().items()
        if patterns is None or any("/" not in pattern and _names(pattern, name) for pattern in patterns)
    )


@lru_cache(maxsize=1)
def _path_patterns() -> tuple[tuple[str, str], ...]:
    return tuple(
        (module, pattern)
        for module, patterns in _declared_files().items()
        for pattern in patterns or ()
        if "/" in pattern
    )


_FILES = re.compile(
    r"^@parser\((?:(?!^def ).)*?\bfiles=(?:\[(?P<list>(?:[\s,]|#[^\n]*|\"[^\"\\]*\")*)\]|(?P<other>\S))",
    re.DOTALL | re.MULTILINE,
)
_TEXT = re.compile(r"\"([^\"\\]*)\"")


@lru_cache(maxsize=1)
def _declared_files() -> Mapping[str, tuple[str, ...] | None]:
    """The patterns that each parser's decorator lists, read off its source; None where only an import can tell."""
    declared: dict[str, tuple[str, ...] | None] = {}
    for module in module_names("parsers"):
        source = HOME / "parsers" / f"{module.rpartition('.')[2]}.py"
        try:
            text = source.read_text(encoding="utf-8")
        except OSError:
            declared[module] = None
            continue
        found = _FILES.search(text)
        literal = found is not None and found["other"] is None
        declared[module] = tuple(_TEXT.findall(found["list"])) if found and literal else (None if found else ())
    return declared


def parser_of(format_name: str) -> Parser | None:
    """One input format by its name, None where there is none; only its own module is imported."""
    module = f"mlaudit.parsers.{format_name.replace('-', '_')}"
    if format_name not in _PARSERS and module in module_names("parsers"):
        import_module(module)
    return _PARSERS.get(format_name) or parsers().get(format_name)
