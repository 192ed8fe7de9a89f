"""From a list of documents to groups that describe one environment each, by names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from mlaudit.knowledge.roles import Words, tokens, words

Parts = tuple[str, ...]

_NUMBER = re.compile(r"[0-9.]+")
_TAKES_NUMBER = frozenset(("python", "cuda", "rocm"))
_STATEMENTS = frozenset(("lock", "manifest", "list", "dump", "descriptor"))
_SURE = frozenset(("lock", "list", "dump"))
_SPLITTING = frozenset(("lock", "manifest", "list", "recipe"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A document that discovery left out, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another build of an environment: the words that name it and its documents."""

    name: str
    sources: tuple[str, ...]


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
class Group:
    """Documents of one environment on their way to it."""

    home: Parts
    qualifier: Parts
    documents: list[NamedDocument]
    hints: list[NamedDocument] = field(default_factory=list)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of documents it has."""
        return frozenset(document.kind for document in self.documents)

    @property
    def states(self) -> bool:
        """Whether it is more than a recipe."""
        return bool(self.kinds & _STATEMENTS)

    @property
    def folder(self) -> Parts:
        """The folder that holds all its documents."""
        first, last = (pick(document.folder for document in self.documents) for pick in (min, max))
        return tuple(_common(first, last))


def _common(one: Parts, other: Parts) -> Iterator[str]:
    for left, right in zip(one, other, strict=False):
        if left != right:
            return
        yield left


def common_length(one: Parts, other: Parts) -> int:
    """How many folders two paths share from the root on."""
    return sum(1 for _ in _common(one, other))


def grouped(formats: Mapping[str, str]) -> tuple[list[Group], list[Ignored]]:
    """The groups of documents given by path and format, and what was left out; both in the order of paths."""
    ignored: list[Ignored] = []
    documents: list[NamedDocument] = []
    for path in sorted(formats):
        document = _document(path, formats[path])
        why = _why_ignored(document)
        if why:
            ignored.append(Ignored(path=path, why=why))
        else:
            documents.append(document)
    hints = [document for document in documents if document.kind == "hint"]
    groups = _without_parts(list(_groups(document for document in documents if document.kind != "hint")), ignored)
    groups = _with_recipes(groups)
    ignored.extend(_placed_hints(hints, groups))
    return groups, sorted(ignored, key=lambda entry: entry.path)


def _document(path: str, format_name: str) -> NamedDocument:
    table = words()
    *folders, name = path.split("/")
    kind = table.kind(format_name)
    qualifier, variant = _told(table, tokens(name))
    return NamedDocument(
        path=path,
        format=format_name,
        kind=kind,
        folder=tuple(folders),
        home=tuple(folder for folder in folders if folder.lower() not in table.holders),
        qualifier=() if kind == "descriptor" else qualifier,
        variant=variant,
    )


def _told(table: Words, of_name: Parts) -> tuple[Parts, Parts]:
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


def _why_ignored(document: NamedDocument) -> str | None:
    table = words()
    for folder in document.folder:
        if table.skips(folder):
            return f'lies in "{folder}", which is not looked into'
        of_folder = tokens(folder)
        if table.role(of_folder) is None:
            for row in table.ignored:
                if row.folders.intersection(of_folder):
                    return f'{row.why} (folder name "{folder}")'
    for row in table.ignored:
        found = row.files.intersection(document.qualifier)
        if found:
            return f'{row.why} (file name "{min(found)}")'
    return "belongs to no environment unless the configuration says so" if document.kind == "aside" else None


def _groups(documents: Iterable[NamedDocument]) -> Iterator[Group]:
    def key(document: NamedDocument) -> tuple[Parts, Parts]:
        return document.home, document.qualifier

    for (home, qualifier), members in groupby(sorted(documents, key=lambda one: (key(one), one.path)), key):
        found = list(members)
        if _clash(found):
            by_folder = sorted(found, key=lambda one: (one.folder, one.path))
            for _, inner in groupby(by_folder, lambda one: one.folder):
                yield Group(home=home, qualifier=qualifier, documents=list(inner))
        else:
            yield Group(home=home, qualifier=qualifier, documents=found)


def _clash(documents: Iterable[NamedDocument]) -> bool:
    """Whether two folders hold documents that say the same kind of thing of the same variant."""
    seen: dict[tuple[str, Parts], Parts] = {}
    return any(
        seen.setdefault((document.kind, document.variant), document.folder) != document.folder
        for document in documents
        if document.kind in _SPLITTING
    )


def _without_parts(groups: list[Group], ignored: list[Ignored]) -> list[Group]:
    table = words()

    def is_part(group: Group) -> bool:
        return bool(group.qualifier) and table.parts.issuperset(group.qualifier)

    whole = {group.home for group in groups if group.states and not is_part(group)}
    kept: list[Group] = []
    for group in groups:
        if is_part(group) and group.home in whole:
            ignored.extend(Ignored(path=document.path, why=table.parts_why) for document in group.documents)
        else:
            kept.append(group)
    return kept


def _with_recipes(groups: list[Group]) -> list[Group]:
    """Recipes that stand alone go to the one environment beside them, or to the folder that they are named after."""
    kept = [group for group in groups if group.states]
    for recipe in [group for group in groups if not group.states]:
        beside = [group for group in kept if group.states and _takes(group, recipe)]
        if len(beside) == 1:
            beside[0].documents.extend(recipe.documents)
        else:
            kept.append(recipe)
    return sorted(kept, key=lambda group: group.documents[0].path)


def _takes(group: Group, recipe: Group) -> bool:
    if not recipe.qualifier:
        return group.home == recipe.home
    named = group.home[:-1] == recipe.home and group.home and not group.qualifier
    return bool(named) and _told(words(), tokens(group.home[-1]))[0] == recipe.qualifier


def _placed_hints(hints: Sequence[NamedDocument], groups: Sequence[Group]) -> Iterator[Ignored]:
    """Hand hints to the environments they hold for; yield those that hold for none.

    A Python version file holds for its folder and all below that have none of their own (pyenv, uv); a recipe says
    itself which Python it has.
    """
    placed: set[str] = set()
    for group in groups:
        above = [hint for hint in hints if group.home[: len(hint.home)] == hint.home]
        nearest = max((len(hint.home) for hint in above), default=0)
        for hint in above:
            own = hint.home == group.home
            if own or (len(hint.home) == nearest and "recipe" not in group.kinds):
                group.hints.append(hint)
                placed.add(hint.path)
    for hint in hints:
        if hint.path not in placed:
            yield Ignored(path=hint.path, why="states a Python version, and no environment is beside or below it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What of a group is read: the sources, what they make needless, and other variants."""

    sources: tuple[str, ...]
    covered: tuple[str, ...]
    variants: tuple[Variant, ...]


