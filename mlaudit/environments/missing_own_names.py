"""Classes of the user's own that an artifact names, and that the image which loads it surely does not hold."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlaudit.code.package.called_methods import called_methods
from mlaudit.code.package.defined_names import (
    NameAnswer,
    NamesOfModule,
    gives_name,
    names_of_source,
    searched_text,
)
from mlaudit.code.package.object_code import ObjectCode
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.discovery.reader_code import ReaderCode, reader_code
from mlaudit.discovery.recipes import AuditedTree
from mlaudit.discovery.survey import recipe_parts
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.environments.missing_names import loaded_artifacts
from mlaudit.environments.missing_states import StateSearch
from mlaudit.environments.named_files import stating
from mlaudit.grammars.model_file.formats import formats
from mlaudit.model.artifacts import PickledName
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.missing_names import Lack, MissingName
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Pin, Place
from mlaudit.model.report import Environment
from mlaudit.parsers._registry import is_named
from mlaudit.request.options import Options
from mlaudit.sources.listing import Walked, walk
from mlaudit.sources.working_tree import WorkingTree

MAIN = "__main__"
MAX_ASKED = 200
"""Names of one artifact that are looked for."""

_REDIRECTS = lazy_pattern(
    rb"find_class|sys\.modules|meta_path|path_hooks|import[ \t]+__main__|add_safe_globals|\bdill\b|\brunpy\b|\bexec\("
    rb"|\bimportlib\b|git[ \t]+clone|code_paths?\b"
)
"""Words by which code loads under other names, or from elsewhere."""
_PROJECTS = frozenset(("pyproject.toml", "setup.py", "setup.cfg"))
_PROJECT_NAME = lazy_pattern(r"\bname[ \t]*=[ \t]*[\"']?([\w.-]{1,200})")
_COMPOSED = lazy_pattern(r"(?:docker-)?compose[\w.-]*\.ya?ml")


def with_missing_own_names(
    environments: Sequence[Environment],
    sources: Mapping[str, Sequence[str]],
    base: Path,
    options: Options,
    walked_tree: Walked | None,
) -> list[Environment]:
    """The environments, those that images make with the user's own names that they lack.

    Args:
        sources: those of each environment by its name, as they are written, relative to `base`.
        walked_tree: what is below `base`, where that was walked.
    """
    named = {environment.name: environment for environment in environments}
    asking = {environment.name: list(_asked(environment, named)) for environment in environments}
    if not any(asking.values()):
        return list(environments)
    walked = walked_tree or walk(base, is_named, tree=options.tree)
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    tree = AuditedTree(folder=base, root=root, paths=dict.fromkeys(walked.paths))
    if walked.unread or any(_COMPOSED.fullmatch(path.rpartition("/")[2]) for path in tree.paths):
        # A compose file may mount more code, or start something else.
        return list(environments)
    parts = recipe_parts(tree, stating(walked.paths, base, root))
    codes = {name: reader_code(own, parts, tree) for name, own in sources.items() if asking.get(name)}
    return [
        _with_missing(environment, asking[environment.name], codes.get(environment.name), tree)
        for environment in environments
    ]


def _asked(environment: Environment, named: Mapping[str, Environment]) -> Iterator[tuple[str, Pin, PickledName]]:
    """The names of artifacts that no known library has."""
    known = formats().families
    for writer, pin in loaded_artifacts(environment, named):
        names = pin.artifact.names if pin.artifact is not None else ()
        own = [name for name in names if name.module.partition(".")[0] not in known]
        yield from ((writer, pin, name) for name in own[:MAX_ASKED])


def _with_missing(
    environment: Environment, asked: Sequence[tuple[str, Pin, PickledName]], code: ReaderCode | None, tree: AuditedTree
) -> Environment:
    if code is None or not asked:
        return environment
    search = _Search(environment, code, tree)
    missing = (
        missing_name for writer, pin, name in asked if (missing_name := search.missing(writer, pin, name)) is not None
    )
    searches = search.states({(writer, pin.at.path): (writer, pin) for writer, pin, _ in asked}.values())
    return replace(
        environment,
        missing_names=(*environment.missing_names, *missing),
        missing_states=(
            *environment.missing_states,
            *(missing_state for each in searches for missing_state in each.missing_states()),
        ),
        refused_calls=(
            *environment.refused_calls,
            *(refused_call for each in searches for refused_call in each.refused_calls()),
        ),
    )


class _Search:
    """The code of one image, asked for names."""

    def __init__(self, environment: Environment, code: ReaderCode, tree: AuditedTree) -> None:
        self._code, self._tree = code, tree
        self._environment = environment
        texts = {path: _content(path, tree) for path in code.files}
        self._texts = {path: text for path, text in texts.items() if text is not None}
        self._is_read = len(self._texts) == len(texts)
        self._searched = [searched_text(text) for text in self._texts.values()]
        self._redirects = any(map(_REDIRECTS.search, self._searched))
        self._names: dict[str, NamesOfModule | None] = {}

    def missing(self, writer: str, pin: Pin, name: PickledName) -> MissingName | None:
        """What is missing of a name; None if nothing is, or it is not known."""
        words = [*name.module.split("."), *name.name.split(".")]
        if not self._is_read or self._redirects or not all(word.isidentifier() for word in words):
            return None
        if any(gives_name(text, words[-1]) for text in self._searched):
            return None
        lack, path, elsewhere = self._main(name) if name.module == MAIN else self._module(pin, name)
        if lack is None:
            return None
        return MissingName(
            writer=writer,
            artifact=pin.at,
            module=name.module,
            name=name.name,
            lack=lack,
            searched=Place(path=self._tree.root.shown(self._tree.folder / path)),
            elsewhere=elsewhere,
        )

    def states(self, artifacts: Iterable[tuple[str, Pin]]) -> list[StateSearch]:
        """The artifacts to hold against the user's own classes; none where other code may run than is read."""
        if not self._is_read or self._redirects:
            return []
        own = OwnCode(self._texts, self._code, self._tree)
        code = ObjectCode(PackageSymbols(own), repairs=True, called=called_methods(self._texts.values()))
        files = ArtifactFiles(self._tree.root)
        return [StateSearch(writer, pin, code, None, files, is_own=True) for writer, pin in artifacts]

    def _of(self, path: str) -> NamesOfModule | None:
        if path not in self._names:
            self._names[path] = names_of_source(self._texts[path])
        return self._names[path]

    def _lacks(self, path: str, name: str) -> bool:
        """Whether a file surely does not have a name."""
        module = self._of(path)
        return module is not None and not module.stars and module.answer(name) is NameAnswer.NO_NAME

    def _main(self, name: PickledName) -> tuple[Lack | None, str, str]:
        """A name of `__main__` loads only where the script that is started has it."""
        started = self._code.started
        guarded = [path for path, text in self._texts.items() if MAIN.encode() in text]
        if started is None or not all(self._lacks(path, name.name) for path in {*started, *guarded}):
            return None, "", ""
        own = [path for path in self._code.files if self._has_class(path, name.name)]
        elsewhere = _imported_as(own[0], self._code.home) if len(own) == 1 else ""
        return Lack.MAIN, (own or list(started) or list(self._code.files))[0], elsewhere

    def _has_class(self, path: str, name: str) -> bool:
        module = self._of(path)
        return module is not None and name in module.classes

    def _module(self, pin: Pin, name: PickledName) -> tuple[Lack | None, str, str]:
        tail = name.module.replace(".", "/")
        last = tail.rpartition("/")[2]
        alike = [path for path in self._code.files if last in _words(path)]
        exact = [path for path in alike if _is_module(path, tail)]
        if exact:
            gone = all(self._lacks(path, name.name) for path in alike)
            return (Lack.NAME, exact[0], "") if gone else (None, "", "")
        written = [path for path in self._tree.paths if _is_module(path, tail)]
        home = self._tree.inner(posixpath.dirname(pin.at.path))
        carried = any(home in ("", ".") or path.startswith(f"{home}/") for path in written)
        if alike or not written or (carried and any("/code/" in path for path in written)):
            return None, "", ""
        return (None, "", "") if self._may_be_installed(name.module) else (Lack.MODULE, written[0], "")

    def _may_be_installed(self, module: str) -> bool:
        """Whether some package of the environment may be the user's project, or have its modules."""
        if self._environment.unread:
            return True
        top = normalized(module.partition(".")[0])
        packages = set(self._environment.cells)
        foreign = any(pin.source != "index" for cell in self._environment.cells.values() for pin in cell.pins)
        projects = {normalized(name) for path in self._tree.paths for name in _project_names(path, self._tree)}
        return foreign or any(top in package for package in packages) or not packages.isdisjoint(projects)


