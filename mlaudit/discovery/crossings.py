"""Pairs from what crosses: two environments whose code names one artifact, the one writing, the other reading it."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import equal_names
from mlaudit.discovery.able_holders import NamedLibraries, able_holders
from mlaudit.discovery.candidates import Candidate, probable_side
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.crossing_artifacts import hand_over
from mlaudit.discovery.groups import common_length
from mlaudit.discovery.handovers import (
    TABLE_FORMS,
    Handover,
    UseIndex,
    are_plain,
    are_stored,
    common_folders,
    converted,
    has_common_name,
)
from mlaudit.discovery.recipes import RecipePart
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.roles import READER, WRITER, words
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place

MAX_READING_PROJECTS = 3
"""Folders at the top that read a common name, beside the one that writes it, and may still mean that artifact."""


def cross(
    candidates: Sequence[Candidate],
    scopes: Mapping[Candidate, CodeScope],
    uses: Sequence[ArtifactUse],
    libraries: NamedLibraries,
    files: Collection[str],
) -> None:
    """Give each reader its writers with what crosses.

    Args:
        candidates: all environments.
        scopes: which code each runs.
        uses: every use of an artifact.
        libraries: which libraries each has.
        files: the paths of the tree.
    """
    holding = {
        use: [candidate for candidate in candidates if candidate in scopes and scopes[candidate].holds(use)]
        for use in uses
    }
    holders = able_holders(holding, scopes, libraries)
    every = list(UseIndex(uses).handovers(Sameness.POSSIBLE))
    direct = [handover for handover in every if handover.sameness >= Sameness.LIKELY]
    orphans = {use.at.path for use in uses if not holders[use]}
    fed = _fed(direct)
    read_as: dict[ArtifactUse, list[ArtifactUse]] = {}
    for handover in direct:
        read_as.setdefault(handover.write, []).append(handover.read)
    between = [
        (writer, reader, handover)
        for handover in (*direct, *converted(direct, orphans))
        for writer in holders[handover.write]
        for reader in holders[handover.read]
        if writer is not reader
        and not _is_of_other_project(writer, handover, holders, read_as)
        and _may_cross(writer, reader, handover, holders, fed)
        and not _is_of_copies(writer, reader, handover, scopes)
        and not _is_of_other_chapter(handover, files)
    ]
    for writer, reader, handover in _nearest(_without_uploads(between)):
        hand_over(writer, reader, handover)
    for handover in _of_sole_writers(every):
        _add_sole(handover, holders, files)
    for handover in every:
        if handover.sameness is Sameness.POSSIBLE and not are_plain(handover):
            _add_known(handover, holders)
    _without_backflow(candidates)


def _is_of_other_project(
    writer: Candidate,
    handover: Handover,
    holders: Mapping[ArtifactUse, Sequence[Candidate]],
    read_as: Mapping[ArtifactUse, Sequence[ArtifactUse]],
) -> bool:
    """Whether a table only has a name that a project of another folder gives its own, too.

    Data sets are downloaded by many, and projects of one template have the same folders inside.
    """
    if handover.write.form not in TABLE_FORMS or common_folders(handover) or are_stored(handover):
        return False
    is_open = any("*" in name.text for name in (*handover.write.names, *handover.read.names))
    return is_open or any(writer in holders[read] for read in read_as.get(handover.write, ()))


def _is_of_other_chapter(handover: Handover, files: Collection[str]) -> bool:
    """Whether a file of one name is that of the reader's own chapter, which the tree holds there."""
    written, folders = (use.at.path.split("/")[:-1] for use in (handover.write, handover.read))
    count = common_length(tuple(written), tuple(folders))
    chapters = [path[count] for path in (written, folders) if len(path) > count]
    if len(chapters) < 2 or not all(map(words().is_chapter, chapters)):
        return False
    around = ["/".join(folders[:depth]) for depth in range(len(folders), count, -1)]
    own = [name.text for name in handover.read.names if name.kind is NameKind.PATH and "*" not in name.text]
    return any(posixpath.normpath(posixpath.join(folder, name)) in files for folder in around for name in own)


