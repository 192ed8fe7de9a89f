"""Locks that a command writes out as requirements for another one to install: `poetry export | pip install -r -`.

What is installed then is what the lock says, as far as the options of the export choose it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest

from mlaudit.grammars.shell.install_options import arguments, before_operands, grammar, selecting_options
from mlaudit.grammars.shell.install_project import Lock, selected_lock
from mlaudit.grammars.shell.recipe import Call, ExportedLock
from mlaudit.grammars.shell.shell_commands import Command, commands
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import replace

PIPED = ("-", "/dev/stdin")
"""Names of what the command before this one prints."""
_OUTPUTS = ("-o", "-O", "--output", "--output-file")

_EXPORTS: Mapping[tuple[str, str], Lock] = {
    ("uv", "export"): Lock(tool="uv", command="uv export", files=("uv.lock",)),
    ("poetry", "export"): Lock(tool="poetry", command="poetry export", files=("poetry.lock",), default_groups=False),
    ("pdm", "export"): Lock(tool="pdm", command="pdm export", files=("pdm.lock",)),
    ("pipenv", "requirements"): Lock(
        tool="pipenv", command="pipenv requirements", files=("Pipfile.lock",), default_groups=False
    ),
}
"""Commands that print a lock, by their words; Poetry's exports the main group alone if no other is named."""


def remember_exports(call: Call, command: Command, name: str) -> None:
    """Keep which lock is in a file that a command writes, in what it pipes on, or in a `<(...)` among its words."""
    exported = call.recipe.exported
    for word in call.words:
        if word.text.startswith("<("):
            inner = _substituted(call, word)
            if inner is not None:
                exported[word.text] = inner
    lock = _export(call, name)
    paths = [call.recipe.path(text) for text in _written(call, command)]
    for path in paths:
        # Whatever stood there before is overwritten, or is no longer all of it.
        exported.pop(path, None)
    if lock is not None:
        exported.update((path, lock) for path in paths or PIPED)


def forget_piped(call: Call, name: str) -> None:
    """What an export pipes on reaches the next command alone."""
    if _subcommand(call, name) not in _EXPORTS:
        for piped in PIPED:
            call.recipe.exported.pop(piped, None)


def output_files(words: tuple[Word, ...]) -> Iterator[str]:
    """The files that `-o FILE` and `--output-file=FILE` name."""
    for option, value in zip_longest(words, words[1:]):
        name, equals, text = option.text.partition("=")
        if name in _OUTPUTS and equals:
            yield text
        elif name in _OUTPUTS and value is not None and not value.text.startswith("-"):
            yield value.text


def _written(call: Call, command: Command) -> Iterator[str]:
    signs = (">", ">>", ">|")
    yield from (
        redirection.target.text
        for redirection in command.redirections
        if redirection.sign in signs and redirection.target.text[:1] != "&"
    )
    yield from output_files(call.words)


def _subcommand(call: Call, name: str) -> tuple[str, str]:
    number = _number(call.words, name)
    return (name, call.words[1 + number].text) if number is not None else (name, "")


def _number(words: tuple[Word, ...], name: str) -> int | None:
    if not any(name == tool for tool, _ in _EXPORTS):
        return None
    return next(islice(before_operands(words[1:], grammar(name)), 1), None)


def _export(call: Call, name: str) -> ExportedLock | None:
    """The lock that an export writes out; None if it is not there, or an option that chooses has no value."""
    number = _number(call.words, name)
    lock = _EXPORTS.get(_subcommand(call, name))
    if lock is None or number is None:
        return None
    rest = tuple(word for at, word in enumerate(call.words[1:]) if at != number)
    known = arguments(rest, grammar(lock.tool))
    if any(option in selecting_options(lock.tool) and word.unresolved for option, word in known):
        return None
    return selected_lock(lock, replace(call, words=rest))


def _substituted(call: Call, word: Word) -> ExportedLock | None:
    """The lock that the command inside `<(...)` writes out, where it is one export alone."""
    script = call.script.cut(word.start + 2, max(word.start + 2, word.end - 1))
    inner = tuple(_commands(script.text, call))
    if len(inner) != 1 or inner[0].redirections:
        return None
    inner_call = replace(call, script=script, words=inner[0].words)
    return _export(inner_call, inner[0].name)


def _commands(text: str, call: Call) -> Iterable[Command]:
    return commands(text, dict(call.recipe.values))
