"""What a SOURCE on the command line means: `serving=uv.lock#package=api,extra=gpu`, `REV:PATH`, `-`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mlaudit.errors import UsageError

PARTS = ("package", "stage", "environment")
"""Words behind `#` that choose one root of a document."""
_WORDS = (*PARTS, "extra", "group", "python", "platform")
_NAMED = re.compile(r"([A-Za-z0-9][\w.-]{0,63})=(.+)", re.DOTALL)


class BadSource(UsageError):
    """A SOURCE that cannot be understood; the message tells what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled:
    """One part of a SOURCE.

    Attributes:
        text: as the user wrote it.
        name: of the environment, None where none was given.
        path: a path, or `-` for standard input.
        revision: a git revision, None for the working tree.
        parts: what `#package=`, `#stage=`, `#environment=` chose.
        python, platform: what `#python=` and `#platform=` say.
    """

    text: str
    path: str
    name: str | None = None
    revision: str | None = None
    parts: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    python: str | None = None
    platform: str | None = None


def spelled(text: str, exists: Callable[[str], bool]) -> tuple[Spelled, ...]:
    """The parts of a SOURCE; several may make one environment. An existing path wins over every other reading.

    Raises BadSource.
    """
    if text == "-" or exists(text):
        return (Spelled(text=text, path=text),)
    found: list[Spelled] = []
    for item in _items(text):
        one = _one(item, exists)
        if found and one.name is None:
            raise BadSource(f"`{item}` has no name; several sources of one environment are `name=A,name=B`")
        if found and one.name != found[0].name:
            raise BadSource(f"`{text}` names two environments, `{found[0].name}` and `{one.name}`; give them apart")
        found.append(one)
    return tuple(found)


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


def _one(item: str, exists: Callable[[str], bool]) -> Spelled:
    name, rest = None, item
    named = _NAMED.fullmatch(item)
    if named and not exists(item.rpartition("#")[0] or item):
        name, rest = named.group(1), named.group(2)
    path, fragment = rest, ""
    if not exists(rest) and "#" in rest:
        path, _, fragment = rest.rpartition("#")
    revision = None
    if not exists(path) and ":" in path and path != "-":
        revision, _, path = path.partition(":")
    if not path:
        raise BadSource(f"`{item}` names no path")
    return _with_fragment(Spelled(text=item, path=path, name=name, revision=revision), fragment)


def _with_fragment(one: Spelled, fragment: str) -> Spelled:
    if not fragment:
        return one
    held: dict[str, list[str]] = {}
    for assignment in fragment.split(","):
        word, equals, value = assignment.partition("=")
        if word not in _WORDS or not equals or not value:
            raise BadSource(f"`#{fragment}`: expected {', '.join(f'{word}=' for word in _WORDS)}, found `{assignment}`")
        held.setdefault(word, []).append(value)
    return Spelled(
        text=one.text,
        path=one.path,
        name=one.name,
        revision=one.revision,
        parts={word: held[word][-1] for word in PARTS if word in held},
        extras=tuple(held.get("extra", ())),
        groups=tuple(held.get("group", ())),
        python=held.get("python", [None])[-1],
        platform=held.get("platform", [None])[-1],
    )
