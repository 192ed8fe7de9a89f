"""A folder without configuration → environments, roles and pairs, with the reason for each guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from mlaudit.discovery.candidates import Candidate, settle_role, unique_names
from mlaudit.discovery.gathering import gather
from mlaudit.discovery.groups import Ignored, taken
from mlaudit.discovery.name_pairs import common_project, common_subject, pair_by_names
from mlaudit.discovery.recipes import RecipePart
from mlaudit.knowledge.roles import READER, WRITER, words
from mlaudit.model.exchanges import Exchange
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation
from mlaudit.model.pairs import CrossingArtifact, PartedDefinition
from mlaudit.parsers._registry import environment_format, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredEnvironment:
    """One environment that was found.

    Attributes:
        role: empty if nothing shows it.
        folder: that holds its sources, relative to the root; empty for the root.
        sources: what to read, the surest first.
        covered: documents that a source makes needless (a lock's manifest and export).
        installs: files that a recipe among the sources installs; it includes them itself.
        follows: names of the environments that write what this one reads.
        guessed: nothing but names shows that it follows them.
        reason: why it has its role.
        evidence: what shows that this environment exists.
        exchanges: what its code writes to or reads from registries, hubs and buckets.
        loads: model files of the tree that its code loads, with the calls.
    """

    name: str
    role: str
    folder: str
    sources: tuple[str, ...]
    covered: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    guessed: bool = False
    reason: str = ""
    evidence: tuple[Observation, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    loads: tuple[tuple[str, Place], ...] = ()

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources, and the manifests that a lock among them was made of, so that a stale lock shows."""
        return (*self.sources, *(path for path in self.covered if is_manifest(path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A writer and a reader.

    Attributes:
        project: the folder that both belong to.
        certain: more than names shows it: code that names one artifact on both sides, or what both do or run.
        crosses: the artifacts that are known to cross.
        reason: what shows it, for people.
        parted: functions that both sides have a copy of, and that differ.
        unnamed: kinds of models that may cross besides, under names that are not known.
    """

    writer: str
    reader: str
    project: str
    certain: bool
    crosses: tuple[CrossingArtifact, ...] = ()
    reason: str = ""
    parted: tuple[PartedDefinition, ...] = ()
    unnamed: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether something crosses for certain that a library wrote which the reader needs as well."""
        return self.certain and (not self.crosses or any(not artifact.is_plain for artifact in self.crosses))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of all that crosses; none where of one artifact the kind is not known."""
        judged = [artifact for artifact in self.crosses if not artifact.is_plain]
        if not judged or not all(artifact.kinds for artifact in judged):
            return ()
        return tuple(dict.fromkeys((*(kind for artifact in judged for kind in artifact.kinds), *self.unnamed)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found, in the order of paths."""

    environments: tuple[DiscoveredEnvironment, ...]
    pairs: tuple[Pair, ...]
    ignored: tuple[Ignored, ...]

    @property
    def unpaired(self) -> tuple[DiscoveredEnvironment, ...]:
        """Environments that are compared with no other."""
        paired = {name for pair in self.pairs for name in (pair.writer, pair.reader)}
        return tuple(environment for environment in self.environments if environment.name not in paired)


def by_name(path: str) -> str | None:
    """The format of the first registered parser that knows a path by its name.

    Model artifacts are no environments, but what describes one belongs to the lists that were written beside it.
    """
    return environment_format(path, also=words().descriptors)


def describes_model(path: str) -> bool:
    """Whether a path is that of a description of one model (`MLmodel`), which records what wrote it."""
    format_name = by_name(path)
    role = words().descriptors.get(format_name) if format_name is not None else None
    return role is not None and words().side(role) == WRITER


def is_manifest(path: str) -> bool:
    """Whether a lock is made of what is at a path."""
    format_name = by_name(path)
    return format_name is not None and kind_of(format_name) == "manifest"


def no_roots(_path: str) -> Sequence[str]:
    """For those who look at names only: no document shows which projects it is about."""
    return ()


def discover(
    paths: Iterable[str],
    recognise: Callable[[str], str | None] = by_name,
    roots: Callable[[str], Sequence[str]] = no_roots,
    parts: Sequence[RecipePart] = (),
) -> Discovery:
    """Environments and pairs among the documents of a folder.

    Args:
        paths: relative to the root, with `/`; their order does not matter.
        recognise: gives the format of a path, None for what states no versions.
        roots: gives the names of the projects that the lock or manifest at a path is about, so that members of a
            workspace find their part of its lock; asked only where a lock is above a manifest.
        parts: the environments that recipes make, with the files that they install.
    """
    candidates, _, ignored = gather(paths, recognise, roots, parts, lambda _: True)
    return settle(candidates, ignored)


def settle(candidates: list[Candidate], ignored: list[Ignored]) -> Discovery:
    """Roles, pairs and names of what was gathered."""
    for candidate in candidates:
        settle_role(candidate)
    _leave_plain(candidates)
    pair_by_names(candidates)
    names = unique_names(candidates)
    return Discovery(
        environments=tuple(_environment(candidate, names) for candidate in candidates),
        pairs=tuple(_pairs(candidates, names)),
        ignored=tuple(ignored),
    )


def _leave_plain(candidates: Sequence[Candidate]) -> None:
    """Tables and texts make a pair where a server or a batch job reads them; what training reads is data."""
    for reader in candidates:
        for writer, crosses in list(reader.crosses.items()):
            if reader.side != READER and all(artifact.is_plain for artifact in crosses):
                del reader.crosses[writer]
                reader.writers.remove(writer)


def _environment(candidate: Candidate, names: dict[Candidate, str]) -> DiscoveredEnvironment:
    chosen = taken(candidate.group)
    part = candidate.group.part
    return DiscoveredEnvironment(
        name=names[candidate],
        role=candidate.role,
        folder="/".join(candidate.group.folder),
        sources=chosen.sources,
        covered=chosen.covered,
        installs=candidate.group.installs,
        follows=tuple(names[writer] for writer in candidate.writers),
        guessed=bool(candidate.writers) and not _is_sure(candidate),
        reason=candidate.reason,
        evidence=tuple(dict.fromkeys((*(part.evidence if part is not None else ()), *candidate.evidence))),
        exchanges=tuple(candidate.exchanges),
    )


def _is_sure(reader: Candidate) -> bool:
    """Whether more than names shows that it reads what its writers write."""
    if reader.crosses:
        return any(artifact.certain for crosses in reader.crosses.values() for artifact in crosses)
    return reader.is_role_shown and len(reader.writers) == 1 and _may_be_sure(reader, reader.writers[0])


def _may_be_sure(reader: Candidate, writer: Candidate) -> bool:
    """Whether both sides are shown by their code, or by what they run where their code is not known."""
    is_shown = (_is_shown(writer, WRITER) or _is_other_list(writer, reader)) and _is_shown(reader, READER)
    return is_shown and not _is_around(reader, writer)


def _is_shown(candidate: Candidate, side: str) -> bool:
    return candidate.is_role_shown if candidate.does is None else side in candidate.does


def _is_other_list(writer: Candidate, reader: Candidate) -> bool:
    """Whether an image of its folder installs another list: `requirements.txt` beside `requirements_api.txt`."""
    is_list = writer.group.kinds == {"list"} and not writer.group.is_beside
    return writer.does is None and writer.home == reader.home and is_list and bool(reader.group.installs)


def _is_around(reader: Candidate, writer: Candidate) -> bool:
    """Whether a project's own environment would read what is in one of its folders: nothing shows that it does."""
    is_project = reader.group.part is None
    return is_project and len(reader.home) < len(writer.home) and writer.home[: len(reader.home)] == reader.home


def _pairs(candidates: Sequence[Candidate], names: dict[Candidate, str]) -> Iterator[Pair]:
    pairs = [(writer, reader, common_project(writer, reader)) for reader in candidates for writer in reader.writers]
    rivals = Counter((project, common_subject(writer, reader)) for writer, reader, project in pairs)
    for writer, reader, project in pairs:
        crosses = tuple(reader.crosses.get(writer, ()))
        alone = len(reader.writers) == rivals[project, common_subject(writer, reader)] == 1
        yield Pair(
            writer=names[writer],
            reader=names[reader],
            project="/".join(project),
            certain=any(artifact.certain for artifact in crosses)
            or (not crosses and alone and reader.is_role_shown and _may_be_sure(reader, writer)),
            crosses=crosses,
            reason="" if crosses else reader.reason,
            parted=tuple(reader.parted.get(writer, ())),
            unnamed=reader.unnamed.get(writer, ()),
        )
