"""Arguments of installers taken apart: which options take a value, and what is left is to be installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mlaudit.grammars.shell.shell_words import Word


class Argument(NamedTuple):
    """An option with its value (an empty word where it takes none), or, with `option` empty, an operand."""

    option: str
    value: Word


class Grammar(NamedTuple):
    """The options of a program that take a value: long ones with their dashes, short ones as letters."""

    long: frozenset[str]
    short: frozenset[str]


_PIP_LONG = """
    --requirement --constraint --editable --target --platform --python-version --implementation --abi --root --prefix
    --src --upgrade-strategy --config-settings --config-setting --global-option --install-option --no-binary
    --only-binary --progress-bar --root-user-action --report --group --index-url --pypi-url --extra-index-url
    --find-links --trusted-host --cert --client-cert --cache-dir --log --proxy --retries --timeout --exists-action
    --python --use-feature --use-deprecated --keyring-provider --build-constraint --source --resume-retries --wheel-dir
    --dest
"""
_UV_LONG = """
    --requirements --constraints --override --overrides --exclude --excludes --build-constraints --index
    --default-index --torch-backend --resolution --prerelease --index-strategy --link-mode --python-platform --extra
    --exclude-newer --exclude-newer-package --config-file --project --directory --color --refresh-package
    --upgrade-package --reinstall-package --no-build-package --no-binary-package --config-settings-package
    --no-build-isolation-package --allow-insecure-host --fork-strategy --optional --rev --tag --branch --package
    --script --bounds --marker --with --with-requirements --with-editable --prompt
"""
_CONDA_LONG = """
    --name --prefix --channel --file --solver --repodata-fn --platform --subdir --revision --clone --root-prefix
    --rc-file --relocate-prefix --channel-priority --cache-dir --category --extras --experimental-solver
    --safety-checks --pyc --lockfile --environment-specifier --env-spec --format
"""

PIP = Grammar(frozenset(_PIP_LONG.split()), frozenset("rcetCifwd"))
UV = Grammar(frozenset((_PIP_LONG + _UV_LONG).split()), frozenset("rcebifpPCtmw"))
CONDA = Grammar(frozenset(_CONDA_LONG.split()), frozenset("npcfr"))
APT = Grammar(frozenset(("--target-release", "--option", "--config-file", "--default-release")), frozenset("otc"))

_LONG = re.compile(r"(--[A-Za-z0-9][\w-]{0,63})(?:=(.*))?", re.DOTALL)
_SHORT = re.compile(r"-([A-Za-z][\w./\\:=~$-]{0,4095})", re.DOTALL)


def tail(word: Word, length: int) -> Word:
    """The last characters of a word as a word; its offsets too, where the word stands in the script as it is."""
    literal = word.end - word.start == len(word.text)
    start = word.end - length if literal else word.start
    text = word.text[len(word.text) - length :]
    return Word(text=text, start=start, end=word.end, unresolved=word.unresolved, quoted=word.quoted)


def arguments(words: Iterable[Word], grammar: Grammar) -> Iterator[Argument]:
    """Options and operands in order; behind `--` everything is an operand."""
    waiting = list(words)[::-1]
    only_operands = False
    while waiting:
        word = waiting.pop()
        if only_operands or not word.text.startswith("-") or word.text == "-":
            yield Argument("", word)
        elif word.text == "--":
            only_operands = True
        elif word.text.startswith("--"):
            yield _long(word, waiting, grammar)
        else:
            yield from _short(word, waiting, grammar)


def _nothing(word: Word) -> Word:
    return Word(text="", start=word.start, end=word.end)


def _long(word: Word, waiting: list[Word], grammar: Grammar) -> Argument:
    found = _LONG.fullmatch(word.text)
    if found is None:
        return Argument(word.text, _nothing(word))
    name, value = found.groups()
    if value is not None:
        return Argument(name, tail(word, len(value)))
    takes_value = name in grammar.long
    return Argument(name, waiting.pop() if takes_value and waiting else _nothing(word))


def _short(word: Word, waiting: list[Word], grammar: Grammar) -> Iterator[Argument]:
    """`-r file`, `-rfile`, `-r=file`, and bundles: `-qU`, `-qr file`."""
    found = _SHORT.match(word.text)
    letters = found.group(1) if found else ""
    for index, letter in enumerate(letters):
        if letter in grammar.short:
            rest = letters[index + 1 :].removeprefix("=")
            value = tail(word, len(rest)) if rest else (waiting.pop() if waiting else _nothing(word))
            yield Argument(f"-{letter}", value)
            return
        yield Argument(f"-{letter}", _nothing(word))
