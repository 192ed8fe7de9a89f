"""From a list of documents to groups that describe one environment each, by names alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

from mlaudit.discovery.recipes import RecipePart
from mlaudit.knowledge.roles import Words, is_kept_recipe, outer_words, tokens, words
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.parsers._registry import kind_of

Parts = tuple[str, ...]

_NUMBER = lazy_pattern(r"[0-9.]+")
_TAKES_NUMBER = frozenset(("python",))
_STATEMENTS = frozenset(("lock", "manifest", "list", "dump", "descriptor"))
_SURE = frozenset(("lock", "list", "dump"))
_SPLITTING = frozenset(("lock", "manifest", "list", "recipe"))
_SUREST = ("lock", "dump", "list", "manifest", "descriptor", "recipe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A document that discovery left out, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """What the path of a document says.

    Attributes:
        folder: the folders of its path below the root.
        home: the same without those that only hold such files (`requirements/`, `docker/`).
        qualifier: words of the file's name that tell environments apart, role words as the role's name.
        variant: words that tell builds of one environment apart (`cu121`, `linux`, `py3.11`).
    """

    path: str
    format: str
    kind: str
    folder: Parts
    home: Parts
    qualifier: Parts
    variant: Parts


@dataclass(slots=True, kw_only=True)
class DocumentGroup:
    """Documents of one environment on their way to it.

    Attributes:
        member: its part of a workspace's lock, as a source.
        build: the words that distinguish it from other builds of one environment (`gpu`); empty for the plain one.
        part: the part of a recipe that makes it, where one is known.
        covered: of such a part, the manifests of the locks that it installs.
        shown_by: jobs of CI that run in it.
        is_beside: its lists are beside what a recipe installs with another tool, and no recipe installs them.
    """

    home: Parts
    qualifier: Parts
    documents: list[NamedDocument]
    hints: list[NamedDocument] = field(default_factory=list)
    member: str | None = None
    build: Parts = ()
    part: RecipePart | None = None
    covered: tuple[str, ...] = ()
    shown_by: list[RecipePart] = field(default_factory=list)
    is_beside: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of documents it has."""
        return frozenset(document.kind for document in self.documents)

    @property
    def installs(self) -> Parts:
        """The files that its recipe installs."""
        return self.part.installs if self.part is not None else ()

    @property
    def states(self) -> bool:
        """Whether it is more than a recipe."""
        return bool(self.kinds & _STATEMENTS)

    @property
    def folder(self) -> Parts:
        """The folder that holds all its documents."""
        first, last = (pick(document.folder for document in self.documents) for pick in (min, max))
        return tuple(common_parts(first, last))


def common_parts(parts: Parts, other: Parts) -> Iterator[str]:
    """The folders that two paths share from the root on."""
    for left, right in zip(parts, other, strict=False):
        if left != right:
            return
        yield left


def common_length(parts: Parts, other: Parts) -> int:
    """How many folders two paths share from the root on."""
    return len(tuple(common_parts(parts, other)))


def grouped(
    formats: Mapping[str, str], roots: Callable[[str], Sequence[str]]
) -> tuple[list[DocumentGroup], list[Ignored]]:
    """The groups of documents given by path and format, and what was left out; both in the order of paths.

    `roots` gives the names of the projects that a lock or manifest is about.
    """
    ignored: list[Ignored] = []
    documents: list[NamedDocument] = []
    for path in sorted(formats):
        document = named_document(path, formats[path])
        why = _why_ignored(document)
        if why:
            ignored.append(Ignored(path=path, why=why))
        else:
            documents.append(document)
    hints = [document for document in documents if document.kind == "hint"]
    groups = _without_parts(list(_groups(document for document in documents if document.kind != "hint")), ignored)
    groups = _without_spent_locks(_with_recipes(_with_members(groups, roots)), roots, ignored)
    groups = [build for group in groups for build in _builds(group)]
    ignored.extend(_placed_hints(hints, groups))
    return groups, sorted(ignored, key=lambda entry: entry.path)