def _fed(direct: Sequence[Handover]) -> Mapping[ArtifactUse, Collection[ArtifactUse]]:
    """The writes that each read may get its artifact from."""
    fed: dict[ArtifactUse, set[ArtifactUse]] = {}
    for handover in direct:
        fed.setdefault(handover.read, set()).add(handover.write)
    return fed


def _without_uploads(
    between: Sequence[tuple[Candidate, Candidate, Handover]],
) -> list[tuple[Candidate, Candidate, Handover]]:
    """Handovers without uploads of a file of which the call that writes it is known, under the same name."""
    known = {
        (writer, handover.read, name.kind, name.text)
        for writer, _, handover in between
        if handover.write.form != "bytes"
        for name in handover.write.names
        if "*" not in name.text
    }
    return [
        (writer, reader, handover)
        for writer, reader, handover in between
        if handover.write.form != "bytes"
        or not any((writer, handover.read, name.kind, name.text) in known for name in handover.write.names)
    ]


def _of_sole_writers(every: Iterable[Handover]) -> Iterator[Handover]:
    """Models of common names (`model.pkl`) of which one module of the tree alone writes one: who else would be read?

    Where many projects beside its own read that name, each has a model of its own, which a job or a person brings.
    """
    by_read: dict[ArtifactUse, list[Handover]] = {}
    projects: dict[ArtifactUse, set[str]] = {}
    for handover in every:
        by_read.setdefault(handover.read, []).append(handover)
        if common_folders(handover) == 0:
            projects.setdefault(handover.write, set()).add(handover.read.at.path.partition("/")[0])
    of_many = {write for write, folders in projects.items() if len(folders) > MAX_READING_PROJECTS}
    for handovers in by_read.values():
        if any(handover.write in of_many for handover in handovers):
            continue
        modules = {handover.write.at.path for handover in handovers}
        known = max(handover.sameness for handover in handovers)
        if len(modules) == 1 and known is Sameness.POSSIBLE:
            yield from (
                handover
                for handover in handovers
                if not are_plain(handover)
                and handover.write.form not in TABLE_FORMS
                and equal_names(handover.write, handover.read)
            )


def _add_sole(handover: Handover, holders: Mapping[ArtifactUse, Sequence[Candidate]], files: Collection[str]) -> None:
    """Give a reader without any writer the one whose model has the name of what it reads, without certainty."""
    if _is_of_other_chapter(handover, files):
        return
    for reader in holders[handover.read]:
        if reader in holders[handover.write] or any(
            not artifact.is_plain for each in reader.crosses.values() for artifact in each if artifact.certain
        ):
            continue
        for writer in holders[handover.write]:
            if probable_side(writer) == WRITER and probable_side(reader) == READER:
                hand_over(writer, reader, handover)


def _add_known(handover: Handover, holders: Mapping[ArtifactUse, Sequence[Candidate]]) -> None:
    """An artifact of a common name counts between two environments that are known to hand something over."""
    for reader in holders[handover.read]:
        for writer in holders[handover.write]:
            if writer in reader.crosses and any(artifact.is_plain for artifact in reader.crosses[writer]):
                hand_over(writer, reader, handover)


def _nearest(
    between: Sequence[tuple[Candidate, Candidate, Handover]],
) -> Iterator[tuple[Candidate, Candidate, Handover]]:
    """Each read with the writes that lie nearest; of names that many artifacts have the nearest read, too.

    Where several environments of other projects write a name, nothing shows which one is read.
    """
    best: dict[ArtifactUse, int] = {}
    for _, _, handover in between:
        near = common_folders(handover)
        for use in (handover.write, handover.read):
            best[use] = max(near, best.get(use, 0))
    writers: dict[ArtifactUse, dict[str, set[Candidate]]] = {}
    for writer, _, handover in between:
        if common_folders(handover) == 0 == best[handover.read]:
            by_module = writers.setdefault(handover.read, {})
            by_module.setdefault(handover.write.at.path, set()).add(writer)
    unclear = {read for read, by_module in writers.items() if _are_several_projects(by_module.values())}
    for writer, reader, handover in between:
        near = common_folders(handover)
        if handover.read in unclear:
            continue
        if near == best[handover.read] and (near == best[handover.write] or not has_common_name(handover)):
            yield writer, reader, handover


