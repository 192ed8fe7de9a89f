"""Models that are registered by hand: written under a name that a run gives, read under one of the registry.

That a project writes to a registry and another one reads there makes no pair. It is one where nothing else of the tree
writes to that registry, and the writer's own files name what the reader loads.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import fits, is_generic
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope, folder_of
from mlaudit.discovery.crossing_artifacts import crossing_artifact
from mlaudit.discovery.handovers import PLAIN_FORMS, Handover
from mlaudit.discovery.recipes import AuditedTree
from mlaudit.document.lines import line_and_column
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place

MAX_FILES = 200
"""Files of one project in which a name is looked for."""
MAX_BYTES = 64 * 1024
"""Of one of them."""

_ENDINGS = (".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".env", ".py")


def join_registered(
    candidates: Sequence[Candidate],
    scopes: Mapping[Candidate, CodeScope],
    uses: Iterable[ArtifactUse],
    tree: AuditedTree,
) -> None:
    """Give readers of registered models their writer, where its name in the registry is given by hand."""
    uses_by_candidate = [
        (use, candidate)
        for use in uses
        for candidate in candidates
        if candidate in scopes and scopes[candidate].holds(use)
    ]
    writes = [
        (use, candidate, name)
        for use, candidate in uses_by_candidate
        if use.direction is Direction.WRITES
        for name in _in_registry(use)
    ]
    # Of a model that is downloaded and then loaded, the loading tells the form.
    for use, reader in sorted(uses_by_candidate, key=lambda row: row[0].form == "bytes"):
        if use.direction is Direction.READS and use.form not in PLAIN_FORMS:
            for name in _in_registry(use):
                if name.complete and not is_generic(name.text):
                    _join(use, reader, name, writes, tree)


def _in_registry(use: ArtifactUse) -> Iterator[ArtifactName]:
    return (name for name in use.names if name.kind is NameKind.REGISTRY and name.scope)


def _join(
    read: ArtifactUse,
    reader: Candidate,
    name: ArtifactName,
    writes: Sequence[tuple[ArtifactUse, Candidate, ArtifactName]],
    tree: AuditedTree,
) -> None:
    there = [row for row in writes if row[2].scope == name.scope]
    writers = {id(candidate): candidate for _, candidate, _ in there}
    if len(writers) != 1 or any(written.complete for *_, written in there):
        return
    write, writer, _ = there[0]
    if writer is reader or writer in reader.crosses or not fits(write.form, read.form):
        return
    named = next(_mentions(name.text, folder_of(writer.group), tree), None)
    if named is not None:
        handover = Handover(write=write, read=replace(read, names=(name,)), sameness=Sameness.POSSIBLE)
        reader.crosses[writer] = [replace(crossing_artifact(handover), named=(named,))]
        reader.writers.append(writer)


def _mentions(name: str, folder: str, tree: AuditedTree) -> Iterator[Place]:
    """Where files of a project have a name of a registry as a whole value, with its workspace or version or without."""
    reference = rf"(?:[\w.-]{{1,100}}/)?{re.escape(name)}(?::[\w.-]{{1,60}})?"
    value = re.compile(rf"""(?m)(?:^|[\s"'=:])({reference})(?=["'\s,]|$)""")
    paths = sorted(path for path in tree.list(folder) if posixpath.basename(path).endswith(_ENDINGS))
    for path in paths[:MAX_FILES]:
        text = tree.text(path, MAX_BYTES)
        match = value.search(text) if text is not None else None
        if text is not None and match is not None:
            line, column = line_and_column(text, match.start(1))
            yield Place(path=path, line=line, column=column)
