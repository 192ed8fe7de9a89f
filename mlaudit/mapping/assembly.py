"""From a report and the code that discovery read to the map: environments, files, packages, code, artifacts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.code.nouns import ArtifactUse, Direction
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.environments.found_tree import FoundTree
from mlaudit.mapping.artifacts import ArtifactIndex, used_artifacts
from mlaudit.mapping.builder import MapBuilder
from mlaudit.mapping.stages import add_code_stages, add_dvc_stages
from mlaudit.model.dependency_map import DependencyMap, NodeKind, Relation
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Place
from mlaudit.model.observation import Observation
from mlaudit.model.pairs import CrossingArtifact, EnvironmentPair
from mlaudit.model.report import Environment, Report

_PACKAGES = (Kind.PACKAGE, Kind.LOCAL)


def assemble_map(report: Report, tree: FoundTree, configuration: str | None) -> DependencyMap:
    """The map of a project; `configuration` is the file that declares its environments, None if they were found."""
    return _Assembly(report, tree, configuration).assembled()


class _Assembly:
    """One map on its way from the report."""

    def __init__(self, report: Report, tree: FoundTree, configuration: str | None) -> None:
        self.report = report
        self.tree = tree
        self.configuration = configuration
        self.builder = MapBuilder()
        self.scopes = _scopes(report.environments, tree, declared=configuration is not None)
        self.uses = tree.survey.uses
        self.artifacts = ArtifactIndex()

    def assembled(self) -> DependencyMap:
        """Everything in its order: later steps connect to nodes of earlier ones."""
        for environment in self.report.environments:
            self._add_environment(environment)
        self._add_code()
        self._add_artifacts()
        self._add_model_files()
        for pair in self.report.known_pairs:
            self._add_pair(pair)
        add_code_stages(self.builder, self.tree, self.artifacts)
        add_dvc_stages(self.builder, self.tree, self.artifacts)
        return self.builder.finished()

    def _at(self, place: Place) -> Place:
        return replace(place, path=self.tree.shown(place.path), start=None, end=None)

    def _inner(self, place: Place) -> Place:
        """A reported place as the survey has it."""
        shown = self.tree.shown("")
        return place if shown == "." else replace(place, path=posixpath.relpath(place.path, shown))

    # Environments, their files and packages

    def _add_environment(self, environment: Environment) -> None:
        packages = (
            f", {environment.packages:,} package{'' if environment.packages == 1 else 's'}"
            if environment.packages
            else ""
        )
        key = self.builder.add(NodeKind.ENVIRONMENT, environment.name, f"{environment.role or 'no role'}{packages}")
        for reading in environment.readings:
            at = Observation(at=Place(path=reading.path), says=f"read as {reading.format}")
            self.builder.connect(self._file(reading.path), key, Relation.DEFINES, at)
        for cell in environment.cells.values():
            if cell.kind not in _PACKAGES:
                continue
            package = self.builder.add(NodeKind.PACKAGE, cell.package)
            says = f"{environment.name} has {cell.package} {cell.shown}"
            for pin in cell.pins:
                stated = Observation(at=replace(pin.at, start=None, end=None), says=says)
                self.builder.connect(package, key, Relation.INSTALLED_IN, stated, detail=cell.shown)
                file = self._file(pin.at.path)
                self.builder.connect(file, package, Relation.STATES, stated)
                self.builder.connect(file, key, Relation.DEFINES, stated)

    def _file(self, path: str) -> str:
        return self.builder.add(NodeKind.FILE, path)

    # Code

    def _add_code(self) -> None:
        program, shown = self.tree.survey.program, self.tree.shown
        files = {path for scope in self.scopes.values() for path in scope.files}
        files |= {path for use in self.uses for path in use.files if path in program.modules}
        imports = {path: program.import_lines(path) for path in sorted(program.closure(files))}
        for path in imports:
            self.builder.add(NodeKind.CODE, shown(path))
        for path, lines in imports.items():
            for imported, line in lines.items():
                seen = Observation(at=Place(path=shown(path), line=line), says=f"imports {shown(imported)}")
                self._connect_code(imported, f"code:{shown(path)}", Relation.IMPORTED_BY, seen)
        for environment in self.report.environments:
            scope = self.scopes.get(environment.name, CodeScope())
            for path in sorted(scope.files):
                self._connect_code(
                    path, f"environment:{environment.name}", Relation.RUNS_IN, *_why_runs(environment, scope)
                )

    def _connect_code(self, path: str, target: str, relation: Relation, *evidence: Observation) -> None:
        self.builder.connect(f"code:{self.tree.shown(path)}", target, relation, *evidence)

    # Artifacts

    def _add_artifacts(self) -> None:
        holders = {use: [name for name, scope in self.scopes.items() if scope.holds(use)] for use in self.uses}
        crosses = [artifact for pair in self.tree.survey.discovery.pairs for artifact in pair.crosses]
        unnamed = sum(1 for use in self.uses if not use.names)
        if unnamed:
            self.builder.leave_out(
                f"{unnamed:,} calls that write or read an artifact whose name is not known from the code."
            )
        for used_artifact in used_artifacts(self.uses, crosses, holders):
            key = self.builder.add_another(used_artifact.kind, used_artifact.name, used_artifact.detail)
            self.artifacts.add(key, used_artifact)
            for use in used_artifact.uses:
                self._add_use(key, use, holders)

    def _add_use(self, artifact: str, use: ArtifactUse, holders: Mapping[ArtifactUse, Iterable[str]]) -> None:
        """The edges of one call: to the modules that make it, and to the environments that run those."""
        seen = Observation(at=self._at(use.at), says=f"calls {use.call}" if use.call else use.direction.value)
        called = [
            Observation(at=self._at(caller), says=f"calls what {use.direction.value} it") for caller in use.callers
        ]
        steps = [(use.at.path, seen), *((place.path, call) for place, call in zip(use.callers, called, strict=True))]
        users = [(self._user(path), evidence) for path, evidence in steps]
        users += [(f"environment:{name}", seen) for name in holders.get(use, ())]
        for user, evidence in users:
            if use.direction is Direction.WRITES:
                self.builder.connect(user, artifact, Relation.WRITES, evidence, certain=use.certain)
            else:
                self.builder.connect(artifact, user, Relation.READ_BY, evidence, certain=use.certain)

    def _user(self, path: str) -> str:
        """The node of the module or file that makes a call: recipes and settings of servers make some too."""
        shown = self.tree.shown(path)
        code = f"code:{shown}"
        return code if self.builder.has(code) else self._file(shown)

    def _add_model_files(self) -> None:
        """Model files of the tree, joined to what the code names where one artifact alone may be there."""
        for environment in self.report.environments:
            for written, readings in ((True, environment.writes), (False, environment.reads)):
                for reading in readings:
                    self._add_model_file(reading.path, f"environment:{environment.name}", written=written)

    def _add_model_file(self, path: str, environment: str, *, written: bool) -> None:
        models = [key for key in self.artifacts.at_path(path) if key.startswith("model:")]
        key = models[0] if len(models) == 1 else self.builder.add(NodeKind.MODEL, path, "file in the tree")
        if written:
            seen = Observation(at=Place(path=path), says="assumed to be what this environment writes")
            self.builder.connect(environment, key, Relation.WRITES, seen)
        else:
            seen = Observation(at=Place(path=path), says="assumed to be what this environment loads")
            self.builder.connect(key, environment, Relation.READ_BY, seen)

    # Pairs

    def _add_pair(self, pair: EnvironmentPair) -> None:
        evidence = [*_crossing_evidence(pair.crosses), *_named(pair.crosses)] or [self._reason(pair)]
        writer, reader = f"environment:{pair.writer}", f"environment:{pair.reader}"
        self.builder.connect(writer, reader, Relation.FOLLOWED_BY, *evidence, certain=pair.certain)
        for artifact in pair.crosses:
            self._add_crossing(artifact, writer, reader)

    def _add_crossing(self, artifact: CrossingArtifact, writer: str, reader: str) -> None:
        key = self._crossing_node(artifact, (self._inner(artifact.written), self._inner(artifact.read)))
        writes, reads = _crossing_evidence([artifact])
        self.builder.connect(writer, key, Relation.WRITES, writes, certain=artifact.certain)
        self.builder.connect(key, reader, Relation.READ_BY, reads, certain=artifact.certain)

    def _crossing_node(self, artifact: CrossingArtifact, places: Iterable[Place]) -> str:
        """The artifact of that name that a call at one of the places treats; a new node if there is none."""
        for at in places:
            for key in self.artifacts.at_place(at.path, at.line):
                uses = self.artifacts.artifacts[key].uses
                if any(name.text == artifact.artifact for use in uses for name in use.names):
                    return key
        kind = NodeKind.DATA if artifact.is_plain else NodeKind.MODEL
        return self.builder.add(kind, artifact.artifact, artifact.form)

    def _reason(self, pair: EnvironmentPair) -> Observation:
        if self.configuration is not None:
            return Observation(
                at=Place(path=self.configuration), says=f"declares that {pair.reader} follows {pair.writer}"
            )
        reader = next(
            (environment for environment in self.report.environments if environment.name == pair.reader), None
        )
        seen = reader.evidence[0].at if reader is not None and reader.evidence else None
        path = reader.sources[0].partition("#")[0] if reader is not None and reader.sources else "."
        return Observation(at=seen or Place(path=path), says=pair.reason or "paired by names")


def _crossing_evidence(crosses: Iterable[CrossingArtifact]) -> Iterator[Observation]:
    for artifact in crosses:
        yield Observation(
            at=replace(artifact.written, start=None, end=None), says=f"writes {artifact.artifact} ({artifact.form})"
        )
        yield Observation(
            at=replace(artifact.read, start=None, end=None), says=f"reads {artifact.artifact} ({artifact.form})"
        )


def _named(crosses: Iterable[CrossingArtifact]) -> Iterator[Observation]:
    for artifact in crosses:
        for at in artifact.named:
            yield Observation(
                at=replace(at, start=None, end=None), says=f"names {artifact.artifact} as its reader does"
            )


def _why_runs(environment: Environment, scope: CodeScope) -> list[Observation]:
    source = environment.sources[0].partition("#")[0] if environment.sources else environment.name
    says = "is started or copied, or imported by such code" if scope.is_exact else "is in the project of this source"
    return [Observation(at=Place(path=source), says=says), *environment.evidence[:1]]


def _scopes(environments: Iterable[Environment], tree: FoundTree, *, declared: bool) -> dict[str, CodeScope]:
    """The code of each environment; a declared one runs that of the found environments which share a source with it."""
    if not declared:
        return {
            environment.name: tree.survey.scopes[environment.name]
            for environment in environments
            if environment.name in tree.survey.scopes
        }
    return {
        environment.name: scope
        for environment in environments
        if (scope := _declared_scope(environment, tree)) is not None
    }


def _declared_scope(environment: Environment, tree: FoundTree) -> CodeScope | None:
    own = {source.partition("#")[0] for source in environment.sources} | {
        reading.path for reading in environment.readings
    }
    shared = [
        tree.survey.scopes[other.name]
        for other in tree.survey.discovery.environments
        if other.name in tree.survey.scopes
        and own.intersection(tree.shown(source.partition("#")[0]) for source in (*other.sources, *other.covered))
    ]
    if not shared:
        return None
    return CodeScope(
        files=frozenset().union(*(scope.files for scope in shared)),
        functions=shared[0].functions if len(shared) == 1 else frozenset(),
        is_exact=all(scope.is_exact for scope in shared),
        uses=frozenset().union(*(scope.uses for scope in shared)),
        settled=frozenset().union(*(scope.settled for scope in shared)),
        apart=frozenset().union(*(scope.apart for scope in shared)) if len(shared) == 1 else frozenset(),
    )