def _are_several_projects(writers: Collection[set[Candidate]]) -> bool:
    """Whether the environments that write a name, by module, are not those that all run one module: image and list."""
    return max(map(len, writers), default=0) < len(set().union(*writers))


def _without_backflow(candidates: Sequence[Candidate]) -> None:
    """Tables and texts that flow against a model are logs and feedback, and make no pair."""
    for reader in candidates:
        for writer in list(reader.crosses):
            back = writer.crosses.get(reader, [])
            if any(artifact.kinds for artifact in back) and not any(
                artifact.kinds for artifact in reader.crosses[writer]
            ):
                del reader.crosses[writer]
                reader.writers.remove(writer)


def deploy(candidates: Sequence[Candidate], scopes: Mapping[Candidate, CodeScope], uses: Sequence[ArtifactUse]) -> None:
    """An endpoint that code starts serves what the environment of that code writes, if nothing else is known."""
    for reader in candidates:
        part = reader.group.part
        if part is None or part.name != "endpoint":
            continue
        if reader.crosses:
            _confirm(reader, part, scopes)
            continue
        for writer in candidates:
            scope = scopes.get(writer)
            if writer is reader or scope is None or scope.functions or not _starts_endpoint(writer, part, scope):
                continue
            writes = [use for use in uses if scope.holds(use) and use.direction is Direction.WRITES and use.names]
            at = next((observation.at for observation in part.evidence), Place(path=part.path))
            for write in writes:
                if write.form in artifact_kinds() or write.form == "transformers":
                    read = replace(write, at=at, direction=Direction.READS)
                    hand_over(writer, reader, Handover(write=write, read=read, sameness=Sameness.LIKELY))


def _confirm(endpoint: Candidate, part: RecipePart, scopes: Mapping[Candidate, CodeScope]) -> None:
    """What an endpoint reads under a common name is what the environment wrote whose code starts it."""
    for writer, artifacts in endpoint.crosses.items():
        scope = scopes.get(writer)
        if scope is not None and not scope.functions and _starts_endpoint(writer, part, scope):
            endpoint.crosses[writer] = [replace(artifact, certain=True) for artifact in artifacts]


def _starts_endpoint(writer: Candidate, endpoint: RecipePart, scope: CodeScope) -> bool:
    """Whether the code of an environment starts an endpoint, or the code that starts its training job does."""
    own = writer.group.part
    is_job = own is not None and own.path == endpoint.path and own.name.startswith("training-job")
    return is_job or endpoint.path in scope.files


def _may_cross(
    writer: Candidate,
    reader: Candidate,
    handover: Handover,
    holders: Mapping[ArtifactUse, Sequence[Candidate]],
    fed: Mapping[ArtifactUse, Collection[ArtifactUse]],
) -> bool:
    """Whether the roles do not contradict, and confirm it where the reader writes the artifact itself."""
    if any(reader in holders[write] for write in (handover.write, *fed.get(handover.read, ()))):
        return probable_side(writer) == WRITER and probable_side(reader) == READER
    return not (writer.side == READER and reader.side == WRITER)


def _is_of_copies(
    writer: Candidate,
    reader: Candidate,
    handover: Handover,
    scopes: Mapping[Candidate, CodeScope],
) -> bool:
    """Whether a table is only known from a module that both images have a copy of, and that nothing shows to run.

    What an image writes and reads itself, a list beside it reads only if some of the same code runs there.
    """
    is_beside = reader.group.part is None and writer.group.part is not None
    is_shared = scopes[writer].holds(handover.read) and (is_beside or scopes[reader].holds(handover.write))
    is_table = {handover.write.form, handover.read.form} <= TABLE_FORMS | {"bytes"}
    return is_shared and is_table and not scopes[reader].is_exact
