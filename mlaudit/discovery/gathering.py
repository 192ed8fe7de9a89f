"""Documents and parts of recipes to candidates: a file that a recipe installs belongs to the recipe's environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from mlaudit.discovery.candidates import Candidate, candidate_of
from mlaudit.discovery.groups import DocumentGroup, Ignored, NamedDocument, grouped, named_document, qualifier_of, taken
from mlaudit.discovery.recipes import RecipePart, RunCommand
from mlaudit.discovery.role_signs import (
    RUNS,
    SCRIPTS,
    WORK,
    RoleSign,
    role_of_command,
    signs_of_commands,
    signs_of_packages,
)
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.observation import Observation

_PROJECT_LOCKS = frozenset(("pipfile-lock", "poetry-lock", "pdm-lock", "uv-lock"))
_OTHER_TOOLS = _PROJECT_LOCKS | {"conda-env"}
"""Formats of tools that read no list for pip."""


def gather(
    paths: Iterable[str],
    recognise: Callable[[str], str | None],
    roots: Callable[[str], Sequence[str]],
    parts: Sequence[RecipePart],
    is_named: Callable[[str], bool],
) -> tuple[list[Candidate], list[DocumentGroup], list[Ignored]]:
    """The candidates among documents and parts of recipes, the groups that recipes install, and what is left out.

    Args:
        is_named: whether some text beside a list names it, so that somebody may install it.
    """
    recipes = {part.path for part in parts if not part.is_task}
    formats = {
        path: format_name for path in paths if path not in recipes and (format_name := recognise(path)) is not None
    }
    groups, ignored = grouped(formats, roots)
    with_lists, left = _with_neighbours(parts, groups)
    of_parts = [part_group(part) for part in _without_trainers(with_lists, groups)]
    spent: list[DocumentGroup] = []
    leftover = _leftover_lists(groups, of_parts, is_named)
    ignored += [Ignored(path=path, why=f"belongs to no environment: {why}") for path, why in leftover.items()]
    for group in groups:
        group.documents = [document for document in group.documents if document.path not in leftover]
    groups = [*_unspent(groups, of_parts, spent), *of_parts]
    for part in left:
        if not part.is_named and not part.unresolved:
            # A source or manifest that only may state an image is a file like any other.
            continue
        ignored.append(Ignored(path=part.path, why="names no package that is known and installs no file of the tree"))
    candidates = sorted(map(signed_candidate, groups), key=order)
    return candidates, spent, sorted(ignored, key=lambda entry: entry.path)


def order(candidate: Candidate) -> tuple[str, ...]:
    """Where a candidate is among others."""
    part = candidate.group.part
    path = candidate.group.documents[0].path
    return (path, part.part) if part is not None else (path,)


def signed_candidate(group: DocumentGroup) -> Candidate:
    """The candidate of a group with what its recipe shows of its role."""
    candidate = candidate_of(group)
    part = group.part
    if part is not None:
        candidate.signs += [*signs_of_commands(part.commands), *signs_of_packages(part.packages)]
        if part.role:
            candidate.signs.append(RoleSign(role=part.role, weight=RUNS, why=part.evidence[-1].says))
        executed = [command for run in part.runs for command in run.executed]
        candidate.signs += _signs_of_tasks([command for command in executed if role_of_command(command.words) in WORK])
    for shown in group.shown_by:
        roles = ("training",) if shown.is_job else WORK
        working = [command for command in shown.commands if role_of_command(command.words) in roles]
        candidate.signs += _signs_of_tasks(working)
        candidate.evidence += [Observation(at=command.at, says=f"runs {command.shown}") for command in working[:2]]
    return candidate


def _signs_of_tasks(commands: Iterable[RunCommand]) -> Iterator[RoleSign]:
    """What people may run in an environment says less than what its image runs, however often they do."""
    first: dict[str, RoleSign] = {}
    for sign in signs_of_commands(commands):
        first.setdefault(sign.role, replace(sign, weight=SCRIPTS))
    yield from first.values()


def part_group(part: RecipePart) -> DocumentGroup:
    """The group of a recipe's part alone; the files that it installs are included by the recipe itself."""
    document = named_document(part.path, part.format)
    qualifier = (*document.qualifier, *qualifier_of(part.name))
    return DocumentGroup(
        home=document.home,
        qualifier=tuple(dict.fromkeys(qualifier)),
        documents=[replace(document, qualifier=tuple(dict.fromkeys(qualifier)))],
        build=document.variant,
        part=part,
    )


def _with_neighbours(
    parts: Sequence[RecipePart], groups: list[DocumentGroup]
) -> tuple[list[RecipePart], list[RecipePart]]:
    """Parts that are environments, and those that state nothing.

    A part whose commands could not be followed installs what is beside it, where that is one environment.
    """
    with_lists: list[RecipePart] = []
    left: list[RecipePart] = []
    for part in parts:
        beside = _beside(part, groups)
        if beside is not None:
            beside.documents.append(named_document(part.path, part.format))
        elif part.installs or part.states or part.is_build:
            with_lists.append(part)
        else:
            left.append(part)
    return with_lists, left


