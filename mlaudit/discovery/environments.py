"""A folder without configuration → environments, roles and pairs, with the reason for each guess; by names alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import count

from mlaudit.discovery.groups import DocumentGroup, Ignored, Parts, Variant, common_length, grouped, taken
from mlaudit.knowledge.roles import READER, WRITER, tokens, words
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.parsers._registry import environment_format, kind_of

WRITER_ROLE = "training"
"""What the folder above a reader is taken for."""
PLAIN_NAME = "environment"
"""The name of an environment in the root, whose own folder name is never asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredEnvironment:
    """One environment that was found.

    Attributes:
        role: empty where nothing tells it.
        folder: that holds its sources, relative to the root; empty for the root.
        sources: what to read, the surest first.
        covered: documents that a source makes needless (a lock's manifest and export).
        variants: other builds of it, which are not read.
        follows: names of the environments that write what this one reads.
        reason: why it has its role.
    """

    name: str
    role: str
    folder: str
    sources: tuple[str, ...]
    covered: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    follows: tuple[str, ...] = ()
    reason: str = ""

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources, and the manifests that a lock among them was made of, so that a stale lock shows."""
        return (*self.sources, *(path for path in self.covered if is_manifest(path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A writer and a reader by name; `certain` where it is the only candidate in its project folder (and subject)."""

    writer: str
    reader: str
    project: str
    certain: bool


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


@dataclass(slots=True, kw_only=True, eq=False)
class _Candidate:
    """An environment before it has a name.

    Attributes:
        project: the folder in which it looks for its other side.
        subject: what its path says beside the role; two sides with different subjects do not belong together.
        confined: its other side must lie inside its project folder.
    """

    group: DocumentGroup
    role: str = ""
    side: str | None = None
    reason: str = ""
    project: Parts = ()
    subject: frozenset[str] = frozenset()
    confined: bool = False
    writers: list[_Candidate] = field(default_factory=list)

    @property
    def home(self) -> Parts:
        return self.group.home


def by_name(path: str) -> str | None:
    """The format of the first registered parser that knows a path by its name.

    Model artifacts are no environments, but what describes one belongs to the lists that were written beside it.
    """
    return environment_format(path, also=words().descriptors)


def describes_model(path: str) -> bool:
    """Whether a path is that of a description of one model (`MLmodel`), which records what wrote it."""
    role = words().descriptors.get(by_name(path) or "")
    return role is not None and words().side(role) == WRITER


def is_manifest(path: str) -> bool:
    """Whether a lock is made of what stands at a path."""
    return kind_of(by_name(path) or "") == "manifest"


def no_roots(_path: str) -> Sequence[str]:
    """For those who look at names only: no document tells which projects it is about."""
    return ()


def discover(
    paths: Iterable[str],
    recognise: Callable[[str], str | None] = by_name,
    roots: Callable[[str], Sequence[str]] = no_roots,
) -> Discovery:
    """Environments and pairs among the documents of a folder.

    Args:
        paths: relative to the root, with `/`; their order does not matter.
        recognise: gives the format of a path, None for what states no versions.
        roots: gives the names of the projects that the lock or manifest at a path is about, so that members of a
            workspace find their part of its lock; asked only where a lock stands above a manifest.
    """
    formats = {path: found for path in paths if (found := recognise(path)) is not None}
    groups, ignored = grouped(formats, roots)
    candidates = [_candidate(group) for group in groups]
    _pair(candidates)
    names = _names(candidates)
    return Discovery(
        environments=tuple(_environment(candidate, names) for candidate in candidates),
        pairs=tuple(_pairs(candidates, names)),
        ignored=tuple(ignored),
    )


def _candidate(group: DocumentGroup) -> _Candidate:
    table = words()
    candidate = _described(group) or _by_file(group) or _by_folder(group) or _Candidate(group=group)
    return replace(candidate, side=table.side(candidate.role))


def _described(group: DocumentGroup) -> _Candidate | None:
    """A document that describes a model or a service says its side itself."""
    roles = words().descriptors
    for document in group.documents:
        if document.format in roles:
            return _Candidate(
                group=group,
                role=roles[document.format],
                reason=f"{document.path.rpartition('/')[2]} says so",
                project=group.home[:-1],
                confined=True,
            )
    return None


