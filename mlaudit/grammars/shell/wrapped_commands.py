"""Commands in front of commands (`sudo`, `conda run -n x`, `hatch run env:`, `python -m`): what follows them."""

from __future__ import annotations

from collections.abc import Callable

from mlaudit.grammars.shell.run_scripts import SHELLS
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern

_WRAPPERS = frozenset(("sudo", "env", "exec", "nohup", "command", "nice", "time", "doas", "eval", "xargs", "builtin"))
_BEHIND_USER = frozenset(("gosu", "su-exec"))
_LAUNCHERS = frozenset(
    ("timeout", "retry", "flock", "ionice", "taskset", "numactl", "chrt", "stdbuf", "unbuffer", "setarch", "fakeroot",
     "tini", "dumb-init", "catchsegv", "script", "chronic")
)  # fmt: skip
_RUNNERS = frozenset(("poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba"))
_HATCH_COMMAND = lazy_pattern(r"[\w.-]{1,128}:(?P<command>[\w./-]{1,128})")
_VALUED_WRAPPER_OPTIONS = frozenset(
    (
        "-u",
        "-g",
        "-n",
        "-p",
        "-e",
        "-P",
        "-I",
        "-L",
        "-a",
        "--name",
        "--prefix",
        "--cwd",
        "--env",
        "--environment",
        "--manifest-path",
        "--venv",
        "--label",
    )
)
PYTHON = lazy_pattern(r"(?:python|pypy|py)(?:\d(?:\.\d{1,2})?)?|\{sys\.executable\}")


def program(words: tuple[Word, ...]) -> str:
    """The name of the program that words begin with."""
    return words[0].text.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""


def unwrapped(words: tuple[Word, ...], is_tool: Callable[[str], bool]) -> tuple[Word, ...]:
    """The command behind `sudo`, `env A=b`, `conda run -n x`, `python -m` and the like.

    Args:
        words: of the whole command.
        is_tool: whether a program of a name installs.
    """
    for _ in range(8):
        name = program(words)
        if name == "eval" and len(words) == 2:
            break
        if name in _WRAPPERS:
            words = _behind_options(words[1:])
        elif name in _BEHIND_USER:
            words = words[2:]
        elif name in _LAUNCHERS:
            words = _behind_launcher(words, is_tool)
        elif name in _RUNNERS and (run := _run_word(words)):
            words = _behind_options(words[run + 1 :])
            words = _behind_environment(words) if name == "hatch" else words
        elif (module := _module(name, words)) is not None:
            words = module
        else:
            break
    return words


def _run_word(words: tuple[Word, ...]) -> int:
    """Where `run` of `conda run`, `poetry -C app run` or `hatch env run` is among the words; 0 if it is not there."""
    texts = [word.text for word in words[:8]]
    for index, text in enumerate(texts[1:], start=1):
        if text == "run":
            return index
        if not (text.startswith("-") or texts[index - 1].startswith("-") or text == "env"):
            break
    return 0


def _behind_environment(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The command of `hatch run +py=3.12 prod:pip install x`.

    https://hatch.pypa.io/latest/cli/reference/#hatch-run
    """
    command = _HATCH_COMMAND.fullmatch(words[0].text) if words else None
    return (replace(words[0], text=command["command"]), *words[1:]) if command else words


def _behind_launcher(words: tuple[Word, ...], is_tool: Callable[[str], bool]) -> tuple[Word, ...]:
    """The command behind `timeout -k 5 600` or `retry 3`: what may precede it differs from program to program."""
    for index, word in enumerate(words[1:8], start=1):
        name = program((word,))
        if is_tool(name) or PYTHON.fullmatch(name) or name in SHELLS or name in _WRAPPERS:
            return words[index:]
    return ()


def _behind_options(words: tuple[Word, ...]) -> tuple[Word, ...]:
    index = 0
    while index < len(words) and (words[index].text.startswith("-") or "=" in words[index].text.partition("/")[0]):
        index += 2 if words[index].text in _VALUED_WRAPPER_OPTIONS else 1
    return words[index:]


def _module(name: str, words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    """What `python -I -m pip` or `python -mpip` runs; the interpreter may be a variable (`$PYTHON -m pip`)."""
    if not words or not (PYTHON.fullmatch(name) or words[0].unresolved):
        return None
    for index, word in enumerate(words[1:8], start=1):
        if word.text == "-m":
            return words[index + 1 :]
        if word.text.startswith("-m"):
            return (replace(word, text=word.text[2:]), *words[index + 1 :])
        if not word.text.startswith("-"):
            break
    return None