def _without_trainers(parts: Iterable[RecipePart], groups: Sequence[DocumentGroup]) -> Iterator[RecipePart]:
    """Parts without tasks, and jobs of CI that train, in an environment of the tree: they show what it is for."""
    for part in parts:
        is_use = part.is_job or part.is_task or part.is_tool
        signs = list(signs_of_commands(part.commands)) if is_use else []
        # Tools add what they need to what others install.
        files = part.installs if part.is_tool else part.installs[:1]
        is_asked = bool(signs) or part.is_tool
        own = (
            next(
                (document_group for document_group in groups if set(taken(document_group).sources[:1]) & set(files)),
                None,
            )
            if is_asked
            else None
        )
        if own is not None and part.is_tool and not signs:
            # It runs nothing that shows more than the files that it installs.
            continue
        if own is not None and (not part.is_job or any(sign.role == "training" for sign in signs)):
            own.shown_by.append(part)
        elif not part.is_task:
            yield part
    for group in groups:
        if len({role for recipe_part in group.shown_by for role in _roles(recipe_part)}) > 1:
            # Where people train and serve in one environment, tasks do not show what it is for.
            group.shown_by = [recipe_part for recipe_part in group.shown_by if recipe_part.is_job]


def _roles(part: RecipePart) -> set[str]:
    """What a task does; a job of CI is only asked whether it trains."""
    roles = {role_of_command(command.words) for command in part.commands}
    return {role for role in WORK if role in roles and (not part.is_job or role == "training")}


def _beside(part: RecipePart, groups: Sequence[DocumentGroup]) -> DocumentGroup | None:
    if part.installs or part.packages or not part.unresolved or part.part or part.is_build:
        return None
    document = named_document(part.path, part.format)
    near = [group for group in groups if group.states and group.home == document.home and not group.build]
    same = [group for group in near if group.qualifier == document.qualifier]
    return same[0] if len(same) == 1 else near[0] if len(near) == 1 and not document.qualifier else None


def _claimed(of_parts: Iterable[DocumentGroup]) -> dict[str, list[DocumentGroup]]:
    """What recipes install, with those that do."""
    claimed: dict[str, list[DocumentGroup]] = {}
    for group in of_parts:
        if group.part is not None and not (group.part.is_job or group.part.is_tool):
            for path in group.part.installs:
                claimed.setdefault(path, []).append(group)
    return claimed


def _leftover_lists(
    groups: Iterable[DocumentGroup], of_parts: Sequence[DocumentGroup], is_named: Callable[[str], bool]
) -> dict[str, str]:
    """Lists for pip that nothing names, beside the lock of the same project that a recipe installs, each with why."""
    claimed = _claimed(of_parts)
    leftover: dict[str, str] = {}
    for group in groups:
        locks = [document.path for document in group.documents if document.format in _PROJECT_LOCKS]
        for document in _lists_beside(group, claimed):
            if locks and not is_named(document.path):
                leftover[document.path] = f"nothing names it, and {locks[0]} beside it is what is installed"
    return leftover


def _unspent(
    groups: Iterable[DocumentGroup], of_parts: Sequence[DocumentGroup], spent: list[DocumentGroup]
) -> Iterator[DocumentGroup]:
    """The groups whose surest source no recipe installs, without what a recipe installs."""
    claimed = _claimed(of_parts)
    for group in groups:
        sources = [source.partition("#")[0] for source in taken(group).sources]
        takers = [taker for source in sources[:1] for taker in claimed.get(source, ())]
        beside = _lists_beside(group, claimed) if takers else []
        if beside:
            group.documents, group.is_beside = beside, True
        elif takers:
            _cover(group, sources[0], takers)
            if not group.shown_by or any(map(_trains, takers)):
                spent.append(group)
                continue
        elif not group.member:
            kept = [document for document in group.documents if document.path not in claimed]
            group.documents = kept or group.documents
        yield group


def _lists_beside(group: DocumentGroup, claimed: Collection[str]) -> list[NamedDocument]:
    """The lists for pip that no recipe installs, beside a file of another tool that one does: another environment."""
    if not any(document.format in _OTHER_TOOLS and document.path in claimed for document in group.documents):
        return []
    return [
        document for document in group.documents if document.format == "requirements" and document.path not in claimed
    ]


def _trains(group: DocumentGroup) -> bool:
    """Whether a recipe runs what a job of CI trains with."""
    return any(role_of_command(command.words) == "training" for command in (group.part.commands if group.part else ()))


def _cover(group: DocumentGroup, first: str, takers: Iterable[DocumentGroup]) -> None:
    """Let those who install a lock hold it against what it was made of."""
    if any(document.path == first and document.kind == "lock" for document in group.documents):
        for taker in takers:
            taker.covered = tuple(document.path for document in group.documents if document.kind == "manifest")
