"""The modules of a repository together: imports resolved, callers known, constants followed from module to module."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mlaudit.code.arguments import decorator_names
from mlaudit.code.call_table import canonical_name, entry_words, known_imports, match_entry
from mlaudit.code.data_values import value_of_data
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.kedro_nodes import node_uses
from mlaudit.code.nouns import ArtifactUse, CodeOption, EntryPoint, ModuleReading
from mlaudit.code.options import keyword_of, option_calls, option_words
from mlaudit.code.source import CallPlace, ModuleSource, NameScope, last_name
from mlaudit.code.step_outputs import kept_between_steps, kept_by_flow, step_outputs
from mlaudit.code.transfers import with_stored_names
from mlaudit.code.uses import Transfer, UseReader, full_name, place_of
from mlaudit.code.values import CodeValue, Env, NamedValue, ObjectValue, Value
from mlaudit.knowledge.artifact_calls import value_calls
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

MAX_SITES = 12
"""Calls of one function that are looked at."""

_APPLICATION = lazy_pattern(r"([A-Za-z_][\w.]{0,200}):[A-Za-z_][\w.]{0,100}")
_TEST = lazy_pattern(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
Read = Callable[[str], ModuleReading | None]


class Program:
    """The modules of a repository that were read, linked.

    Args:
        readings: the modules.
        is_file: whether a path is a file of the repository; by default the readings alone.
        data: the content of a configuration file (`params.yaml`), parsed, or None.
        read: gives the reading of a module that was not handed in, when an import leads to it.
        packages: the folder that holds each package of a project of the repository, by the package's name.
    """

    def __init__(
        self,
        readings: Iterable[ModuleReading],
        *,
        is_file: Callable[[str], bool] | None = None,
        data: Callable[[str], object] | None = None,
        read: Read | None = None,
        packages: Mapping[str, str] | None = None,
    ) -> None:
        self.modules: dict[str, ModuleReading] = {reading.path: reading for reading in readings}
        self._is_file = is_file or self.modules.__contains__
        self._data = data or _nothing
        self._read = read or _nothing
        self._packages = packages or {}
        self._evaluator = ValueEvaluator(self)
        self._resolved: dict[tuple[str, str, int], str | None] = {}
        self._sites: dict[str, dict[str, list[CallPlace]]] | None = None
        self._importers: dict[str, list[str]] | None = None
        self._callers: dict[NameScope, tuple[tuple[CallPlace, ObjectValue | None], ...]] = {}
        self._loaded: dict[str, Value | None] = {}
        self._uses: tuple[ArtifactUse, ...] | None = None
        self._entered: dict[str, tuple[EntryPoint, ...]] = {}

    # What it gives

    @property
    def uses(self) -> tuple[ArtifactUse, ...]:
        """Every artifact use of the modules that were handed in, by path and line."""
        if self._uses is None:
            transfers: list[Transfer] = []
            uses: list[ArtifactUse] = []
            for reading in list(self.modules.values()):
                uses.extend(self._uses_of(reading, transfers))
            self._uses = tuple(sorted(with_stored_names(uses, transfers), key=_order))
        return self._uses

    def imported_files(self, path: str) -> tuple[str, ...]:
        """The files of the repository that a module imports, those of packages on the way with them."""
        return tuple(self.import_lines(path))

    def import_lines(self, path: str) -> dict[str, int]:
        """The files of the repository that a module imports, each with the line of its first import."""
        reading = self.module(path)
        if reading is None or reading.source is None:
            return {}
        lines: dict[str, int] = {}
        for binding in reading.source.imports:
            inner = f"{binding.module}.{binding.member}" if binding.module else binding.member
            names = (binding.module, inner) if binding.member else (binding.module,)
            line = reading.source.line(binding.point.line)
            for name in names:
                for file in self._files_on_the_way(path, name, binding.level):
                    lines.setdefault(file, line)
        for module, line in self._started(reading.source):
            for file in self._files_on_the_way(path, module, 0):
                lines.setdefault(file, line)
        lines.pop(path, None)
        return lines

    def _started(self, source: ModuleSource) -> Iterator[tuple[str, int]]:
        """Modules that a server is asked to import: `uvicorn.run("api.main:app")`, each with the line of the call."""
        for place in source.calls:
            first = getattr(place.call.args[0], "value", None) if place.call.args else None
            module = _APPLICATION.fullmatch(first) if isinstance(first, str) else None
            if module is None:
                continue
            self._evaluator.renew()
            functions = self._evaluator.functions(place.call, Env(place.scope, place.point))
            if any(
                isinstance(function, NamedValue) and function.name in value_calls().starters for function in functions
            ):
                yield module[1], source.line(place.call.lineno)

    def closure(self, paths: Iterable[str], projects: Collection[str] = ()) -> frozenset[str]:
        """The modules that run when these are started: themselves and all that they import in the repository.

        Args:
            paths: the modules that are started.
            projects: folders of projects that are installed where these run; their packages are imported by name.
        """
        seen: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting.extend(self.imported_files(path))
                waiting.extend(self._installed_files(path, projects) if projects else ())
        return frozenset(seen)

    def _installed_files(self, path: str, projects: Collection[str]) -> Iterator[str]:
        """The modules that a module imports of packages of other projects, which are in no folder around it."""
        reading = self.module(path)
        bindings = reading.source.imports if reading is not None and reading.source is not None else ()
        for binding in bindings:
            package = binding.module.partition(".")[0]
            folder = self._packages.get(package)
            is_installed = folder is not None and any(folder in (project, f"{project}/src") for project in projects)
            if folder is None or binding.level or not is_installed or self._module_path(path, package, 0) is not None:
                continue
            names = (binding.module, f"{binding.module}.{binding.member}" if binding.member else "")
            for words in (name.split(".") for name in names if name):
                for count in range(1, len(words) + 1):
                    yield from self._module_files(posixpath.join(folder, *words[:count]))

    def described(self, reading: ModuleReading) -> ModuleReading:
        """A module with its uses, entry points and options, as far as the modules known here show."""
        if reading.source is None:
            return reading
        transfers: list[Transfer] = []
        uses = list(self._uses_of(reading, transfers))
        return replace(
            reading,
            uses=tuple(sorted(with_stored_names(uses, transfers), key=_order)),
            entry_points=self.entry_points(reading),
            options=tuple(self._options(reading.source)),
        )

    def entry_points(self, reading: ModuleReading) -> tuple[EntryPoint, ...]:
        """What a module starts or offers to a runner, found once."""
        points = self._entered.get(reading.path)
        if points is None:
            points = tuple(self._entry_points(reading.source)) if reading.source is not None else ()
            self._entered[reading.path] = points
        return points

    def module(self, path: str) -> ModuleReading | None:
        """The reading of a module, read now where it was not handed in."""
        if path not in self.modules:
            reading = self._read(path)
            if reading is not None:
                self.modules[path] = reading
        return self.modules.get(path)

    # Imports

    def resolved(self, source: ModuleSource, module: str, level: int) -> ModuleSource | None:
        """The source that an import leads to inside the repository."""
        path = self._module_path(source.path, module, level)
        reading = self.module(path) if path is not None else None
        return reading.source if reading is not None else None

    def _module_path(self, importer: str, module: str, level: int) -> str | None:
        folder = posixpath.dirname(importer)
        key = (folder, module, level)
        if key not in self._resolved:
            self._resolved[key] = next(self._candidates(folder, module, level), None)
        return self._resolved[key]

    def _candidates(self, folder: str, module: str, level: int) -> Iterator[str]:
        """Files that an import may mean: relative ones exactly, absolute ones from the nearest folder upwards."""
        tail = module.replace(".", "/")
        if level:
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            yield from self._module_files(posixpath.join(folder, tail) if tail else folder)
            return
        if not re.fullmatch(r"[\w/]{1,300}", tail):
            return
        while True:
            for stem in (posixpath.join(folder, tail), posixpath.join(folder, "src", tail)):
                yield from (path for path in self._module_files(stem) if not self._is_called_after(path, module))
            if not folder:
                return
            folder = posixpath.dirname(folder)

    def _module_files(self, stem: str) -> Iterator[str]:
        stem = posixpath.normpath(stem) if stem else ""
        for path in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py"):
            if not path.startswith("..") and self._is_file(path):
                yield path

    def _is_called_after(self, path: str, library: str) -> bool:
        """Whether a path is the empty `__init__.py` of a folder that has the name of a library: `mlflow/`.

        What imports the library, and uses it, does not run where that folder stands for it.
        """
        if posixpath.basename(path) != "__init__.py" or not known_imports(frozenset((library,))):
            return False
        reading = self.module(path)
        return reading is None or reading.source is None or not reading.source.top.bindings

    def _files_on_the_way(self, importer: str, module: str, level: int) -> Iterator[str]:
        words = module.split(".")
        for count, _ in enumerate(words, 1):
            path = self._module_path(importer, ".".join(words[:count]), level)
            if path is not None:
                yield path

    def canonical(self, name: str) -> str:
        """A full name with the aliases of its libraries resolved."""
        return canonical_name(name)

    # Configuration files

    def loaded_data(self, path: str, near: str) -> Value | None:
        """The data of a configuration file, seen from the module that loads it and from the folders above."""
        path = path.lstrip("/").removeprefix("./")
        folder = posixpath.dirname(near)
        while path and len(path) < 300:
            candidate = posixpath.normpath(posixpath.join(folder, path))
            if not candidate.startswith("..") and self._is_file(candidate):
                return self._parsed_data(candidate)
            if not folder:
                break
            folder = posixpath.dirname(folder)
        return None

    def _parsed_data(self, path: str) -> Value | None:
        if path not in self._loaded:
            content = self._data(path)
            self._loaded[path] = value_of_data(content, path) if content is not None else None
        return self._loaded[path]

    # Callers

    def callers(self, scope: NameScope) -> tuple[tuple[CallPlace, ObjectValue | None], ...]:
        """The calls of a function in all modules but tests, each with the object that it is called on."""
        if scope not in self._callers:
            self._callers[scope] = ()
            self._callers[scope] = tuple(self._call_sites(scope))[:MAX_SITES]
        return self._callers[scope]

    def _call_sites(self, scope: NameScope) -> Iterator[tuple[CallPlace, ObjectValue | None]]:
        wanted = scope.owner if scope.name == "__init__" and scope.owner is not None else scope
        name = wanted.name
        for site in islice(self._sites_of(name, wanted.source.path), MAX_SITES * 4):
            evaluator = ValueEvaluator(self)
            for function in evaluator.functions(site.call, Env(site.scope, site.point)):
                if isinstance(function, CodeValue) and function.scope is wanted:
                    receiver = function.receiver
                    if wanted.kind == "class":
                        receiver = ObjectValue(
                            name=name + "()", call=site.call, env=Env(site.scope, site.point), made_by=wanted
                        )
                    yield site, receiver
                    break

    def _sites_of(self, name: str, path: str) -> Iterator[CallPlace]:
        """The calls of a name, those first that are in the module that defines it and in those that import it.

        Projects of one template have functions of the same names.
        """
        by_path = self._sites_by_name().get(name, {})
        near = dict.fromkeys((path, *self._importers_of(path)))
        for nearby in near:
            yield from by_path.get(nearby, ())
        for nearby, sites in by_path.items():
            if nearby not in near:
                yield from sites

    def _importers_of(self, path: str) -> Sequence[str]:
        if self._importers is None:
            self._importers = {}
            for module in list(self.modules):
                for imported in self.imported_files(module):
                    self._importers.setdefault(imported, []).append(module)
        return self._importers.get(path, ())

    def _sites_by_name(self) -> Mapping[str, Mapping[str, list[CallPlace]]]:
        """The calls of each name, by the modules that they are in."""
        if self._sites is None:
            self._sites = {}
            for path, reading in self.modules.items():
                if reading.source is None or is_test(path):
                    continue
                for place in reading.source.calls:
                    self._sites.setdefault(_called_word(place), {}).setdefault(path, []).append(place)
        return self._sites

    # One module

    def _uses_of(self, reading: ModuleReading, transfers: list[Transfer]) -> Iterator[ArtifactUse]:
        if reading.source is None:
            return
        reader = UseReader(reading.source, self._imported_words(reading), self._evaluator, self)
        yield from reader.uses()
        transfers.extend(reader.transfers)
        yield from self._handed_over(reading, reading.source)

    def _handed_over(self, reading: ModuleReading, source: ModuleSource) -> Iterator[ArtifactUse]:
        """What steps of pipelines hand over without a call."""
        imported = reading.top_level_imports & {"zenml", "metaflow", "kedro"}
        if "kedro" in imported:
            yield from node_uses(self._evaluator, source)
        for scope in source.scopes if imported else ():
            self._evaluator.renew()
            if scope.kind == "class" and "metaflow" in imported:
                yield from kept_by_flow(self._evaluator, scope)
                yield from kept_between_steps(self._evaluator, scope)
            elif "zenml" in imported and "step" in decorator_names(scope):
                yield from step_outputs(self._evaluator, scope)

    def _imported_words(self, reading: ModuleReading) -> frozenset[str]:
        """What a module imports, and what the modules import from which it may get objects."""
        words = set(reading.top_level_imports)
        for path in self.imported_files(reading.path):
            other = self.modules.get(path)
            words |= other.top_level_imports if other is not None else frozenset()
        return known_imports(frozenset(words))

    def _entry_points(self, source: ModuleSource) -> Iterator[EntryPoint]:
        for node in source.top.main_blocks:
            yield EntryPoint(kind="main", name="__main__", at=Place(path=source.path, line=source.line(node.lineno)))
        words = entry_words()
        for place in source.calls:
            if _called_word(place) in words:
                yield from self._entry_call(place)
        for scope in source.scopes:
            for decorator in getattr(scope.node, "decorator_list", ()):
                yield from self._entry_decorator(scope, decorator)

    def _entry_call(self, place: CallPlace) -> Iterator[EntryPoint]:
        self._evaluator.renew()
        for function in self._evaluator.functions(place.call, Env(place.scope, place.point)):
            sign = match_entry(full_name(function, place.call), decorates=False)
            if sign is not None:
                name = place.scope.qualified_name
                yield EntryPoint(kind=sign.kind, role=sign.role, name=_assigned_name(place) or name, at=place_of(place))
                return

    def _entry_decorator(self, scope: NameScope, decorator: ast.expr) -> Iterator[EntryPoint]:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        self._evaluator.renew()
        for value in self._evaluator.values(node, Env(scope.outer, scope.point)):
            sign = match_entry(value.name, decorates=True) if isinstance(value, NamedValue) else None
            if sign is not None:
                place = Place(path=scope.source.path, line=scope.source.line(scope.point.line))
                yield EntryPoint(kind=sign.kind, role=sign.role, name=scope.qualified_name, at=place)
                return

    def _options(self, source: ModuleSource) -> Iterator[CodeOption]:
        for place in option_calls(source):
            words = option_words(place.call)
            node = keyword_of(place.call, "default")
            self._evaluator.renew()
            default = self._evaluator.texts(node, Env(place.scope, place.point))[0].known if node is not None else None
            if words:
                yield CodeOption(name=words[0], default=default, at=place_of(place))


def _nothing(path: str) -> None:
    """What is asked where no other files are known."""


def is_test(path: str) -> bool:
    """Whether a module is a test by its name or folder."""
    return _TEST.search(path) is not None


def _called_word(place: CallPlace) -> str:
    name = last_name(place.call.func)
    for scope in place.scope.functions() if isinstance(place.call.func, ast.Name) else ():
        for binding in scope.bindings.get(name, ()):
            if binding.how == "import" and binding.member:
                return binding.member
    return name


def _assigned_name(place: CallPlace) -> str:
    """The name that a call's result gets."""
    for name, bindings in place.scope.bindings.items():
        if any(binding.node is place.call for binding in bindings):
            return name
    return ""


def _order(use: ArtifactUse) -> tuple[str, int, int]:
    return use.at.path, use.at.line or 0, use.at.column or 0
