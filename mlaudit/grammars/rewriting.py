"""Where in a statement its version is, and what would be there instead; shared by the rewriters of all formats.

A rewriter proposes, surest first, and decides nothing: whoever applies a proposal reads the document again, and takes
the first after which it states what was meant and nothing else has changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Pin
from mlaudit.model.versions import public, split_variant

MAX_PROPOSALS = 12
"""Proposals of one rewriter for one pin that are tried."""
MAX_STATEMENT = 4096
"""Characters of a statement that are looked at."""


class Proposal(NamedTuple):
    """Characters `start:end` of a text, and what would be there."""

    start: int
    end: int
    new: str


Rewriter = Callable[[str, Pin, str], Iterable[Proposal]]
"""Text of the document, the pin, the version that is wanted → proposals, surest first."""

_OPERATOR = r"(?:===?|~=|!=|<=|>=|\^|~|<|>|=)"
_CLAUSE = rf"{_OPERATOR}[ \t]{{0,4}}[0-9][0-9A-Za-z.*+!_-]{{0,128}}"
_RANGE = lazy_pattern(rf"{_CLAUSE}(?:[ \t]{{0,4}}[,|][ \t]{{0,4}}{_CLAUSE}){{0,16}}")
_NAME = lazy_pattern(r"[\"']?(?:[A-Za-z0-9_.-]+::)?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?:\[[^\]\n]{0,256}\])?)")
_BUILD_STRING = r"[A-Za-z0-9_.*]{1,64}(?![0-9A-Za-z_.])"
_VARIABLE = lazy_pattern(r"\$\{\{[ \t]{0,4}(?:env|vars)\.(\w{1,64})[ \t]{0,4}\}\}|\$\{?(\w{1,64})|%\((\w{1,64})\)s")


def exact_version(pin: Pin, to: str) -> str:
    """The wanted version as precise as the statement is, with the build part that is there where none is wanted.

    A conda channel has no local parts; of Python `3.11` stays a minor version.
    """
    if pin.kind is Kind.PYTHON and pin.version is not None:
        return ".".join(to.split(".")[: max(2, pin.version.count(".") + 1)])
    if pin.ecosystem == "conda":
        return public(to)
    variant = split_variant(pin.version)[1] if pin.version else None
    return f"{to}+{variant}" if variant and "+" not in to else to


def requirement(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """Proposals for a statement as package managers write it: `name==1.2`, `name>=1,<2`, `"^1.2"`, `"*"`, `name`."""
    statement = _statement(text, pin)
    if statement is None:
        return
    start, shown = statement
    exactly = f"=={exact_version(pin, to)}"
    if pin.version is not None or pin.ecosystem == "conda":
        yield from literals(text, pin, to)
    for match in _RANGE.finditer(shown):
        yield Proposal(start + match.start(), start + match.end(), exactly)
    if pin.version is None and not pin.specifier:
        anything = shown.strip("\"'") == "*"
        named = _NAME.match(shown)
        if anything:
            yield Proposal(start + shown.index("*"), start + shown.index("*") + 1, exactly)
        elif named is not None:
            yield Proposal(start + named.end("name"), start + named.end("name"), exactly)


def literals(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """The version itself where it is in the statement, its operator kept."""
    statement = _statement(text, pin)
    if statement is None:
        return
    start, shown = statement
    for literal in _written_versions(pin):
        for match in _occurrences(literal, shown):
            yield Proposal(start + match.start(), start + match.end(), exact_version(pin, to))


def conda_spec(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """Proposals for a match specification of conda; a build string goes with the version that it was built of."""
    statement = _statement(text, pin)
    if statement is None:
        return
    start, shown = statement
    builds = [
        match
        for literal in _written_versions(pin)
        for match in re.finditer(rf"(?<![0-9.]){re.escape(literal)}={_BUILD_STRING}", shown)
    ]
    if not builds:
        yield from requirement(text, pin, to)
    for match in builds:
        # Without a build, one equals sign means every release that begins so; it takes two to mean this one.
        single = shown[: match.start()].endswith("=") and not shown[: match.start()].endswith("==")
        yield Proposal(start + match.start(), start + match.end(), f"{'=' if single else ''}{exact_version(pin, to)}")


def image_tag(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """The version inside the tag of an image."""
    yield from literals(text, pin, to)
    if pin.kind is Kind.PYTHON and pin.version is not None:
        yield from compact_python(text, pin, to)


def compact_python(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """A Python version without its dot: `py310`, `cp310`."""
    statement = _statement(text, pin)
    if statement is None or pin.version is None:
        return
    start, shown = statement
    wanted = exact_version(pin, to).replace(".", "")
    for match in re.finditer(rf"(?<=[pP][yY]|[cC][pP])_?{re.escape(pin.version.replace('.', ''))}(?![0-9])", shown):
        yield Proposal(start + match.start(), start + match.end(), wanted)


def variables(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """The definition of a variable that the statement names: `ARG TORCH_VERSION=2.1.0`, `TORCH_VERSION: "2.1.0"`."""
    statement = _statement(text, pin)
    if statement is None:
        return
    names = [next(filter(None, match.groups())) for match in _VARIABLE.finditer(statement[1])]
    for name in dict.fromkeys(names):
        for literal in _written_versions(pin):
            between = r"[\"']?[ \t]{0,8}(?:[:=][ \t]{0,8}|[ \t])[\"']?[=~<>^]{0,3}"
            version = rf"(?P<version>{re.escape(literal)})(?![0-9A-Za-z]|\.[0-9])"
            for match in re.finditer(rf"(?<![\w$]){re.escape(name)}{between}{version}", text):
                yield Proposal(match.start("version"), match.end("version"), exact_version(pin, to))


def in_commands(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """Proposals for what a command of a shell installs: a requirement, a specification of conda, a variable."""
    yield from conda_spec(text, pin, to) if pin.ecosystem == "conda" else requirement(text, pin, to)
    yield from variables(text, pin, to)


def conda_or_pip(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """Proposals for a file with a part of conda and one of pip, each in its own language."""
    yield from conda_spec(text, pin, to) if pin.ecosystem == "conda" else requirement(text, pin, to)


def in_recipe(text: str, pin: Pin, to: str) -> Iterator[Proposal]:
    """Proposals for recipes that name images, state a Python version and install with commands."""
    if pin.derived_from is not None or pin.kind is Kind.PYTHON:
        yield from image_tag(text, pin, to)
    yield from in_commands(text, pin, to)


def _statement(text: str, pin: Pin) -> tuple[int, str] | None:
    """Where a pin's statement begins, and its characters; None if its place is not known to the character."""
    if pin.at.start is None or pin.at.end is None:
        return None
    end = min(pin.at.end, pin.at.start + MAX_STATEMENT)
    return pin.at.start, text[pin.at.start : end]


def _written_versions(pin: Pin) -> tuple[str, ...]:
    """What may stand for a pin's version: itself; of `==1.26.*`, as conda's `=1.26` reads, the part before the star."""
    if pin.version is not None:
        return tuple(dict.fromkeys((pin.version, public(pin.version))))
    specifier = pin.specifier or ""
    number = specifier.removeprefix("===").removeprefix("==").removesuffix(".*")
    return (number,) if number and number != specifier and "," not in number else ()


def _occurrences(literal: str, shown: str) -> Iterator[re.Match[str]]:
    """A version where no other begins or ends: first those behind no letter, then those behind a `v` or `python`."""
    escaped = re.escape(literal)
    for before in (r"(?<![0-9A-Za-z.])", r"(?<=[vV])", r"(?<=[pP]ython)"):
        yield from re.finditer(rf"{before}{escaped}(?![0-9A-Za-z]|\.[0-9])", shown)
