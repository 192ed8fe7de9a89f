"""Stages of pipelines: those that `dvc.yaml` names, and the functions that the code makes steps."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlaudit.code.nouns import Direction
from mlaudit.discovery.role_signs import script_paths
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.environments.found_tree import FoundTree
from mlaudit.grammars.variables import is_template
from mlaudit.mapping.artifacts import ArtifactIndex
from mlaudit.mapping.builder import MapBuilder
from mlaudit.model.dependency_map import NodeKind, Relation
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation

MAX_PIPELINES = 200
"""Files `dvc.yaml` of one tree that are read."""
_CODE = (".py", ".ipynb")


def add_code_stages(builder: MapBuilder, tree: FoundTree, artifacts: ArtifactIndex) -> None:
    """Steps of pipelines in code, with what they write and read."""
    stages = dict(_steps(builder, tree))
    for key, artifact in artifacts.artifacts.items():
        for use in artifact.uses:
            stage = stages.get((use.at.path, use.function.partition(".")[0]))
            if stage is None:
                continue
            seen = Observation(at=_shown(use.at, tree), says=f"calls {use.call}")
            if use.direction is Direction.WRITES:
                builder.connect(stage, key, Relation.WRITES, seen, certain=use.certain)
            else:
                builder.connect(key, stage, Relation.READ_BY, seen, certain=use.certain)


def _steps(builder: MapBuilder, tree: FoundTree) -> Iterator[tuple[tuple[str, str], str]]:
    """The functions that modules of the map make steps, each with its node."""
    program = tree.survey.program
    for path in sorted(program.modules):
        reading = program.modules[path]
        code = f"code:{tree.shown(path)}"
        if reading.source is None or not builder.has(code):
            continue
        for entry_point in program.entry_points(reading):
            if entry_point.role == "pipeline" and entry_point.name:
                key = builder.add_another(NodeKind.STAGE, entry_point.name, entry_point.kind)
                seen = Observation(at=_shown(entry_point.at, tree), says=f"{entry_point.name} is a {entry_point.kind}")
                builder.connect(code, key, Relation.RUNS_IN, seen)
                yield (path, entry_point.name), key


def _shown(at: Place, tree: FoundTree) -> Place:
    return replace(at, path=tree.shown(at.path), start=None, end=None)


def add_dvc_stages(builder: MapBuilder, tree: FoundTree, artifacts: ArtifactIndex) -> None:
    """The stages of every `dvc.yaml`: the code of their commands, their dependencies and their outputs."""
    pipelines = [path for path in tree.walked.paths if posixpath.basename(path) == "dvc.yaml"]
    if len(pipelines) > MAX_PIPELINES:
        builder.leave_out(f"{len(pipelines) - MAX_PIPELINES:,} more files dvc.yaml are not read.")
    for path in pipelines[:MAX_PIPELINES]:
        try:
            with document_budget():
                document = tree.root.document(tree.base / path)
                for name, stage in document.yaml.get("stages").items():
                    _DvcStage(builder, tree, artifacts, document, posixpath.dirname(path)).add(name, stage)
        except (Unreadable, Malformed, BudgetExceeded) as error:
            builder.leave_out(f"{tree.shown(path)}: its stages are not read in full ({error}).")


class _DvcStage:
    """One stage of a `dvc.yaml` on its way into the map."""

    def __init__(
        self, builder: MapBuilder, tree: FoundTree, artifacts: ArtifactIndex, document: Document, folder: str
    ) -> None:
        self.builder, self.tree, self.artifacts = builder, tree, artifacts
        self.document, self.folder = document, folder

    def add(self, name: str, stage: Node) -> None:
        inner = stage.get("do") if stage.get("do").exists else stage
        key = self.builder.add_another(NodeKind.STAGE, name, "stage of DVC")
        folder = posixpath.join(self.folder, inner.get("wdir").maybe_text() or "")
        for command in _texts(inner.get("cmd")):
            self._add_command(key, command, folder)
        for word in ("deps", "outs", "metrics", "plots"):
            for node in _entries(inner.get(word)):
                self._add_entry(key, node, folder, writes=word != "deps")

    def _add_command(self, key: str, command: Node, folder: str) -> None:
        seen = Observation(at=self._at(command), says="is run by this command")
        for named in script_paths(command.text().split()):
            for base in dict.fromkeys((folder, self.folder)):
                path = posixpath.normpath(posixpath.join(base, named))
                if path.endswith(_CODE) and path in self.tree.walked.paths:
                    self.builder.connect(self._code(path), key, Relation.RUNS_IN, seen)

    def _add_entry(self, key: str, node: Node, folder: str, *, writes: bool) -> None:
        text = node.text() if node.is_text else str(next(iter(node.table()), ""))
        if not text or is_template(text):
            self.builder.leave_out(f"{self._at(node)}: `{text[:80]}` has no value here, and is not in the map.")
            return
        path = text if "://" in text else posixpath.normpath(posixpath.join(folder, text))
        if path.endswith(_CODE):
            seen = Observation(at=self._at(node), says="is a dependency of the stage")
            self.builder.connect(self._code(path), key, Relation.RUNS_IN, seen)
            return
        artifact = self._artifact(path)
        if writes:
            seen = Observation(at=self._at(node), says="is an output of the stage")
            self.builder.connect(key, artifact, Relation.WRITES, seen)
        else:
            seen = Observation(at=self._at(node), says="is a dependency of the stage")
            self.builder.connect(artifact, key, Relation.READ_BY, seen)

    def _code(self, path: str) -> str:
        return self.builder.add(NodeKind.CODE, self.tree.shown(path))

    def _artifact(self, path: str) -> str:
        matching = self.artifacts.at_path(path)
        if len(matching) == 1:
            return matching[0]
        shown = path if "://" in path else self.tree.shown(path)
        model = f"model:{shown}"
        return model if self.builder.has(model) else self.builder.add(NodeKind.DATA, shown, "named by DVC")

    def _at(self, node: Node) -> Place:
        return replace(self.document.at_route(node.route), start=None, end=None)


def _texts(node: Node) -> Iterator[Node]:
    if node.exists:
        yield from (member for member in (node.each() if node.is_list else (node,)) if member.is_text)


def _entries(node: Node) -> Iterator[Node]:
    if node.exists:
        yield from node.each() if node.is_list else (node,)
