"""Groups of documents on their way to environments: the role of each by its names, and the name that it gets."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from mlaudit.discovery.groups import DocumentGroup, Parts
from mlaudit.discovery.recipes import RecipePart
from mlaudit.discovery.role_signs import NAMES, RUNS, SCRIPTS, RoleSign, judged_role
from mlaudit.knowledge.roles import WRITER, tokens, words
from mlaudit.model.exchanges import Exchange
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.observation import Observation
from mlaudit.model.pairs import CrossingArtifact, PartedDefinition

PLAIN_NAME = "environment"
"""The name of an environment in the root, whose own folder name is never asked."""


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """An environment before it has a name.

    Attributes:
        project: the folder in which it looks for its other side.
        subject: what its path says beside the role; two sides with different subjects do not belong together.
        confined: its other side must be inside its project folder.
        signs: what else shows its role: what it runs, what its code does, its packages.
        is_role_shown: the role follows from what runs, not from names.
        does: the sides of artifacts that its code is on; None if none of its code is known.
        reads_published: the models that its code reads are all others', from a hub.
        crosses: for a reader, the artifacts that are known to come from each writer.
        unnamed: for a reader, the kinds of models that each writer may hand to it under names that are not known.
        parted: for a reader, the functions of which it and a writer have copies that differ.
        evidence: what shows that it exists, besides its part of a recipe.
        exchanges: what its code writes to or reads from registries, hubs and buckets.
    """

    group: DocumentGroup
    role: str = ""
    side: str | None = None
    reason: str = ""
    project: Parts = ()
    subject: frozenset[str] = frozenset()
    confined: bool = False
    writers: list[Candidate] = field(default_factory=list)
    signs: list[RoleSign] = field(default_factory=list)
    is_role_shown: bool = False
    does: frozenset[str] | None = None
    reads_published: bool = False
    crosses: dict[Candidate, list[CrossingArtifact]] = field(default_factory=dict)
    unnamed: dict[Candidate, tuple[str, ...]] = field(default_factory=dict)
    parted: dict[Candidate, list[PartedDefinition]] = field(default_factory=dict)
    evidence: list[Observation] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def home(self) -> Parts:
        """The folders that it belongs to."""
        return self.group.home


def candidate_of(group: DocumentGroup) -> Candidate:
    """The candidate of a group, with what its names say."""
    candidate = _described(group) or _by_file(group) or _by_folder(group) or Candidate(group=group)
    return replace(candidate, side=words().side(candidate.role))


def settle_role(candidate: Candidate) -> None:
    """Let what runs decide against names, and what is installed if nothing else shows the role."""
    part = candidate.group.part
    if part is not None and part.is_job:
        _settle_job(candidate, part)
        return
    judged = _judged(candidate)
    if judged is None:
        return
    own = [sign for sign in candidate.signs if sign.role == judged.role]
    candidate.is_role_shown = any(sign.weight >= RUNS for sign in own)
    if judged.role == candidate.role:
        return
    side = words().side(judged.role)
    by_packages = all(sign.weight < NAMES for sign in own)
    if side != candidate.side:
        candidate.project, candidate.subject = candidate.home, frozenset()
    candidate.role, candidate.reason = judged.role, judged.why
    # What is installed shows what an environment may do, not what it is for.
    candidate.side = None if by_packages else side


def _judged(candidate: Candidate) -> RoleSign | None:
    """The best sign of the role that names and signs add up to."""
    named = RoleSign(role=candidate.role, weight=NAMES, why=candidate.reason)
    if candidate.confined:
        # What describes a model or a service says it itself.
        return named
    return judged_role([*([named] if candidate.role else []), *candidate.signs])


def probable_side(candidate: Candidate) -> str | None:
    """The side that an environment will be on, as far as its names and signs show by now."""
    judged = _judged(candidate)
    return words().side(judged.role) if judged is not None else None


def _settle_job(candidate: Candidate, part: RecipePart) -> None:
    """A job of CI trains where it runs a trainer; else it builds or hands on, and loads nothing."""
    trains = next((sign for sign in candidate.signs if sign.role == "training" and sign.weight >= SCRIPTS), None)
    candidate.role, candidate.side = ("training", WRITER) if trains is not None else ("build", None)
    candidate.reason = trains.why if trains is not None else f"is a job of {part.path.rpartition('/')[2]}"


def _described(group: DocumentGroup) -> Candidate | None:
    """A document that describes a model or a service says its side itself."""
    roles = words().descriptors
    for document in group.documents:
        if document.format in roles:
            return Candidate(
                group=group,
                role=roles[document.format],
                reason=f"{document.path.rpartition('/')[2]} says so",
                project=group.home[:-1],
                confined=True,
            )
    return None


def _by_file(group: DocumentGroup) -> Candidate | None:
    table = words()
    names = [posixpath.basename(document.path) for document in group.documents]
    of_names = [word for name in names for word in tokens(name) if table.is_role_word(word)]
    role_word = table.role(tuple(of_names))
    if role_word is None:
        return None
    role, word = role_word
    subject = frozenset(word for word in group.qualifier if not table.is_role_word(word))
    return Candidate(group=group, role=role, reason=f'file name "{word}"', project=group.home, subject=subject)


def _by_folder(group: DocumentGroup) -> Candidate | None:
    """The innermost folder with a role word; what is below it is part of the subject."""
    table = words()
    for depth in range(len(group.home) - 1, -1, -1):
        of_folder = tokens(group.home[depth])
        role = table.role(of_folder)
        below = [word for folder in group.home[depth + 1 :] for word in tokens(folder)]
        if role is not None and not _stands_beside(of_folder, role[1], group.home[depth + 1 :]):
            return Candidate(
                group=group,
                role=role[0],
                reason=f'folder name "{role[1]}"',
                project=group.home[:depth],
                subject=subject_of((*of_folder, *below, *group.qualifier)),
            )
    return None


def _stands_beside(of_folder: Sequence[str], word: str, below: Sequence[str]) -> bool:
    """Whether a folder with a word of a role is a numbered step, or one of what is below it is a tool beside models."""
    table = words()
    is_tool = word in table.tools_beside and not table.tools.isdisjoint(below)
    return _is_weak(word) and ("".join(of_folder[:1]).isdigit() or is_tool)


def _is_weak(word: str) -> bool:
    """Whether a word shows a role less than others: as the title of a chapter (`04-deployment`) it shows none."""
    return any(word in row.weak for row in words().roles)


def subject_of(of_path: Sequence[str]) -> frozenset[str]:
    """The words of a path that show what an environment is about, beside its role."""
    table = words()
    return frozenset(
        word
        for word in of_path
        if word not in table.neutral_folders and not table.is_role_word(word) and not word.isdigit()
    )


def unique_names(candidates: Sequence[Candidate]) -> dict[Candidate, str]:
    """The shortest name that no other environment has: the role, what qualifies it, its folder, its path."""
    ladders = {candidate: tuple(_ladder(candidate)) for candidate in candidates}
    names: dict[Candidate, str] = {}
    for rung in range(_RUNGS):
        wanted = {candidate: ladder[rung] for candidate, ladder in ladders.items() if candidate not in names}
        counts = Counter((*names.values(), *wanted.values()))
        names.update({candidate: name for candidate, name in wanted.items() if counts[name] == 1})
    used = set(names.values())
    for candidate_named in candidates:
        if candidate_named not in names:
            names[candidate_named] = next(
                name for number in count(2) if (name := f"{ladders[candidate_named][-1]}-{number}") not in used
            )
            used.add(names[candidate_named])
    return names


_RUNGS = 5


def _ladder(candidate: Candidate) -> Iterator[str]:
    group = candidate.group
    qualifier = "-".join(group.qualifier)
    home = "/".join(group.home)
    stem = candidate.role or qualifier or (group.home[-1] if group.home else "")
    build = "-".join(group.build)
    if build:
        stem, qualifier = (
            f"{stem or PLAIN_NAME}-{build}",
            "-".join(part for part in (qualifier, build) if part),
        )
    for parts in (
        (stem,),
        (home, qualifier),
        (home, stem),
        ("/".join(group.folder), qualifier),
        (_written(group),),
    ):
        name = "/".join(part for part in parts if part.strip()) or PLAIN_NAME
        # An environment's name precedes `=` on the command line and must survive being printed.
        yield "".join("_" if sign in "=,#" or not sign.isprintable() else sign for sign in name)


def _written(group: DocumentGroup) -> str:
    part = group.part
    return f"{part.path}/{part.name}" if part is not None and part.name else group.documents[0].path
