"""Install commands in shell scripts: which lines of a recipe install something, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from mlaudit.grammars.shell import install_conda, install_pip, install_system
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_commands import Command, commands
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT, Redirection, Word
from mlaudit.model.nouns import Pin, Statement

MAX_NESTING = 4
"""Shells inside shells (`bash -c "..."`) that are followed."""

Read = Callable[[Call], Iterator[Statement]]

_PYTHON = re.compile(r"(?:python|pypy|py)(?:\d(?:\.\d{1,2})?)?|\{sys\.executable\}")
_PIP = re.compile(r"pip(?:\d(?:\.\d{1,2})?)?")
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ash", "ksh"))
_WRAPPERS = frozenset(("sudo", "env", "exec", "nohup", "command", "nice", "time", "doas", "eval", "xargs", "builtin"))
_USER_SHELLS = frozenset(("su", "runuser"))
_BEHIND_USER = frozenset(("gosu", "su-exec"))
_RUNNERS = frozenset(("poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba", "micromamba"))
_VALUED_WRAPPER_OPTIONS = frozenset(("-u", "-g", "-n", "-p", "-e", "-P", "-I", "-L", "-a", "--name", "--prefix"))
_SYSTEM_MANAGERS = frozenset(("apt", "apt-get", "aptitude", "yum", "dnf", "microdnf", "apk", "zypper", "tdnf"))
_CONDAS = frozenset(("conda", "mamba", "micromamba"))


def statements(script: Script, recipe: Recipe, nesting: int = 0) -> Iterator[Statement]:
    """What the install commands of a script say, in order; the recipe's state is changed by them."""
    if len(script.text) > MAX_SCRIPT:
        why = f"a script of {len(script.text)} characters is read up to {MAX_SCRIPT}"
        yield script.doc.unread(why, script.whole)
    folder, group, before = recipe.folder, -1, recipe.step
    for command in commands(script.text, recipe.values):
        if command.group != group:
            group, before = command.group, recipe.step
        recipe.step = before
        yield from _of_command(script, recipe, command, nesting)
    recipe.folder = folder


def of_words(script: Script, recipe: Recipe, words: tuple[Word, ...]) -> Iterator[Statement]:
    """What one command says that no shell reads (the exec form of a Dockerfile, an argument list)."""
    yield from _of_command(script, recipe, Command(words=words, group=0), 0)


def _of_command(script: Script, recipe: Recipe, command: Command, nesting: int) -> Iterator[Statement]:
    stdin = _body(script, command.redirections)
    call = Call(script=script, recipe=recipe, words=_unwrapped(command.words), stdin=stdin)
    name = _program(call.words)
    if name == "cd" and len(call.words) > 1 and not call.words[1].unresolved and not command.skipped:
        recipe.folder = recipe.path(call.words[1].text)
    nested = _nested(call, name)
    if nested is not None:
        if nesting < MAX_NESTING and not command.skipped:
            yield from statements(nested, recipe, nesting + 1)
        return
    if not command.skipped:
        _remember_written(call, command, name)
    found = _reader(name, call.words[1:])
    if found is None:
        return
    read, used = found
    if command.skipped:
        yield call.note(f"`{call.shown()}` is left out: its condition does not hold with the values known here")
        return
    recipe.step += 1
    yield from _read(replace(call, words=call.words[1 + used :]), read, call, command)
    if any(word.text == "xargs" for word in command.words[:4]):
        why = "xargs gives it words that stand elsewhere; `pip install -r FILE` is read"
        yield call.doc.unread(why, call.whole(), what=call.shown())


def _read(call: Call, read: Read, whole: Call, command: Command) -> Iterator[Statement]:
    for statement in read(call):
        if command.conditional and isinstance(statement, Pin) and statement.detail is None:
            statement = replace(statement, detail="where a condition of the recipe holds")
        yield statement
    for redirection in command.redirections:
        if redirection.sign == ">" and redirection.target.text.startswith("="):
            says = (
                f"the `>` in `{whole.shown()}>{redirection.target.text[:40]}` is not quoted: the shell takes it for a "
                "redirection, and the range is not installed"
            )
            yield call.note(says, call.at(redirection.target))