class OwnCode:
    """The user's files in one image, as an entry of an import path: a `PackageCode`."""

    def __init__(self, texts: Mapping[str, bytes], code: ReaderCode, tree: AuditedTree) -> None:
        self._tree = tree
        self._paths = {inner: path for path in texts if (inner := _inner(path, code.home))}
        if code.started is not None and len(code.started) == 1 and code.started[0] in texts:
            self._paths[f"{MAIN}.py"] = code.started[0]
        self._texts = {inner: texts[path] for inner, path in self._paths.items()}
        self._folders: dict[str, set[str]] = {"": set()}
        for path in self._texts:
            parts = path.split("/")
            for at, part in enumerate(parts):
                self._folders.setdefault("/".join(parts[:at]), set()).add(part)

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder."""
        folders = self._folders.get(folder)
        return frozenset(folders) if folders is not None else None

    def read(self, path: str) -> bytes | None:
        """The text of a file."""
        return self._texts.get(path)

    def read_binary(self, _path: str) -> bytes | None:
        """Nothing: what is compiled is not among the files."""
        return None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        """The texts below a folder."""
        return (text for path, text in self._texts.items() if path.startswith(f"{folder}/"))

    def shown(self, path: str) -> str:
        """A path as reports show it."""
        return self._tree.root.shown(self._tree.folder / self._paths.get(path, path))


def _inner(path: str, home: str) -> str:
    """A path below the folder that is started from; empty if it is outside."""
    inner = posixpath.relpath(path, home or ".")
    return "" if inner.startswith("..") else inner


def _content(path: str, tree: AuditedTree) -> bytes | None:
    document = tree.document(path)
    try:
        return document.text.encode("utf-8", "replace") if document is not None else None
    except Unreadable:
        return None


def _project_names(path: str, tree: AuditedTree) -> Sequence[str]:
    if path.rpartition("/")[2] not in _PROJECTS:
        return ()
    return _PROJECT_NAME.findall((_content(path, tree) or b"").decode("utf-8", "replace"))


def _words(path: str) -> Sequence[str]:
    return path.removesuffix(".py").split("/")


def _is_module(path: str, tail: str) -> bool:
    """Whether a file is a module, from whatever folder it is imported."""
    return re.search(rf"(?:^|/){re.escape(tail)}(?:\.py|/__init__\.py)$", path) is not None


def _imported_as(path: str, home: str) -> str:
    """The name by which a file is imported from a folder; empty if it is outside."""
    return _inner(path, home).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
