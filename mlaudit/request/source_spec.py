"""What a SOURCE on the command line means: `serving=uv.lock#package=api,extra=gpu`, `REV:PATH`, `git+file:`, `-`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread
from mlaudit.request.addresses import fetching_advice

PARTS = ("package", "stage", "environment")
"""Words behind `#` that choose one root of a document."""
_CHOOSING = (*PARTS, "extra", "group", "python", "platform", "format")
_WORDS = (*_CHOOSING, "path")
_NAMED = lazy_pattern(r"([A-Za-z0-9][\w.-]{0,63})=(.+)", re.DOTALL)
# As pip writes a local clone, https://pip.pypa.io/en/stable/topics/vcs-support/
_CLONE = lazy_pattern(r"git\+file://(?P<folder>/[^@#]*)(?:@(?P<revision>[^#]*))?")


class BadSource(UsageError):
    """A SOURCE that cannot be understood; the message shows what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePart:
    """One part of a SOURCE.

    Attributes:
        text: as the user wrote it.
        name: of the environment, None if none was given.
        path: a path, or `-` for standard input.
        revision: a git revision, None for the working tree.
        clone: the folder of the git repository that `revision` is of, None for the one that is audited.
        parts: what `#package=`, `#stage=`, `#environment=` chose.
        python, platform, format: what `#python=`, `#platform=` and `#format=` say.
        without: folders inside a folder that are read apart from it.
        refused: where the configuration names it and why it is not read, None if it may be.
    """

    text: str
    path: str
    name: str | None = None
    revision: str | None = None
    clone: str | None = None
    parts: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    python: str | None = None
    platform: str | None = None
    format: str | None = None
    without: tuple[str, ...] = ()
    refused: Unread | None = None


def source_parts(text: str, exists: Callable[[str], bool]) -> tuple[SourcePart, ...]:
    """The parts of a SOURCE; several may make one environment. An existing path wins over every other reading.

    Raises BadSource.
    """
    if "\0" in text:
        raise BadSource("a source has a NUL character in it, which no file's name has")
    if text == "-" or exists(text):
        return (SourcePart(text=text, path=text),)
    spellings: list[SourcePart] = []
    for item in _items(text):
        part = _one(item, exists)
        if spellings and part.name is None:
            raise BadSource(f"`{item}` has no name; several sources of one environment are `name=A,name=B`")
        if spellings and part.name != spellings[0].name:
            raise BadSource(f"`{text}` names two environments, `{spellings[0].name}` and `{part.name}`; separate them")
        if any(_file(part) == _file(other) for other in spellings):
            raise BadSource(f"`{text}` names `{part.path}` twice; an environment takes one part of a source")
        spellings.append(part)
    return tuple(spellings)


def _file(part: SourcePart) -> tuple[str | None, ...]:
    return part.clone, part.revision, part.path


def _items(text: str) -> Iterator[str]:
    """The text at its commas; those inside a `#` part, and those with no name behind them, are left alone."""
    current = ""
    for piece in text.split(","):
        word = piece.partition("=")[0]
        continues = "#" in current and word in _WORDS
        named = _NAMED.match(piece) is not None and not continues
        if current and named:
            yield current
            current = piece
        else:
            current = f"{current},{piece}" if current else piece
    if current:
        yield current


def _one(item: str, exists: Callable[[str], bool]) -> SourcePart:
    name, rest = None, item
    named = _NAMED.fullmatch(item)
    if named and not exists(item.rpartition("#")[0] or item):
        name, rest = named.group(1), named.group(2)
    path, fragment = rest, ""
    if not exists(rest) and "#" in rest:
        path, _, fragment = rest.rpartition("#")
    clone = _CLONE.fullmatch(path)
    if clone is not None:
        return _of_clone(item, name, clone, fragment)
    advice = None if exists(path) else fetching_advice(path)
    if advice is not None:
        raise BadSource(f"{item}: it is an address; {advice}")
    revision = None
    if not exists(path) and ":" in path and path != "-":
        revision, _, path = path.partition(":")
    if not path:
        raise BadSource(f"`{item}` names no path")
    return _with_fragment(SourcePart(text=item, path=path, name=name, revision=revision), fragment)


def _of_clone(item: str, name: str | None, match: re.Match[str], fragment: str) -> SourcePart:
    """`git+file:///FOLDER@REV#path=PATH`; without a revision what is checked out there, as committed."""
    words = [word for word in fragment.split(",") if word]
    paths = [word.removeprefix("path=") for word in words if word.startswith("path=")]
    if len(paths) != 1 or not paths[0]:
        raise BadSource(f"`{item}` names no file; add it with #path=FILE")
    revision = match["revision"] or "HEAD"
    source = SourcePart(text=item, path=paths[0], name=name, revision=revision, clone=match["folder"])
    return _with_fragment(source, ",".join(word for word in words if not word.startswith("path=")))


def _with_fragment(source: SourcePart, fragment: str) -> SourcePart:
    if not fragment:
        return source
    fragment_values: dict[str, list[str]] = {}
    for assignment in fragment.split(","):
        word, equals, value = assignment.partition("=")
        if word not in _CHOOSING or not equals or not value:
            expected = ", ".join(f"{word}=" for word in _CHOOSING)
            raise BadSource(f"`#{fragment}`: expected {expected}, found `{assignment}`")
        if word in PARTS and word in fragment_values:
            raise BadSource(f"`#{fragment}` chooses more than one {word}; an environment is made of one")
        fragment_values.setdefault(word, []).append(value)
    return replace(
        source,
        parts={word: fragment_values[word][-1] for word in PARTS if word in fragment_values},
        extras=tuple(fragment_values.get("extra", ())),
        groups=tuple(fragment_values.get("group", ())),
        python=fragment_values.get("python", [None])[-1],
        platform=fragment_values.get("platform", [None])[-1],
        format=fragment_values.get("format", [None])[-1],
    )
