"""The doors of static reading: one module, several linked ones, or a whole repository by its paths."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from mlaudit.code.linking import Program, is_test
from mlaudit.code.nouns import ModuleReading
from mlaudit.code.parsing import parse_source_file, parse_text
from mlaudit.code.scan import imported_words, libraries_of, scan
from mlaudit.code.source import NameScope
from mlaudit.document.document import Document
from mlaudit.grammars.pypi.local_projects import MANIFESTS
from mlaudit.model.errors import Unreadable

MAX_DATA = 1024 * 1024
"""Bytes of a configuration file that code loads."""
MAX_ROUNDS = 2
"""Rounds in which the callers of functions are looked for."""

Content = Callable[[str], "bytes | None"]


def read_module(path: str, text: str) -> ModuleReading:
    """What one Python source says by itself; what cannot be read is in `unread`."""
    reading = parse_text(path, text)
    return Program([reading]).described(reading)


def read_source(path: str, data: bytes) -> ModuleReading:
    """What one `.py` file or notebook says by itself; what cannot be read is in `unread`."""
    reading = parse_source_file(path, data)
    return Program([reading]).described(reading)


def link(
    readings: Iterable[ModuleReading],
    is_file: Callable[[str], bool] | None = None,
    data: Callable[[str], object] | None = None,
) -> Program:
    """The modules together: imports are resolved among them, constants and callers followed."""
    return Program(readings, is_file=is_file, data=data)


def read_program(paths: Iterable[str], content: Content) -> Program:
    """The program of a repository: every Python source and notebook that a scan finds relevant, linked.

    Args:
        paths: all files of the repository that are not passed over.
        content: gives the bytes of a file, None if it cannot be read.
    """
    files = frozenset(paths)
    sources = sorted(path for path in files if path.endswith((".py", ".ipynb")))
    contents = {path: data for path in sources if (data := content(path)) is not None}
    relevant = _relevant(contents)
    readings = {path: parse_source_file(path, contents[path]) for path in relevant}
    rest = {path: data for path, data in contents.items() if path not in readings and path.endswith(".py")}

    def read(path: str) -> ModuleReading | None:
        data = rest.pop(path, None)
        return parse_source_file(path, data) if data is not None else None

    _add_callers(readings, rest)
    return Program(
        readings.values(),
        is_file=files.__contains__,
        data=lambda path: _data(path, content),
        read=read,
        packages=_installable_packages(files),
    )


def _installable_packages(files: Collection[str]) -> dict[str, str]:
    """The folder that holds each package of a project inside the repository; none where several have the name."""
    projects = {posixpath.dirname(path) for path in files if posixpath.basename(path) in MANIFESTS}
    folders: dict[str, set[str]] = {}
    for path in files if projects - {""} else ():
        package, name = posixpath.split(path)
        folder = posixpath.dirname(package)
        project = posixpath.dirname(folder) if posixpath.basename(folder) == "src" else folder
        if name == "__init__.py" and project and project in projects:
            folders.setdefault(posixpath.basename(package), set()).add(folder)
    return {name: min(holding) for name, holding in folders.items() if len(holding) == 1}


def _relevant(contents: Mapping[str, bytes]) -> list[str]:
    """The sources that a scan finds: by their own imports, else by those of modules whose names they import."""
    libraries: dict[bytes, set[bytes]] = {}
    words = {path: frozenset(imported_words(data)) for path, data in contents.items()}
    for path, imported in words.items():
        libraries.setdefault(_module_word(path), set()).update(libraries_of(imported))
    paths = []
    for path, data in contents.items():
        more = frozenset(library for word in words[path] for library in libraries.get(word, ()))
        if scan(data, more):
            paths.append(path)
    return paths


def _module_word(path: str) -> bytes:
    folder, _, name = path.rpartition("/")
    stem = posixpath.splitext(name)[0]
    return (folder.rpartition("/")[2] if stem == "__init__" else stem).encode("utf-8", "replace")


def _add_callers(readings: dict[str, ModuleReading], rest: dict[str, bytes]) -> None:
    """Parse the modules that name a function or class of one that was parsed, for they may name the artifact."""
    for _ in range(MAX_ROUNDS):
        words = {word for reading in readings.values() for word in _callable_words(reading)}
        if not words:
            return
        either = b"|".join(re.escape(word.encode()) for word in sorted(words))
        later = rb"\b(?:python_callable|target)[ \t]*=[ \t]*(?:\w+\.){0,9}(?:" + either + rb")\b"
        expression = re.compile(rb"(?<!\w)(?:" + either + rb")\(|" + later)
        callers = [path for path, data in rest.items() if not is_test(path) and expression.search(data)]
        for path in callers:
            readings[path] = parse_source_file(path, rest.pop(path))


def _callable_words(reading: ModuleReading) -> Iterator[str]:
    """The names of functions and classes that hold a call of the table and take arguments.

    What a method without any uses, the object was made with.
    """
    if reading.source is None or is_test(reading.path):
        return
    for place in reading.source.calls:
        scope = place.scope
        if scope.kind == "function" and _takes_arguments(scope):
            yield scope.owner.name if scope.owner is not None and scope.name == "__init__" else scope.name
        elif scope.kind == "function" and scope.owner is not None:
            yield scope.owner.name


def _takes_arguments(scope: NameScope) -> bool:
    arguments: ast.arguments = scope.node.args  # type: ignore[attr-defined]
    count = len(arguments.args) + len(arguments.kwonlyargs)
    return count > (1 if scope.owner is not None else 0)


def _data(path: str, content: Content) -> object:
    """The parsed data of a configuration file, None if it is not one that is known."""
    suffix = posixpath.splitext(path)[1].lower()
    data = content(path) if suffix in (".yaml", ".yml", ".toml", ".json") else None
    if data is None or len(data) > MAX_DATA:
        return None
    document = Document(path, data)
    try:
        if suffix == ".toml":
            return document.toml.value
        return document.json.value if suffix == ".json" else document.yaml.value
    except Unreadable:
        return None
