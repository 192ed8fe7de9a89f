"""Pairs from what crosses: two environments whose code names one artifact, the one writing, the other reading it."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import equal_names, fits, is_generic, joined, joining_names
from mlaudit.discovery.able_holders import NamedLibraries, able_holders
from mlaudit.discovery.candidates import Candidate, probable_side
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.groups import common_length
from mlaudit.discovery.model_server_uses import MOUNTED
from mlaudit.discovery.recipes import RecipePart
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.knowledge.kinds import artifact_kinds, with_unknown_objects
from mlaudit.knowledge.roles import READER, WRITER, words
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place
from mlaudit.model.pairs import CrossingArtifact

PLAIN_FORMS = frozenset(("csv", "json", "text", "excel", "table"))
"""Forms of tables and texts, which any version reads."""
TABLE_FORMS = PLAIN_FORMS | {"parquet", "feather", "hdf"}
"""Forms of tables and texts, those included that a library writes."""
MAX_CROSSES = 12
"""Artifacts of one pair that are kept."""
_ANY_FLAVOUR = "mlflow.pyfunc"
"""The kind of MLflow that loads models of all its flavours."""
MAX_STEPS = 3
"""Conversions in code of no environment through which an artifact is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A write and a read of one artifact, or of what it was converted to in between."""

    write: ArtifactUse
    read: ArtifactUse
    sameness: Sameness
    is_converted: bool = False


class UseIndex:
    """Uses that may be joined, those first that have a name in common.

    Args:
        uses: all of them.
    """

    def __init__(self, uses: Iterable[ArtifactUse]) -> None:
        named = [(use, with_names) for use in uses if (with_names := with_real_names(use)).names]
        self.writes = [(use, with_names) for use, with_names in named if use.direction is Direction.WRITES]
        self.reads = [(use, with_names) for use, with_names in named if use.direction is Direction.READS]

    def handovers(self, least: Sameness = Sameness.LIKELY) -> Iterator[Handover]:
        """Every write with every read that treats the same artifact."""
        for write, named_write in self.writes:
            for read, named_read in self.reads:
                sameness = max(joined(named_write, named_read), _in_folder(named_write, named_read))
                sameness = max(sameness, _in_mount(named_write, named_read))
                if sameness >= least:
                    yield Handover(write=write, read=read, sameness=sameness)


_MODES = lazy_pattern(r"[rwax]b?\+?|[rwax]t")


def with_real_names(use: ArtifactUse) -> ArtifactUse:
    """A use without names that are modes of `open`, without those that say nothing, and addresses nobody writes to."""
    names = tuple(
        name
        for name in use.names
        if not _MODES.fullmatch(name.text) and name.text.strip("*/.") and not _is_only_read(use, name)
    )
    return replace(use, names=names)


def _is_only_read(use: ArtifactUse, name: ArtifactName) -> bool:
    """Whether a name that a call seems to write is an address of the web, from which files are downloaded."""
    is_address = name.kind is NameKind.PATH and name.text.startswith(("http://", "https://"))
    return is_address and use.direction is Direction.WRITES


def _in_folder(write: ArtifactUse, read: ArtifactUse) -> Sameness:
    """Whether a folder is written of which the other side reads what only a run would show."""
    if not fits(write.form, read.form):
        return Sameness.DIFFERENT
    for name in write.names:
        for other in read.names:
            if _is_inside(name, other):
                return Sameness.LIKELY
            if name.kind is other.kind is NameKind.PATH:
                folder, inner = name.text.strip("./"), other.text.rstrip("/")
                base = inner.rstrip("*").rstrip("/")
                if inner != base and folder and "*" not in folder and f"/{base}".endswith(f"/{folder}"):
                    return Sameness.LIKELY
    return Sameness.DIFFERENT


def _in_mount(write: ArtifactUse, read: ArtifactUse) -> Sameness:
    """Whether a server mounts the folder of the tree in which a file is written, and loads that file."""
    if not read.call.startswith(MOUNTED) or not fits(write.form, read.form):
        return Sameness.DIFFERENT
    mounted = [name.text for name in read.names if name.kind is NameKind.PATH and "/" in name.text]
    written = [f"/{name.text}" for name in write.names if name.kind is NameKind.PATH]
    is_same = any(path.endswith(f"/{file}") for path in written for file in mounted)
    return Sameness.LIKELY if is_same else Sameness.DIFFERENT


def _is_inside(written: ArtifactName, read: ArtifactName) -> bool:
    """Whether a key is written below one of which all is read, in the same bucket as far as both are known."""
    if written.kind is not NameKind.BUCKET or read.kind is not NameKind.BUCKET:
        return False
    folder = read.pieces[0] if len(read.pieces) == 2 and read.pieces[1] is None else None
    if not folder or not folder.endswith("/") or not written.text.startswith(folder) or "*" in written.text:
        return False
    folders = folder.strip("/").split("/")
    tells = len(folders) > 1 and not all(map(is_generic, folders))
    return written.scope == read.scope or (tells and not written.scope)


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
        for handover in (*direct, *_converted(direct, orphans))
        for writer in holders[handover.write]
        for reader in holders[handover.read]
        if writer is not reader
        and not _is_of_other_project(writer, handover, holders, read_as)
        and _may_cross(writer, reader, handover, holders, fed)
        and not _is_of_copies(writer, reader, handover, scopes)
        and not _is_of_other_chapter(handover, files)
    ]
    for writer, reader, handover in _nearest(_without_uploads(between)):
        _add(writer, reader, handover)
    for handover in _of_sole_writers(every):
        _add_sole(handover, holders, files)
    for handover in every:
        if handover.sameness is Sameness.POSSIBLE and not _is_plain(handover):
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
    if handover.write.form not in TABLE_FORMS or _common_folders(handover) or _are_stored(handover):
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


def _are_stored(handover: Handover) -> bool:
    """Whether both sides name a place outside the tree."""
    kinds = {NameKind.BUCKET, NameKind.VOLUME, NameKind.REGISTRY, NameKind.TABLE, NameKind.HUB}
    return all(any(name.kind in kinds for name in use.names) for use in (handover.write, handover.read))


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


def _is_plain(handover: Handover) -> bool:
    return {handover.write.form, handover.read.form} <= PLAIN_FORMS | {"bytes"}


def _of_sole_writers(every: Iterable[Handover]) -> Iterator[Handover]:
    """Models of common names (`model.pkl`) of which one module of the tree alone writes one: who else would be read?"""
    by_read: dict[ArtifactUse, list[Handover]] = {}
    for handover in every:
        by_read.setdefault(handover.read, []).append(handover)
    for handovers in by_read.values():
        modules = {handover.write.at.path for handover in handovers}
        known = max(handover.sameness for handover in handovers)
        if len(modules) == 1 and known is Sameness.POSSIBLE:
            yield from (
                handover
                for handover in handovers
                if not _is_plain(handover)
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
                _add(writer, reader, handover)


def _add_known(handover: Handover, holders: Mapping[ArtifactUse, Sequence[Candidate]]) -> None:
    """An artifact of a common name counts between two environments that are known to hand something over."""
    for reader in holders[handover.read]:
        for writer in holders[handover.write]:
            if writer in reader.crosses and any(artifact.is_plain for artifact in reader.crosses[writer]):
                _add(writer, reader, handover)


def _nearest(
    between: Sequence[tuple[Candidate, Candidate, Handover]],
) -> Iterator[tuple[Candidate, Candidate, Handover]]:
    """Each read with the writes that lie nearest; of names that many artifacts have the nearest read, too.

    Where several environments of other projects write a name, nothing shows which one is read.
    """
    best: dict[ArtifactUse, int] = {}
    for _, _, handover in between:
        near = _common_folders(handover)
        for use in (handover.write, handover.read):
            best[use] = max(near, best.get(use, 0))
    writers: dict[ArtifactUse, dict[str, set[Candidate]]] = {}
    for writer, _, handover in between:
        if _common_folders(handover) == 0 == best[handover.read]:
            by_module = writers.setdefault(handover.read, {})
            by_module.setdefault(handover.write.at.path, set()).add(writer)
    unclear = {read for read, by_module in writers.items() if _are_several_projects(by_module.values())}
    for writer, reader, handover in between:
        near = _common_folders(handover)
        if handover.read in unclear:
            continue
        if near == best[handover.read] and (near == best[handover.write] or not _is_common(handover)):
            yield writer, reader, handover


def _are_several_projects(writers: Collection[set[Candidate]]) -> bool:
    """Whether the environments that write a name, by module, are not those that all run one module: image and list."""
    return max(map(len, writers), default=0) < len(set().union(*writers))


def _common_folders(handover: Handover) -> int:
    return common_length(tuple(handover.write.at.path.split("/")), tuple(handover.read.at.path.split("/")))


def _is_common(handover: Handover) -> bool:
    """Whether the names that join two uses are such as many artifacts have."""
    names = joining_names(handover.write, handover.read)
    if names is None:
        return True
    return all(is_generic(posixpath.basename(name.text.rstrip("/"))) for name in names)


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
                    _add(writer, reader, Handover(write=write, read=read, sameness=Sameness.LIKELY))


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


def _converted(direct: Sequence[Handover], orphans: Collection[str]) -> Iterator[Handover]:
    """What passes through modules of no environment that read one artifact and write another."""
    following: dict[ArtifactUse, list[Handover]] = {}
    for handover in direct:
        following.setdefault(handover.write, []).append(handover)
    by_path: dict[str, list[ArtifactUse]] = {}
    for write in following:
        by_path.setdefault(write.at.path, []).append(write)
    for first in direct:
        frontier = [first]
        for _ in range(MAX_STEPS):
            frontier = [
                Handover(
                    write=first.write,
                    read=after.read,
                    sameness=min(first.sameness, after.sameness),
                    is_converted=True,
                )
                for handover in frontier
                if handover.read.at.path in orphans
                for rewritten in by_path.get(handover.read.at.path, ())
                for after in following[rewritten]
            ]
            yield from frontier


def _add(writer: Candidate, reader: Candidate, handover: Handover) -> None:
    crosses = reader.crosses.setdefault(writer, [])
    artifact = crossing_artifact(handover)
    same = [
        known
        for known in crosses
        if (known.artifact, known.form) == (artifact.artifact, artifact.form)
        or (known.written, known.read) == (artifact.written, artifact.read)
    ]
    if not same:
        crosses.append(artifact)
        # Models are kept and shown before tables and texts.
        crosses.sort(key=lambda known: known.is_plain)
        del crosses[MAX_CROSSES:]
    if writer not in reader.writers:
        reader.writers.append(writer)


def crossing_artifact(handover: Handover) -> CrossingArtifact:
    """What a reader of the report sees of a handover."""
    write, read = handover.write, handover.read
    names = joining_names(write, read)
    named = (names[1] if names is not None else read.names[0]).text
    if handover.is_converted and names is None:
        named = f"{write.names[0].text}, converted to {named}"
    form = write.form if write.form != "bytes" else read.form
    if form == "bytes":
        form = artifact_calls().copied.get(posixpath.splitext(named)[1].lower(), form)
    known = artifact_kinds()
    kinds = tuple(kind for kind in dict.fromkeys((*write.holds, *read.holds, form)) if kind in known)
    kinds = kinds if write.holds or read.holds else with_unknown_objects(kinds)
    if write.form == "mlflow" and not write.holds and set(kinds) <= {_ANY_FLAVOUR}:
        # What loads every flavour does not show which one was registered.
        kinds = ()
    return CrossingArtifact(
        artifact=named or "*",
        form=form_title(kinds[0] if kinds else form),
        kinds=kinds,
        written=write.at,
        read=read.at,
        certain=handover.sameness >= Sameness.LIKELY and not _is_unseen_upload(write, read),
        is_plain=form in PLAIN_FORMS,
        settings=read.settings,
        stated=write.settings,
    )


def _is_unseen_upload(write: ArtifactUse, read: ArtifactUse) -> bool:
    """Whether a descriptor names a key of a bucket that nothing in the code uploads to: only the last part is alike."""
    is_stored = read.call == "storageUri"
    return is_stored and not any(name.kind is NameKind.BUCKET for name in write.names)


def form_title(form: str) -> str:
    """A form in words."""
    kind = artifact_kinds().get(form)
    if kind is not None:
        return kind.title
    known = artifact_calls().forms.get(form)
    return known.title if known is not None else form