def _by_file(group: DocumentGroup) -> _Candidate | None:
    table = words()
    names = [document.path.rpartition("/")[2] for document in group.documents]
    of_names = [word for name in names for word in tokens(name) if table.is_role_word(word)]
    found = table.role(tuple(of_names))
    if found is None:
        return None
    role, word = found
    subject = frozenset(word for word in group.qualifier if not table.is_role_word(word) and table.side(word) is None)
    return _Candidate(group=group, role=role, reason=f'file name "{word}"', project=group.home, subject=subject)


def _by_folder(group: DocumentGroup) -> _Candidate | None:
    """The innermost folder with a role word; what stands below it is part of the subject."""
    table = words()
    for depth in range(len(group.home) - 1, -1, -1):
        of_folder = tokens(group.home[depth])
        found = table.role(of_folder)
        if found is not None:
            below = [word for folder in group.home[depth + 1 :] for word in tokens(folder)]
            return _Candidate(
                group=group,
                role=found[0],
                reason=f'folder name "{found[1]}"',
                project=group.home[:depth],
                subject=_subject((*of_folder, *below, *group.qualifier)),
            )
    return None


def _subject(of_path: Sequence[str]) -> frozenset[str]:
    table = words()
    return frozenset(
        word
        for word in of_path
        if word not in table.neutral_folders and not table.is_role_word(word) and not word.isdigit()
    )


def _pair(candidates: Sequence[_Candidate]) -> None:
    """Give each reader its writers: those nearest to it of which it is nearest too, else the folder above."""
    readers = [candidate for candidate in candidates if candidate.side == READER]
    near = tuple(_near([candidate for candidate in candidates if candidate.side == WRITER], readers))
    best_writer: dict[_Candidate, tuple[int, ...]] = {}
    best_reader: dict[tuple[_Candidate, str], tuple[int, ...]] = {}
    for writer, reader, nearness in near:
        best_writer[reader] = max(nearness, best_writer.get(reader, nearness))
        best_reader[writer, reader.role] = max(nearness, best_reader.get((writer, reader.role), nearness))
    for writer, reader, nearness in near:
        if nearness == best_writer[reader] == best_reader[writer, reader.role]:
            reader.writers.append(writer)
    plain = _by_home(one for one in candidates if not one.reason and not one.group.qualifier)
    for reader in readers:
        if not reader.writers:
            _follow_parent(reader, plain)


def _by_home(candidates: Iterable[_Candidate]) -> dict[Parts, list[_Candidate]]:
    found: dict[Parts, list[_Candidate]] = {}
    for candidate in candidates:
        found.setdefault(candidate.home, []).append(candidate)
    return found


def _near(
    writers: Iterable[_Candidate], readers: Iterable[_Candidate]
) -> Iterator[tuple[_Candidate, _Candidate, tuple[int, ...]]]:
    """Sides that fit; only those are asked of which one's project folder lies in the other's, or is it."""
    at: dict[Parts, list[_Candidate]] = {}
    below: dict[Parts, list[_Candidate]] = {}
    for writer in writers:
        at.setdefault(writer.project, []).append(writer)
        for depth in range(len(writer.project) + 1):
            below.setdefault(writer.project[:depth], []).append(writer)
    for reader in readers:
        above = (at.get(reader.project[:depth], ()) for depth in range(len(reader.project)))
        for some in (below.get(reader.project, ()), *above):
            for writer in some:
                nearness = _nearness(writer, reader)
                if nearness is not None:
                    yield writer, reader, nearness


def _nearness(writer: _Candidate, reader: _Candidate) -> tuple[int, ...] | None:
    """How well two sides fit, greater is better; None where they belong to different projects or subjects."""
    if writer.confined or reader.confined:
        return _confined_nearness(writer, reader)
    upper, lower = sorted((writer.project, reader.project), key=len)
    if lower[: len(upper)] != upper:
        return None
    subjects = (_seen_from(upper, writer), _seen_from(upper, reader))
    if None in subjects or (all(subjects) and subjects[0] != subjects[1]):
        return None
    return (
        len(upper),
        int(subjects[0] == subjects[1]),
        len(upper) - len(lower),
        common_length(writer.home, reader.home),
    )


