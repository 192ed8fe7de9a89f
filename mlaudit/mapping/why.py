"""Why an environment has a package: who names it, and who required it through the graphs of its locks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlaudit.api import check, listing
from mlaudit.document.document import Document
from mlaudit.environments.environment import is_artifact
from mlaudit.environments.sources import assemble, demand_present, environment_names, parse_source
from mlaudit.grammars.pypi.requirement import leading_name
from mlaudit.grammars.pypi.via_comments import ViaComment, via_comments
from mlaudit.mapping.conda_edges import GRAPHS, with_conda_edges
from mlaudit.mapping.lock_paths import DirectPackage, path_search
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.masking import mask_environment
from mlaudit.model.names import normalized
from mlaudit.model.nearest import nearest
from mlaudit.model.nouns import Edge, Kind, Layer, Pin, Place, Reading
from mlaudit.model.report import Environment
from mlaudit.model.requirement_paths import InstallReason, RequirementPath
from mlaudit.parsers._registry import format_names, kind_of
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.sources.paths import exists
from mlaudit.sources.working_tree import WorkingTree

USUAL_PATHS, MOST_PATHS = 5, 1_000
"""Paths that are given, and those that are given where all are requested."""

_MANIFESTS = {
    "uv-lock": "pyproject.toml",
    "poetry-lock": "pyproject.toml",
    "pdm-lock": "pyproject.toml",
    "pylock": "pyproject.toml",
    "pixi-lock": "pixi.toml",
    "conda-lock": "environment.yml",
    "pipfile-lock": "Pipfile",
}
"""The file in which people name what a lock locks, by the lock's format; it is beside the lock."""
_WITHOUT_GRAPH = {
    "pipfile-lock": "a Pipfile.lock does not record which package requires which",
    "pip-freeze": "the output of pip freeze does not record which package requires which",
    "conda-explicit": "an explicit list of conda does not record which package requires which",
    "conda-list": "the output of conda list does not record which package requires which",
    "pip-list": "the output of pip list does not record which package requires which",
}


def install_reason(
    package: str, source: str, options: Options, *, every: bool = False, folder: Path = Path()
) -> InstallReason:
    """Why the environment of a source, or the environment of that name, has a package. Raises UsageError, BadSource."""
    environment = _environment(source, options, folder)
    return _Reasons(environment, package, options, MOST_PATHS if every else USUAL_PATHS).reason()


def _environment(source: str, options: Options, folder: Path) -> Environment:
    """An existing path wins; else the environment that `check` knows by that name."""
    if not exists(folder / source.partition("#")[0]) and not set(source) & set("#:=/"):
        is_declared = bool(options.settings.environments or options.settings.pairs)
        known = check(() if is_declared else (str(folder),), options).environments
        named = next((environment for environment in known if environment.name == source), None)
        if named is not None:
            return named
        near = nearest(source, [environment.name for environment in known])
        names = ", ".join(environment.name for environment in known[:12]) or "none"
        advice = f"did you mean {near}?" if near else f"environments here: {names}"
        raise UsageError(f"{source}: neither a file or folder nor an environment that `check` knows; {advice}")
    manifest = _manifest_beside(source, folder)
    if manifest is not None:
        return _with_manifest(source, manifest, options, folder)
    listed = listing([source], options, folder=folder)
    if len(listed) != 1:
        names = ", ".join(environment.name for environment in listed[:12])
        raise UsageError(f"{source}: several environments are there ({names}); name one of them")
    return listed[0]


def _with_manifest(source: str, manifest: str, options: Options, folder: Path) -> Environment:
    """The environment of a lock and of the manifest that it was made from."""
    parts = parse_source(source, folder)
    demand_present(parts, folder)
    name = environment_names([parts])[0]
    beside = SourcePart(text=manifest, path=str(folder / manifest))
    return mask_environment(assemble((*parts, beside), EnvironmentRequest(name=name, role=name), options))


def _manifest_beside(source: str, folder: Path) -> str | None:
    """The manifest beside a lock, which has the places where the project names packages."""
    path, _, _ = source.partition("#")
    formats = format_names(posixpath.basename(path))
    name = next((_MANIFESTS[format_name] for format_name in formats if format_name in _MANIFESTS), None)
    beside = posixpath.join(posixpath.dirname(path), name) if name else ""
    return beside if name and exists(folder / beside) else None