def _body(script: Script, redirections: tuple[Redirection, ...]) -> Script | None:
    body = next((redirection.body for redirection in redirections if redirection.body), None)
    return script.cut(*body) if body else None


def _program(words: tuple[Word, ...]) -> str:
    return words[0].text.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""


def _unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The command behind `sudo`, `env A=b`, `conda run -n x`, `python -m` and the like."""
    for _ in range(8):
        name = _program(words)
        if name == "eval" and len(words) == 2:
            break
        if name in _WRAPPERS:
            words = _behind_options(words[1:])
        elif name in _BEHIND_USER:
            words = words[2:]
        elif name in _RUNNERS and len(words) > 1 and words[1].text == "run":
            words = _behind_options(words[2:])
        elif (module := _module(name, words)) is not None:
            words = module
        else:
            break
    return words


def _behind_options(words: tuple[Word, ...]) -> tuple[Word, ...]:
    index = 0
    while index < len(words) and (words[index].text.startswith("-") or "=" in words[index].text.partition("/")[0]):
        index += 2 if words[index].text in _VALUED_WRAPPER_OPTIONS else 1
    return words[index:]


def _module(name: str, words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    """What `python -I -m pip` or `python -mpip` runs; the interpreter may be a variable (`$PYTHON -m pip`)."""
    if not words or not (_PYTHON.fullmatch(name) or words[0].unresolved):
        return None
    for index, word in enumerate(words[1:8], start=1):
        if word.text == "-m":
            return words[index + 1 :]
        if word.text.startswith("-m"):
            return (replace(word, text=word.text[2:]), *words[index + 1 :])
        if not word.text.startswith("-"):
            break
    return None


def _nested(call: Call, name: str) -> Script | None:
    """The script of `bash -c "..."`, `su user -c "..."`, `eval "..."` or `bash <<EOF`."""
    if name == "eval" and len(call.words) == 2:
        return _script_of(call, call.words[1])
    if name in _USER_SHELLS:
        texts = [word.text for word in call.words[:-1]]
        return _script_of(call, call.words[texts.index("-c") + 1]) if "-c" in texts else None
    if call.stdin is not None and call.stdin.text.startswith("#!") and "sh" not in call.stdin.text.partition("\n")[0]:
        return None
    if name not in _SHELLS and not (not name and call.stdin is not None):
        return None
    for index, word in enumerate(call.words[1:], start=1):
        if not word.text.startswith("-"):
            return None
        if word.text.endswith("c") and not word.text.startswith("--") and index + 1 < len(call.words):
            return _script_of(call, call.words[index + 1])
    return call.stdin


def _script_of(call: Call, word: Word) -> Script:
    raw = call.script.text[word.start : word.end]
    if raw == word.text:
        return call.script.cut(word.start, word.end)
    if len(raw) > 2 and raw[1:-1] == word.text:
        return call.script.cut(word.start + 1, word.end - 1)
    return Script(call.doc, word.text, (), call.at(word))


def _remember_written(call: Call, command: Command, name: str) -> None:
    """Files that a command writes: `cat > file <<EOF` tells its text, others only that it exists."""
    recipe = call.recipe
    for redirection in command.redirections:
        if redirection.sign in (">", ">>", ">|") and redirection.target.text not in ("/dev/null", "&1", "&2"):
            known = call.stdin if name in ("cat", "tee") and redirection.sign == ">" else None
            recipe.written[recipe.path(redirection.target.text)] = known
    if name == "tee" and call.stdin is not None:
        for word in call.words[1:]:
            if not word.text.startswith("-"):
                recipe.written[recipe.path(word.text)] = call.stdin
    if name == "git" and len(call.words) > 2 and call.words[1].text == "clone":
        operands = [word.text for word in call.words[2:] if not word.text.startswith("-")]
        last = operands[-1] if operands else ""
        recipe.cloned.add(
            recipe.path(last.rstrip("/").rpartition("/")[2].removesuffix(".git") if "://" in last else last)
        )
    if name in ("poetry", "pdm", "uv", "pipenv", "pip-compile", "curl", "wget", "pixi"):
        _remember_output(call)


def _remember_output(call: Call) -> None:
    for option, value in zip(call.words, call.words[1:], strict=False):
        if option.text in ("-o", "-O", "--output", "--output-file") and not value.text.startswith("-"):
            call.recipe.written[call.recipe.path(value.text)] = None


def _reader(name: str, words: tuple[Word, ...]) -> tuple[Read, int] | None:
    """How to read the command, and how many of its words name the subcommand."""
    tool = _tool(name)
    texts = [word.text for word in words if not word.text.startswith("-")][:2]
    for depth in range(len(texts), -1, -1):
        read = _READERS.get((tool, *texts[:depth]))
        if read is not None:
            return read, _words_up_to(words, depth)
    return None


def _tool(name: str) -> str:
    if _PIP.fullmatch(name):
        return "pip"
    if name in _CONDAS:
        return "conda"
    return "apt" if name in _SYSTEM_MANAGERS else name


def _words_up_to(words: tuple[Word, ...], depth: int) -> int:
    """How many words there are up to the last one of the subcommand, options between them counted."""
    named = [index for index, word in enumerate(words) if not word.text.startswith("-")]
    return named[depth - 1] + 1 if depth else 0


def _by_lock(command: str, lock: str, call: Call) -> Iterator[Statement]:
    says = f"`{command}` installs what {lock} says; name it as a source of this environment too"
    yield call.note(says, call.whole() if call.words else None)


def _of_its_own(command: str, call: Call) -> Iterator[Statement]:
    yield call.note(f"`{command} {call.shown()}` installs into an environment of its own, which is not read")


def _removed(call: Call) -> Iterator[Statement]:
    yield call.note(f"`pip uninstall {call.shown()}` takes packages away; what was stated before it is still listed")


def _added(lock: str, call: Call) -> Iterator[Statement]:
    """`pdm add numpy==1.26`: requirements behind a project's own command; without any, what its lock says."""
    if any(not word.text.startswith("-") for word in call.words):
        yield from install_pip.uv_add(call)
    else:
        yield from _by_lock("install", lock, call)