def named_document(path: str, format_name: str) -> NamedDocument:
    """What the path of a document of a format says."""
    table = words()
    folder = _folders_of(path)
    kind = kind_of(format_name)
    qualifier, variant = _qualifier_and_variant(table, tokens(posixpath.basename(path)))
    return NamedDocument(
        path=path,
        format=format_name,
        kind=kind,
        folder=folder,
        home=tuple(_without_holders(folder)),
        qualifier=() if kind == "descriptor" else qualifier,
        variant=variant,
    )


def _without_holders(folders: Sequence[str]) -> Iterator[str]:
    """Folders without those that only hold lists and recipes; one right below examples is an example of its own."""
    table = words()
    for at, folder in enumerate(folders):
        is_example = any(table.examples.intersection(tokens(above)) for above in folders[:at][-1:])
        if folder.lower() not in table.holders or is_example:
            yield folder


def why_ignored(path: str) -> str | None:
    """Why discovery leaves a file out, by the words of its path; None if it does not."""
    return _why_folder_ignored(_telling_folders(path)) or _why_file_ignored(qualifier_of(posixpath.basename(path)))


def lies_in_left_out(path: str) -> bool:
    """Whether a file is in a folder of documentation, tests or benchmarks."""
    return _why_folder_ignored(_telling_folders(path)) is not None


def _folders_of(path: str) -> Parts:
    return tuple(path.split("/")[:-1])


def _telling_folders(path: str) -> Parts:
    """The folders of a file that may tell to leave it out; not the one whose recipes are kept, `build/Dockerfile`."""
    folders, name = _folders_of(path), posixpath.basename(path)
    return folders[:-1] if folders and is_kept_recipe(folders[-1], name) else folders


def qualifier_of(name: str) -> Parts:
    """The words of a file's name that tell environments apart."""
    return _qualifier_and_variant(words(), tokens(name))[0]


def _qualifier_and_variant(table: Words, of_name: Parts) -> tuple[Parts, Parts]:
    """Qualifier and variant in the words of a file's name; a number belongs to the word before it."""
    qualifier: list[str] = []
    variant: list[str] = []
    before_number = False
    for token in of_name:
        if before_number and _NUMBER.fullmatch(token):
            variant.append(token)
        elif table.variant_rank(token) is not None:
            variant.append(token)
            before_number = True
        else:
            before_number = token in _TAKES_NUMBER
            if token not in table.neutral_files:
                role = table.role((token,))
                qualifier.append(role[0] if role else token)
    return tuple(dict.fromkeys(qualifier)), tuple(variant)


@lru_cache(maxsize=8192)
def _why_folder_ignored(folders: Parts) -> str | None:
    """Why what is in a folder is left out; the files of one folder are asked about one after the other."""
    table = words()
    for depth, folder in enumerate(folders):
        if table.skips(folder):
            return f'lies in "{folder}", which is not searched'
        of_folder = tokens(folder)
        is_example = any(table.examples.intersection(tokens(name)) for name in folders[depth + 1 :])
        if table.role(of_folder) is None and not is_example:
            for row in table.ignored:
                if row.folders.intersection(outer_words(of_folder)):
                    return f'{row.why} (folder name "{folder}")'
    return None


def _why_ignored(document: NamedDocument) -> str | None:
    why = _why_folder_ignored(_telling_folders(document.path)) or _why_file_ignored(document.qualifier)
    if why is None and document.kind == "aside":
        return "belongs to no environment unless the configuration says so"
    return why


def _why_file_ignored(qualifier: Parts) -> str | None:
    for row in words().ignored:
        matching = row.files.intersection(qualifier)
        if matching:
            return f'{row.why} (file name "{min(matching)}")'
    return None


