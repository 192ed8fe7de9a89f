"""Writers and readers by the names of their files and folders alone: guesses, if nothing more certain is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlaudit.discovery.candidates import Candidate, subject_of
from mlaudit.discovery.groups import Parts, common_length
from mlaudit.knowledge.roles import READER, WRITER, tokens, words

MAX_RIVALS = 2
"""Projects that one reader may be guessed to load from."""
MAX_FOLLOWERS = 3
"""Folders whose readers may be guessed to serve what one environment outside of them makes."""
WRITER_ROLE = "training"
"""What the folder above a reader is taken for."""


def pair_by_names(candidates: Sequence[Candidate]) -> None:
    """Give each reader its writers: those nearest to it of which it is nearest too, else the folder above."""
    plain_homes = {(candidate.home, candidate.group.qualifier) for candidate in candidates if not candidate.group.build}
    readers = [
        candidate
        for candidate in candidates
        if candidate.side == READER and _is_open(candidate) and _is_asked(candidate, plain_homes)
    ]
    writers = [
        candidate
        for candidate in candidates
        if candidate.side == WRITER and _is_asked(candidate, plain_homes) and _may_be(WRITER, candidate)
    ]
    near = tuple(_near(writers, readers))
    best_writer: dict[Candidate, tuple[int, ...]] = {}
    best_reader: dict[tuple[Candidate, str], tuple[int, ...]] = {}
    for writer, reader, nearness in near:
        best_writer[reader] = max(nearness, best_writer.get(reader, nearness))
        best_reader[writer, reader.role] = max(nearness, best_reader.get((writer, reader.role), nearness))
    for writer, reader, nearness in near:
        if nearness == best_writer[reader] == best_reader[writer, reader.role]:
            reader.writers.append(writer)
    for reader in readers:
        if len({writer.home for writer in reader.writers}) > MAX_RIVALS:
            # Where so many projects fit equally well, names show nothing.
            reader.writers.clear()
    plain = _by_home(
        candidate
        for candidate in candidates
        if not candidate.side
        and not candidate.group.qualifier
        and not candidate.group.build
        and _may_be(WRITER, candidate)
    )
    for reader in readers:
        if not reader.writers:
            _follow_parent(reader, plain)
    _drop_tooling(readers)


def _drop_tooling(readers: Iterable[Candidate]) -> None:
    """Take back guesses at one writer for the readers of many folders below it: it is the tooling of a collection."""
    homes: dict[Candidate, set[Parts]] = {}
    for reader in readers:
        for writer in reader.writers:
            if reader.home != writer.home:
                homes.setdefault(writer, set()).add(reader.home)
    tooling = {writer for writer, home in homes.items() if len(home) > MAX_FOLLOWERS}
    for reader in readers if tooling else ():
        reader.writers = [candidate for candidate in reader.writers if candidate not in tooling]


def _is_asked(candidate: Candidate, plain: Collection[tuple[Parts, Parts]]) -> bool:
    """Whether an environment is no other build of one: each is asked where none of them is the plain one."""
    return not candidate.group.build or (candidate.home, candidate.group.qualifier) not in plain


def _is_open(reader: Candidate) -> bool:
    """Whether nothing more certain is known of what a reader reads."""
    if reader.writers or reader.reads_published or _holds_no_python(reader):
        return False
    return _may_be(READER, reader)


def _holds_no_python(reader: Candidate) -> bool:
    """Whether a recipe installs nothing of Python in an image that is not known to have it: a proxy, a database."""
    part = reader.group.part
    if part is None or part.installs or part.unresolved:
        return False
    return not (part.has_python or part.has_packages or reader.does)


def _may_be(side: str, candidate: Candidate) -> bool:
    """Whether the code of an environment does not show that it is on no side, or only on the other."""
    return candidate.does is None or side in candidate.does


def _by_home(candidates: Iterable[Candidate]) -> dict[Parts, list[Candidate]]:
    by_home: dict[Parts, list[Candidate]] = {}
    for candidate in candidates:
        by_home.setdefault(candidate.home, []).append(candidate)
    return by_home


def _near(
    writers: Iterable[Candidate], readers: Iterable[Candidate]
) -> Iterator[tuple[Candidate, Candidate, tuple[int, ...]]]:
    """Sides that fit; only those are asked of which one's project folder is in the other's, or is it."""
    at: dict[Parts, list[Candidate]] = {}
    below: dict[Parts, list[Candidate]] = {}
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


def _nearness(writer: Candidate, reader: Candidate) -> tuple[int, ...] | None:
    """How well two sides fit, greater is better; None if they belong to different projects or subjects."""
    if writer.group.build and reader.group.build and writer.group.build != reader.group.build:
        return None
    if writer.home != reader.home and (_is_notebook(writer) or _is_notebook(reader)):
        # Of notebooks in other folders a name shows too little.
        return None
    if _is_endpoint_of_other_notebook(reader, writer):
        return None
    if writer.confined or reader.confined:
        return _confined_nearness(writer, reader)
    upper, lower = sorted((writer.project, reader.project), key=len)
    subjects = (_seen_from(upper, writer), _seen_from(upper, reader))
    if None in subjects or (all(subjects) and subjects[0] != subjects[1]):
        return None
    return (
        len(upper),
        int(subjects[0] == subjects[1]),
        len(upper) - len(lower),
        common_length(writer.home, reader.home),
    )


def _is_notebook(candidate: Candidate) -> bool:
    part = candidate.group.part
    return part is not None and part.path.endswith(".ipynb")


def _is_endpoint_of_other_notebook(reader: Candidate, writer: Candidate) -> bool:
    """Whether a notebook starts the endpoint, whose model comes from there, and the writer is not of that notebook."""
    part, other = reader.group.part, writer.group.part
    is_endpoint = part is not None and _is_notebook(reader) and part.name.startswith("endpoint")
    return is_endpoint and part is not None and (other is None or other.path != part.path)


def _confined_nearness(writer: Candidate, reader: Candidate) -> tuple[int, ...] | None:
    for candidate, other in ((writer, reader), (reader, writer)):
        if candidate.confined and other.home[: len(candidate.project)] != candidate.project:
            return None
    return len(common_project(writer, reader)), 1, 0, common_length(writer.home, reader.home)


def _seen_from(project: Parts, candidate: Candidate) -> frozenset[str] | None:
    """The subject with the folders between it and an outer project; None if one of them is of the other side."""
    between = candidate.project[len(project) :]
    if not between:
        return candidate.subject
    table = words()
    for folder in between:
        role = table.role(tokens(folder))
        if role is not None and table.side(role[0]) != candidate.side:
            return None
    return candidate.subject | subject_of([word for folder in between for word in tokens(folder)])


def _follow_parent(reader: Candidate, plain: Mapping[Parts, Sequence[Candidate]]) -> None:
    """An environment without a role, in the folder that a reader's own folder is in, is what that reader serves."""
    if reader.subject or reader.confined:
        return
    above = plain.get(reader.project, ())
    if len(above) == 1:
        is_beside = above[0].home == reader.home
        around = (
            "beside what serves, and nothing else shows it" if is_beside else f'the folder around "{reader.home[-1]}"'
        )
        above[0].role, above[0].reason = WRITER_ROLE, around
        reader.writers.append(above[0])


def common_subject(writer: Candidate, reader: Candidate) -> frozenset[str]:
    """What both sides are called beside their roles: `churn-train` and `churn-serve` have no rival in `fraud-serve`."""
    return writer.subject if writer.subject == reader.subject else frozenset()


def common_project(writer: Candidate, reader: Candidate) -> Parts:
    """The folder that both sides belong to, as small as their rules allow."""
    confined = [side.project for side in (writer, reader) if side.confined]
    projects = (reader.project, writer.project) if writer.side == WRITER else (reader.project,)
    return max(confined, key=len) if confined else min(projects, key=len)