def _confined_nearness(writer: _Candidate, reader: _Candidate) -> tuple[int, ...] | None:
    for one, other in ((writer, reader), (reader, writer)):
        if one.confined and other.home[: len(one.project)] != one.project:
            return None
    return len(_project(writer, reader)), 1, 0, common_length(writer.home, reader.home)


def _seen_from(project: Parts, candidate: _Candidate) -> frozenset[str] | None:
    """The subject with the folders between it and an outer project; None where one of them is of the other side."""
    between = candidate.project[len(project) :]
    if not between:
        return candidate.subject
    table = words()
    for folder in between:
        role = table.role(tokens(folder))
        if role is not None and table.side(role[0]) != candidate.side:
            return None
    return candidate.subject | _subject([word for folder in between for word in tokens(folder)])


def _follow_parent(reader: _Candidate, plain: Mapping[Parts, Sequence[_Candidate]]) -> None:
    """An environment without a role, in the folder that a reader's own folder lies in, is what that reader serves."""
    if reader.subject or reader.confined:
        return
    above = plain.get(reader.project, ())
    if len(above) == 1:
        above[0].role, above[0].reason = WRITER_ROLE, f'the folder around "{reader.home[-1] if reader.home else ""}"'
        reader.writers.append(above[0])


def _names(candidates: Sequence[_Candidate]) -> dict[_Candidate, str]:
    """The shortest name that no other environment has: the role, what qualifies it, its folder, its path."""
    ladders = {candidate: tuple(_ladder(candidate)) for candidate in candidates}
    names: dict[_Candidate, str] = {}
    for rung in range(_RUNGS):
        wanted = {one: ladder[rung] for one, ladder in ladders.items() if one not in names}
        counts = Counter((*names.values(), *wanted.values()))
        names.update({one: name for one, name in wanted.items() if counts[name] == 1})
    used = set(names.values())
    for one in candidates:
        if one not in names:
            names[one] = next(name for number in count(2) if (name := f"{ladders[one][-1]}-{number}") not in used)
            used.add(names[one])
    return names


_RUNGS = 4


def _ladder(candidate: _Candidate) -> Iterator[str]:
    group = candidate.group
    qualifier = "-".join(group.qualifier)
    home = "/".join(group.home)
    told = candidate.role or qualifier or (group.home[-1] if group.home else "")
    for parts in ((told,), (home, qualifier), ("/".join(group.folder), qualifier), (group.documents[0].path,)):
        name = "/".join(part for part in parts if part.strip()) or PLAIN_NAME
        # An environment's name stands before `=` on the command line and must survive being printed.
        yield "".join("_" if sign in "=,#" or not sign.isprintable() else sign for sign in name)


def _environment(candidate: _Candidate, names: dict[_Candidate, str]) -> DiscoveredEnvironment:
    found = taken(candidate.group)
    return DiscoveredEnvironment(
        name=names[candidate],
        role=candidate.role,
        folder="/".join(candidate.group.folder),
        sources=found.sources,
        covered=found.covered,
        variants=found.variants,
        follows=tuple(names[writer] for writer in candidate.writers),
        reason=candidate.reason,
    )


def _pairs(candidates: Sequence[_Candidate], names: dict[_Candidate, str]) -> Iterator[Pair]:
    found = [(writer, reader, _project(writer, reader)) for reader in candidates for writer in reader.writers]
    rivals = Counter((project, _common_subject(writer, reader)) for writer, reader, project in found)
    for writer, reader, project in found:
        yield Pair(
            writer=names[writer],
            reader=names[reader],
            project="/".join(project),
            certain=len(reader.writers) == rivals[project, _common_subject(writer, reader)] == 1,
        )


def _common_subject(writer: _Candidate, reader: _Candidate) -> frozenset[str]:
    """What both sides are called beside their roles: `churn-train` and `churn-serve` have no rival in `fraud-serve`."""
    return writer.subject if writer.subject == reader.subject else frozenset()


def _project(writer: _Candidate, reader: _Candidate) -> Parts:
    """The folder that both sides belong to, as small as their rules allow."""
    confined = [side.project for side in (writer, reader) if side.confined]
    projects = (reader.project, writer.project) if writer.side == WRITER else (reader.project,)
    return max(confined, key=len) if confined else min(projects, key=len)
