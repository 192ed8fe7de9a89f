"""Which uses treat one artifact: those that name it alike in one place, and those that discovery joined to a pair."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.sameness import joined
from mlaudit.discovery.code_joining import DATA_FORMS
from mlaudit.discovery.crossing_artifacts import form_title
from mlaudit.discovery.handovers import PLAIN_FORMS, with_real_names
from mlaudit.model.dependency_map import NodeKind
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.pairs import CrossingArtifact

Holders = Mapping[ArtifactUse, Sequence[str]]
"""The names of the environments in which each use happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedArtifact:
    """Uses of one artifact, and what it is called."""

    uses: tuple[ArtifactUse, ...]
    kind: NodeKind
    name: str
    detail: str


class ArtifactIndex:
    """The artifacts of a map by their nodes' keys, found by the places of calls and by paths of files."""

    def __init__(self) -> None:
        self.artifacts: dict[str, UsedArtifact] = {}
        self._by_place: dict[tuple[str, int | None], dict[str, None]] = {}
        self._by_file: dict[str, dict[tuple[str, str], None]] = {}

    def add(self, key: str, artifact: UsedArtifact) -> None:
        """Add the artifact of a node."""
        self.artifacts[key] = artifact
        for use in artifact.uses:
            self._by_place.setdefault((use.at.path, use.at.line), {})[key] = None
            for text in filter(None, map(_ending, use.names)):
                self._by_file.setdefault(posixpath.basename(text), {})[f"/{text}", key] = None

    def at_place(self, path: str, line: int | None) -> Iterable[str]:
        """The artifacts that a call at a place writes or reads."""
        return self._by_place.get((path, line), ())

    def at_path(self, path: str) -> list[str]:
        """The artifacts that a file of the tree may be: a use names its path, or the end of it."""
        known = self._by_file.get(posixpath.basename(path), {})
        return list(dict.fromkeys(key for text, key in known if f"/{path}".endswith(text)))


def _ending(name: ArtifactName) -> str:
    """The end of the path that a name gives, empty if it is no path or not known in full."""
    text = posixpath.normpath(name.text) if name.text else ""
    while text.startswith("../"):
        text = text[3:]
    is_path = name.kind is NameKind.PATH and name.complete and text not in ("", ".", "..")
    return text.lstrip("/") if is_path else ""


class _Groups:
    """Numbers joined to groups (union-find)."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def group(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def join(self, left: int, other: int) -> None:
        first, second = sorted((self.group(left), self.group(other)))
        self._parents[second] = first


def used_artifacts(
    uses: Sequence[ArtifactUse], crosses: Iterable[CrossingArtifact], holders: Holders
) -> list[UsedArtifact]:
    """The artifacts of some uses, those of which no use knows a name left out."""
    named = [use for use in map(with_real_names, uses) if use.names]
    groups = _Groups(len(named))
    _join_by_names(named, groups, holders)
    _join_crossings(named, groups, crosses)
    members: dict[int, list[ArtifactUse]] = {}
    for number, use in enumerate(named):
        members.setdefault(groups.group(number), []).append(use)
    return [_artifact(own) for own in members.values()]


def _join_by_names(uses: Sequence[ArtifactUse], groups: _Groups, holders: Holders) -> None:
    """Uses with one name or pattern are of one artifact in one environment, or in one folder of code of none."""
    first: dict[tuple[str, ...], int] = {}
    for number, use in enumerate(uses):
        homes = holders.get(use) or (f"/{posixpath.dirname(use.at.path)}",)
        for name in use.names[:1]:
            text = posixpath.normpath(name.text) if name.kind is NameKind.PATH else name.text
            for home in homes if text.strip("*./") else ():
                groups.join(first.setdefault((home, name.kind.value, name.scope, text), number), number)


def _join_crossings(uses: Sequence[ArtifactUse], groups: _Groups, crosses: Iterable[CrossingArtifact]) -> None:
    at: dict[tuple[str, int | None, Direction], list[int]] = {}
    for number, use in enumerate(uses):
        at.setdefault((use.at.path, use.at.line, use.direction), []).append(number)
    for artifact in crosses:
        written = at.get((artifact.written.path, artifact.written.line, Direction.WRITES), [])
        read = at.get((artifact.read.path, artifact.read.line, Direction.READS), [])
        for writer in written:
            for reader in read:
                alone = len(written) == len(read) == 1
                if alone or joined(uses[writer], uses[reader]) >= Sameness.LIKELY:
                    groups.join(writer, reader)


def _artifact(uses: Sequence[ArtifactUse]) -> UsedArtifact:
    writes = [use for use in uses if use.direction is Direction.WRITES]
    best = min(_names(writes or uses), key=lambda name: not name.complete)
    forms = list(dict.fromkeys(form for use in (*writes, *uses) for form in (*use.holds, use.form)))
    known = [form for form in forms if form != "bytes"]
    # What a store wraps tells whether it is model or data, not the store.
    contents = [form for use in uses for form in (use.holds or (use.form,))]
    is_data = all(form in PLAIN_FORMS or form in DATA_FORMS or form == "bytes" for form in contents)
    return UsedArtifact(
        uses=tuple(uses),
        kind=NodeKind.DATA if is_data else NodeKind.MODEL,
        name=_shown(best),
        detail=form_title((known or forms)[0]),
    )


def _names(uses: Iterable[ArtifactUse]) -> Iterator[ArtifactName]:
    return (name for use in uses for name in use.names)


def _shown(name: ArtifactName) -> str:
    text = posixpath.normpath(name.text) if name.kind is NameKind.PATH else name.text
    return f"{name.scope}:{text}" if name.scope and name.kind is NameKind.REGISTRY else text