def _groups(documents: Iterable[NamedDocument]) -> Iterator[DocumentGroup]:
    def key(document: NamedDocument) -> tuple[Parts, Parts]:
        return document.home, document.qualifier

    for (home, qualifier), members in groupby(
        sorted(documents, key=lambda document: (key(document), document.path)), key
    ):
        named_documents = list(members)
        if _clash(named_documents):
            by_folder = sorted(named_documents, key=lambda document: (document.folder, document.path))
            for _, inner in groupby(by_folder, lambda document: document.folder):
                yield DocumentGroup(home=home, qualifier=qualifier, documents=list(inner))
        else:
            yield DocumentGroup(home=home, qualifier=qualifier, documents=named_documents)


def _clash(documents: Iterable[NamedDocument]) -> bool:
    """Whether two folders hold documents that say the same kind of thing of the same variant."""
    seen: dict[tuple[str, Parts], Parts] = {}
    return any(
        seen.setdefault((document.kind, document.variant), document.folder) != document.folder
        for document in documents
        if document.kind in _SPLITTING
    )


def _without_parts(groups: list[DocumentGroup], ignored: list[Ignored]) -> list[DocumentGroup]:
    table = words()

    def is_part(group: DocumentGroup) -> bool:
        return not table.parts.isdisjoint(group.qualifier) and not any(map(table.side, group.qualifier))

    whole = {group.home for group in groups if group.states and not is_part(group)}
    kept: list[DocumentGroup] = []
    for group in groups:
        if is_part(group) and group.states and group.home in whole:
            ignored.extend(Ignored(path=document.path, why=table.parts_why) for document in group.documents)
        else:
            kept.append(group)
    return kept


def _with_members(groups: list[DocumentGroup], roots: Callable[[str], Sequence[str]]) -> list[DocumentGroup]:
    """Let a project that a lock in a folder above names take its part of that lock."""
    locks = [document for group in groups for document in group.documents if document.kind == "lock"]
    for group in groups:
        manifests = [document for document in group.documents if document.kind == "manifest"]
        above = [lock for lock in locks if any(_is_above(lock.folder, manifest.folder) for manifest in manifests)]
        if above and not group.kinds & _SURE:
            nearest = max(above, key=lambda lock: (len(lock.folder), lock.path))
            group.member = _member(nearest.path, manifests[0].path, roots)
    return groups


def _member(lock: str, manifest: str, roots: Callable[[str], Sequence[str]]) -> str | None:
    """The part of a lock that a manifest's project is, as a source."""
    locked = {normalized(name): name for name in roots(lock)}
    own = [locked[normalized(name)] for name in roots(manifest) if normalized(name) in locked]
    return f"{lock}#package={own[0]}" if own else None


def _is_above(folder: Parts, other: Parts) -> bool:
    return len(folder) < len(other) and other[: len(folder)] == folder


def _without_spent_locks(
    groups: list[DocumentGroup], roots: Callable[[str], Sequence[str]], ignored: list[Ignored]
) -> list[DocumentGroup]:
    """A lock whose members took their parts is left with its own folder's project; without one it is left out."""
    taken_from = {group.member.partition("#package=")[0] for group in groups if group.member}
    kept: list[DocumentGroup] = []
    for group in groups:
        lock = next((document.path for document in group.documents if document.path in taken_from), None)
        manifest = next((document.path for document in group.documents if document.kind == "manifest"), None)
        group.member = group.member or (_member(lock, manifest, roots) if lock and manifest else None)
        if lock and not group.member:
            why = "is a workspace; each member is an environment"
            spent = [document for document in group.documents if document.kind in ("lock", "manifest", "list")]
            ignored.extend(Ignored(path=document.path, why=why) for document in spent)
            group.documents = [document for document in group.documents if document not in spent]
        if group.documents:
            kept.append(group)
    return kept


def _with_recipes(groups: list[DocumentGroup]) -> list[DocumentGroup]:
    """Recipes that state nothing go to the one environment beside them, or to the folder that they are named after."""
    kept = [group for group in groups if group.states]
    for recipe in [group for group in groups if not group.states]:
        beside = [group for group in kept if group.states and _takes(group, recipe)]
        if len(beside) == 1:
            beside[0].documents.extend(recipe.documents)
        else:
            kept.append(recipe)
    return sorted(kept, key=lambda group: group.documents[0].path)