_READERS: dict[tuple[str, ...], Read] = {
    ("pip", "install"): install_pip.install,
    ("pip", "wheel"): install_pip.install,
    ("pip", "uninstall"): _removed,
    ("pip-sync",): install_pip.sync,
    ("easy_install",): install_pip.install,
    ("uv", "pip", "install"): install_pip.uv_install,
    ("uv", "pip", "sync"): install_pip.sync,
    ("uv", "add"): install_pip.uv_add,
    ("uv", "sync"): partial(_by_lock, "uv sync", "uv.lock"),
    ("uv", "venv"): install_system.python_option,
    ("uv", "python", "install"): install_system.python_operands,
    ("uv", "python", "pin"): install_system.python_operands,
    ("uv", "tool", "install"): partial(_of_its_own, "uv tool install"),
    ("pipx", "install"): partial(_of_its_own, "pipx install"),
    ("virtualenv",): install_system.python_option,
    ("pyenv", "install"): install_system.python_operands,
    ("pyenv", "global"): install_system.python_operands,
    ("pyenv", "local"): install_system.python_operands,
    ("poetry", "install"): partial(_by_lock, "poetry install", "poetry.lock"),
    ("poetry", "sync"): partial(_by_lock, "poetry sync", "poetry.lock"),
    ("poetry", "add"): partial(_added, "poetry.lock"),
    ("pdm", "install"): partial(_by_lock, "pdm install", "pdm.lock"),
    ("pdm", "sync"): partial(_by_lock, "pdm sync", "pdm.lock"),
    ("pdm", "add"): partial(_added, "pdm.lock"),
    ("pipenv", "install"): partial(_added, "Pipfile.lock"),
    ("pipenv", "sync"): partial(_by_lock, "pipenv sync", "Pipfile.lock"),
    ("rye", "sync"): partial(_by_lock, "rye sync", "requirements.lock"),
    ("pixi", "install"): partial(_by_lock, "pixi install", "pixi.lock"),
    ("pixi", "add"): install_conda.install,
    ("conda", "install"): install_conda.install,
    ("conda", "create"): install_conda.install,
    ("conda", "update"): install_conda.install,
    ("conda", "upgrade"): install_conda.install,
    ("conda", "env", "create"): install_conda.environment,
    ("conda", "env", "update"): install_conda.environment,
    ("conda-lock", "install"): install_conda.environment,
    ("apt", "install"): install_system.install,
    ("apt", "add"): install_system.install,
}