def taken(group: Group) -> Taken:
    """Choose a variant, let a lock beat what it was made from and exported to, and put hints behind."""
    plain = [document for document in group.documents if not document.variant]
    labels = sorted({document.variant for document in group.documents if document.variant}, key=_variant_order)
    kinds = {document.kind for document in plain}
    chosen: list[NamedDocument] = list(plain)
    if labels:
        best = [document for document in group.documents if document.variant == labels[0]]
        chosen += [document for document in best if not kinds & _SURE or document.kind not in kinds | _SURE]
    sources, covered = _resolved(chosen)
    used = {document.path for document in chosen}
    variants = (
        Variant(
            name=" ".join(label),
            sources=tuple(one.path for one in group.documents if one.variant == label and one.path not in used),
        )
        for label in labels
    )
    return Taken(
        sources=(*sources, *(hint.path for hint in group.hints)),
        covered=covered,
        variants=tuple(variant for variant in variants if variant.sources),
    )


def _variant_order(label: Parts) -> tuple[int, int, tuple[int, ...], Parts]:
    """Lowest rank first, then few words, then high numbers."""
    ranks = [words().variant_rank(token) or 0 for token in label]
    numbers = tuple(-int(digits) for digits in re.findall(r"[0-9]{1,9}", " ".join(label)))
    return max(ranks), len(label), numbers, label


def _resolved(chosen: Sequence[NamedDocument]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    preference = words().preference
    locks = sorted(
        (document for document in chosen if document.kind == "lock"),
        key=lambda document: (preference.get(document.format, 0), document.path),
    )
    beaten = {document.path for document in locks[1:]}
    if locks:
        beaten.update(document.path for document in chosen if document.kind in ("list", "manifest"))
    beaten.update(document.path for document in chosen if _is_input(document, chosen))
    rest = [document.path for document in chosen if document.path not in beaten and document not in locks]
    return (*(lock.path for lock in locks[:1]), *rest), tuple(sorted(beaten))


def _is_input(document: NamedDocument, others: Iterable[NamedDocument]) -> bool:
    """Whether another document was compiled from this one: `requirements.in` beside `requirements.txt`."""
    stem, dot, extension = document.path.rpartition(".")
    return dot + extension in words().inputs and any(
        other.path.rpartition(".")[0] == stem and other.path != document.path for other in others
    )
