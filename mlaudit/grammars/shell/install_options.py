"""Arguments of installers taken apart: which options take a value, and what is left is to be installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from mlaudit.document.node import Node
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern


class InstallArgument(NamedTuple):
    """An option with its value (an empty word where it takes none), or, with `option` empty, an operand."""

    option: str
    value: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The options of a program, with their dashes.

    Attributes:
        valued: those that take a value.
        flags: those that take none.
        abbreviated: whether a beginning that only one long option has stands for it, as optparse and argparse do it.
    """

    valued: frozenset[str]
    flags: frozenset[str]
    abbreviated: bool = False

    def known(self, option: str) -> str | None:
        """A long option in full, None if no such is known."""
        if option in self.valued or option in self.flags:
            return option
        if not self.abbreviated:
            return None
        begun = [name for name in sorted(self.valued | self.flags) if name.startswith(option)]
        return begun[0] if len(begun) == 1 else None


_ALIASES = {"uv": ("pip",), "mim": ("pip",), "pipenv": ("pip",), "pdm": ("uv",), "poetry": ("uv",), "pipx": ("uv",)}
"""Tools whose commands are read by a reader that knows the options of another tool too."""
_ABBREVIATING = frozenset(("pip", "pdm", "conda", "pipx"))


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Mapping[str, Any]]:
    def tools(root: Node) -> Mapping[str, Mapping[str, Any]]:
        return {
            row.get("tool").text(): {str(key): value for key, value in row.table().items()}
            for row in root.get("tool").each()
        }

    return checked("installers.toml", tools)


@lru_cache(maxsize=32)
def grammar(tool: str) -> Grammar:
    """The options of a tool, as knowledge/installers.toml has them; none for a tool that it does not know."""
    valued, flags = _own(tool)
    for other in _ALIASES.get(tool, ()):
        more_valued, more_flags = _own(other)
        valued, flags = valued | (more_valued - flags), flags | (more_flags - valued)
    return Grammar(valued=valued, flags=flags - valued, abbreviated=tool in _ABBREVIATING)


def selecting_options(tool: str) -> Mapping[str, str]:
    """What options choose of a project, by their names: `extras`, `groups`, `without:dev`."""
    chosen: Mapping[str, str] = _tables().get(tool, {}).get("selects", {})
    return chosen


def _own(tool: str) -> tuple[frozenset[str], frozenset[str]]:
    """Valued options and flags of one table; what is written by hand wins over what a help text seems to say."""
    row = _tables().get(tool, {})
    by_hand = frozenset(row.get("also-valued", ())), frozenset(row.get("also-flags", ()))
    valued = frozenset(row.get("valued", ())) - by_hand[1] | by_hand[0]
    return valued, frozenset(row.get("flags", ())) | by_hand[1]


_LONG = lazy_pattern(r"(--[A-Za-z0-9][\w-]{0,63})(?:=(.*))?", re.DOTALL)
_REQUIREMENT = lazy_pattern(
    r"[A-Za-z0-9][\w.-]{0,128}(?:\[[^\]]{0,256}\])?\s{0,4}(?:[=<>~!]=|<|>|@\s)|.{1,1024}[/\\]", re.DOTALL
)
_SHORT = lazy_pattern(r"-([A-Za-z][\w./\\:=~$-]{0,4095})", re.DOTALL)


def tail(word: Word, length: int) -> Word:
    """The last characters of a word as a word; its offsets too, where the word is in the script as it is."""
    literal = word.end - word.start == len(word.text)
    start = word.end - length if literal else word.start
    text = word.text[len(word.text) - length :]
    return Word(text=text, start=start, end=word.end, unresolved=word.unresolved, quoted=word.quoted)


def arguments(words: Iterable[Word], known: Grammar) -> Iterator[InstallArgument]:
    """Options and operands in order; behind `--` everything is an operand."""
    waiting = list(words)[::-1]
    only_operands = False
    while waiting:
        word = waiting.pop()
        if only_operands or not word.text.startswith("-") or word.text == "-":
            yield InstallArgument("", word)
        elif word.text == "--":
            only_operands = True
        elif word.text.startswith("--"):
            yield _long(word, waiting, known)
        else:
            yield from _short(word, waiting, known)


def _nothing(word: Word) -> Word:
    return Word(text="", start=word.start, end=word.end)


def _long(word: Word, waiting: list[Word], known: Grammar) -> InstallArgument:
    match = _LONG.fullmatch(word.text)
    if match is None:
        return InstallArgument(word.text, _nothing(word))
    name, value = match.groups()
    full = known.known(name)
    if value is not None:
        return InstallArgument(full or name, tail(word, len(value)))
    takes_value = full in known.valued if full else _may_be_its_value(waiting)
    return InstallArgument(full or name, waiting.pop() if takes_value and waiting else _nothing(word))


def _may_be_its_value(waiting: list[Word]) -> bool:
    """Whether the word behind an option that nobody knows may be its value: a bare word, which states no package."""
    return bool(waiting) and not waiting[-1].text.startswith("-") and not _REQUIREMENT.match(waiting[-1].text)


def unknown_options(words: Sequence[Word], known: Grammar) -> Iterator[tuple[Word, Word]]:
    """Long options that the grammar does not know, with the word behind each that is taken for its value."""
    for word, after in pairwise(words):
        unknown = word.text.startswith("--") and len(word.text) > 2 and "=" not in word.text
        if unknown and known.known(word.text) is None and _may_be_its_value([after]):
            yield word, after


def before_operands(words: Sequence[Word], known: Grammar) -> Iterator[int]:
    """The numbers of the words that are no option and no value of one, as long as options are known."""
    index = 0
    while index < len(words):
        text = words[index].text
        if not text.startswith("-") or text == "-":
            yield index
        elif "=" not in text and _takes_value(text, known):
            index += 1
        index += 1


def _takes_value(text: str, known: Grammar) -> bool:
    return (known.known(text) or "") in known.valued if text.startswith("--") else text in known.valued


def _short(word: Word, waiting: list[Word], known: Grammar) -> Iterator[InstallArgument]:
    """`-r file`, `-rfile`, `-r=file`, and bundles: `-qU`, `-qr file`."""
    match = _SHORT.match(word.text)
    letters = match.group(1) if match else ""
    for index, letter in enumerate(letters):
        if f"-{letter}" in known.valued:
            rest = letters[index + 1 :].removeprefix("=")
            value = tail(word, len(rest)) if rest else (waiting.pop() if waiting else _nothing(word))
            yield InstallArgument(f"-{letter}", value)
            return
        yield InstallArgument(f"-{letter}", _nothing(word))