class _Reasons:
    """The search of one package in one environment."""

    def __init__(self, environment: Environment, package: str, options: Options, most: int) -> None:
        self.environment = environment
        self.package = normalized(package)
        self.options = options
        self.most = most
        self.notes: dict[str, None] = {}

    def reason(self) -> InstallReason:
        """Everything that is known. Raises UsageError where the environment does not name the package."""
        pins = [pin for pin, selected in self.environment.pins() if selected is not False and self._is(pin)]
        if not pins:
            raise UsageError(self._absent())
        named = self._named_by_project()
        paths: list[RequirementPath] = []
        direct = dict.fromkeys(self._direct_places())
        limited = False
        for reading, selected in zip(self.environment.readings, self.environment.selected, strict=True):
            if not any(self._is(pin) for pin in reading.pins) or is_artifact(reading) or self._is_manifest(reading):
                continue
            reading, own = self._with_graph(reading)
            if reading.format in _WITHOUT_GRAPH:
                self.notes[f"{reading.path}: {_WITHOUT_GRAPH[reading.format]}."] = None
                continue
            search = path_search(reading, self.environment.target, {**named, **own}, selected)
            if self.package in own:
                direct[own[self.package].at] = None
            paths += search.paths(self.package, self.most)
            limited = limited or search.limited
        paths.sort(key=lambda path: (len(path.steps), [step.name for step in path.steps]))
        if not direct and not paths and not self.notes:
            self.notes["The sources do not say which package requires it."] = None
        return InstallReason(
            package=self.package,
            environment=self.environment.name,
            versions=tuple(dict.fromkeys(pin.version for pin in pins if pin.version)),
            direct=tuple(direct),
            paths=tuple(paths[: self.most]),
            limited=limited or len(paths) > self.most,
            notes=tuple(self.notes),
        )

    def _is(self, pin: Pin) -> bool:
        names = (pin.package, normalized(pin.name))
        return self.package in names and pin.kind in (Kind.PACKAGE, Kind.LOCAL) and pin.layer is not Layer.RECORDED

    def _absent(self) -> str:
        environment = self.environment
        near = nearest(self.package, sorted(environment.cells))
        meant = f"; did you mean {near}?" if near else ""
        sources = ", ".join(environment.sources) or environment.name
        unselected = any(self._is(pin) for pin, _ in environment.pins())
        if unselected:
            return f"{self.package}: {sources} names it, and it is not installed for this target, extras and groups"
        if environment.lost:
            return f"{self.package}: {sources} could not be read; `mlaudit list` shows why"
        unsure = "" if environment.complete else " (not a complete list: it may be installed all the same)"
        return f"{self.package}: {sources} does not name it{unsure}{meant}"

    def _is_manifest(self, reading: Reading) -> bool:
        return kind_of(reading.format) == "manifest" or reading.format == "conda-env"

    def _named_by_project(self) -> Mapping[str, DirectPackage]:
        """The packages that manifests of the environment name, with the first place."""
        named: dict[str, DirectPackage] = {}
        for reading, selected in zip(self.environment.readings, self.environment.selected, strict=True):
            if not self._is_manifest(reading):
                continue
            for pin, chosen in zip(reading.pins, selected, strict=True):
                if chosen is not False and pin.kind in (Kind.PACKAGE, Kind.LOCAL, Kind.PYTHON):
                    named.setdefault(normalized(pin.name), DirectPackage(at=pin.at, extras=pin.extras))
        return named

    def _direct_places(self) -> Iterator[Place]:
        """Where files that people write name the package."""
        for pin, selected in self.environment.pins():
            if selected is not False and self._is(pin) and pin.layer is Layer.DECLARED:
                yield pin.at

    def _with_graph(self, reading: Reading) -> tuple[Reading, Mapping[str, DirectPackage]]:
        """A reading with the requirements that its parser leaves out, and what it says is named by the project."""
        if reading.format not in (*GRAPHS, "requirements"):
            return reading, {}
        document = self._document(reading.path)
        if document is None:
            self.notes[f"{reading.path}: its graph was not read, since the file cannot be opened again here."] = None
            return reading, {}
        if reading.format in GRAPHS:
            return replace(reading, pins=with_conda_edges(reading.pins, document)), {}
        comments = via_comments(document.text)
        if not comments:
            return reading, {}
        return replace(reading, pins=_with_via(reading, comments)), self._named_by_files(reading, comments)

    def _named_by_files(self, reading: Reading, comments: Mapping[int, ViaComment]) -> Mapping[str, DirectPackage]:
        """The packages that a file names by a comment's word, with the line of that file where it is there."""
        lines: dict[str, Mapping[str, int]] = {}
        named: dict[str, DirectPackage] = {}
        for pin in reading.pins:
            for file in _comment(pin, reading, comments).files[:1]:
                path = posixpath.normpath(posixpath.join(posixpath.dirname(reading.path), file))
                if path not in lines:
                    lines[path] = self._lines_of(path)
                line = lines[path].get(normalized(pin.name))
                named[normalized(pin.name)] = DirectPackage(at=Place(path=path if line else file, line=line))
        return named

    def _lines_of(self, path: str) -> Mapping[str, int]:
        """The line of each package that a list of requirements names."""
        document = self._document(path)
        try:
            text = document.text if document is not None else ""
        except Unreadable:
            return {}
        line_numbers: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            name = leading_name(line.strip().strip("\"',"))
            if name:
                line_numbers.setdefault(normalized(name), number)
        return line_numbers

    def _document(self, path: str) -> Document | None:
        root = WorkingTree(self.options.root, self.options.settings.defines, tree=self.options.tree)
        try:
            return root.document(self.options.root / path)
        except Unreadable:
            return None


def _with_via(reading: Reading, comments: Mapping[int, ViaComment]) -> tuple[Pin, ...]:
    """Pins with the requirements that comments state the other way round."""
    required: dict[str, dict[str, str | None]] = {}
    for pin in reading.pins:
        for by in _comment(pin, reading, comments).packages:
            required.setdefault(by, {})[pin.name] = pin.marker
    return tuple(
        replace(pin, requires=tuple(Edge(name=name, marker=marker) for name, marker in wanted.items()))
        if (wanted := required.get(normalized(pin.name)))
        else pin
        for pin in reading.pins
    )


def _comment(pin: Pin, reading: Reading, comments: Mapping[int, ViaComment]) -> ViaComment:
    own = comments.get(pin.at.line) if pin.at.line is not None and pin.at.path == reading.path else None
    return own or ViaComment()