def _takes(group: DocumentGroup, recipe: DocumentGroup) -> bool:
    if not recipe.qualifier:
        return group.home == recipe.home
    named = group.home[:-1] == recipe.home and group.home and not group.qualifier
    return bool(named) and qualifier_of(group.home[-1]) == recipe.qualifier


def _placed_hints(hints: Sequence[NamedDocument], groups: Sequence[DocumentGroup]) -> Iterator[Ignored]:
    """Hand hints to the environments beside them; yield those that have none beside them.

    pyenv and uv let a Python version file hold for all folders below too; there it is often only the developers' own.
    """
    for hint in hints:
        beside = [group for group in groups if group.home == hint.home]
        for group in beside:
            group.hints.append(hint)
        if not beside:
            yield Ignored(path=hint.path, why="states a Python version, and there is no environment beside it")


def _builds(group: DocumentGroup) -> Iterator[DocumentGroup]:
    """The plain build of an environment, and one of its own for each other set of words that names a build."""
    plain = [document for document in group.documents if not document.variant]
    labels = sorted({document.variant for document in group.documents if document.variant}, key=_variant_order)
    surely_plain = bool({document.kind for document in plain} & _SURE)
    own = next(iter(labels), None) if not surely_plain else None
    others = [label for label in labels if label != own]
    left = [document for document in group.documents if document.variant in ((), own)]
    yield replace(group, documents=left)
    for label in others:
        documents = [document for document in group.documents if document.variant == label]
        yield DocumentGroup(home=group.home, qualifier=group.qualifier, documents=documents, build=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What of a group is read: the sources, and what they make needless."""

    sources: tuple[str, ...]
    covered: tuple[str, ...]


def taken(group: DocumentGroup) -> Taken:
    """Let a lock beat what it was made from and exported to, and put hints behind."""
    if group.part is not None:
        return Taken(sources=(group.part.source,), covered=group.covered)
    sources, covered = _resolved(group.documents)
    if group.member:
        sources, covered = _of_member(group.member, group.documents, sources, covered)
    return Taken(sources=(*sources, *(hint.path for hint in group.hints)), covered=covered)


def _of_member(
    member: str, chosen: Iterable[NamedDocument], sources: Parts, covered: Parts
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A member's part of its lock stands for the manifest, and for the whole lock where that is beside it."""
    lock = member.partition("#package=")[0]
    manifests = {document.path for document in chosen if document.kind == "manifest"}
    rest = (source for source in sources if source not in manifests and source != lock)
    return (member, *rest), tuple(sorted(manifests.union(covered)))


def _variant_order(label: Parts) -> tuple[int, int, tuple[int, ...], Parts]:
    """Lowest rank first, then few words, then high numbers."""
    ranks = [words().variant_rank(token) or 0 for token in label]
    numbers = tuple(-int(digits) for digits in re.findall(r"[0-9]{1,9}", " ".join(label)))
    return max(ranks), len(label), numbers, label


def _resolved(chosen: Sequence[NamedDocument]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    preference = words().lock_preference
    beaten = {document.path for document in chosen if _is_input(document, chosen)}
    locks = sorted(
        (document for document in chosen if document.kind == "lock"),
        key=lambda document: (preference.get(document.format, len(preference)), document.path),
    )
    beaten.update(lock.path for lock in locks[1:])
    if locks:
        beaten.update(document.path for document in chosen if document.kind in ("list", "manifest"))
    left = [document for document in chosen if document.path not in beaten]
    left.sort(key=lambda document: (_SUREST.index(document.kind), document.path))
    return tuple(document.path for document in left), tuple(sorted(beaten))


def _is_input(document: NamedDocument, others: Iterable[NamedDocument]) -> bool:
    """Whether another document was compiled from this one: `requirements.in` beside `requirements.txt`."""
    stem, dot, extension = document.path.rpartition(".")
    return dot + extension in words().inputs and any(
        other.path.rpartition(".")[0] == stem and other.path != document.path for other in others
    )
