"""Install commands in shell scripts: which lines of a recipe install something, and what they say."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from mlaudit.grammars.shell import install_conda, install_pip, install_project, install_system
from mlaudit.grammars.shell.exported_locks import forget_piped, output_files, remember_exports
from mlaudit.grammars.shell.install_options import arguments, before_operands, grammar, unknown_options
from mlaudit.grammars.shell.install_project import LOCKS, Lock
from mlaudit.grammars.shell.line_filters import filtered, rewritten
from mlaudit.grammars.shell.make_targets import target_scripts
from mlaudit.grammars.shell.python_code import code_argument, commands_of
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.run_scripts import SHELLS, SOURCING, called_script
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_commands import Command, commands
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT, Redirection, Word
from mlaudit.grammars.shell.wrapped_commands import PYTHON, program, unwrapped
from mlaudit.grammars.shell.written_files import written_text
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Pin, Statement

MAX_NESTING = 4
"""Shells inside shells (`bash -c "..."`) that are followed."""

MAX_PUSHED = 50
"""Folders that `pushd` may leave behind."""

MAX_TARGETS = 8
"""Files that one command writes of which the text is kept; of others it is known that they are there."""

Read = Callable[[Call], Iterator[Statement]]

_PIP = lazy_pattern(r"pip(?:\d(?:\.\d{1,2})?)?")
_IN_PLACE = lazy_pattern(r"-[A-Za-z]{0,8}i|--in-place")
_FILE = lazy_pattern(r"[\w./-]{1,1024}")
_USERSHELLS = frozenset(("su", "runuser"))
_NAMED_OPTION = lazy_pattern(r"[-+][A-Za-z]{0,12}[oO]")
_SYSTEM_MANAGERS = frozenset(("apt", "apt-get", "aptitude", "yum", "dnf", "microdnf", "apk", "zypper", "tdnf"))
_MAKES = frozenset(("make", "gmake"))
_CONDAS = frozenset(("conda", "mamba", "micromamba"))


def statements(script: Script, recipe: Recipe, nesting: int = 0) -> Iterator[Statement]:
    """What the install commands of a script say, in order; the recipe's state is changed by them."""
    if len(script.text) > MAX_SCRIPT:
        why = f"a script of {len(script.text)} characters is read up to {MAX_SCRIPT}"
        yield script.doc.unread(why, script.whole)
    folder, group, before = recipe.folder, -1, recipe.step
    outside: list[tuple[int, str]] = []
    for command in commands(script.text, recipe.values, partial(_is_file, recipe)):
        _enter(recipe, command.subshells, outside)
        if command.group != group:
            group, before = command.group, recipe.step
        recipe.step = before
        yield from _of_command(script, recipe, command, nesting)
    recipe.folder = folder


def _is_file(recipe: Recipe, path: str) -> bool | None:
    """Whether a file is there for a test of the shell; None if what was read does not show."""
    seen = recipe.path(path)
    target = None if seen in recipe.written else recipe.locate(seen)
    there = seen in recipe.written or (target is not None and recipe.doc.beside(target) is not None)
    return True if there else None


def _enter(recipe: Recipe, subshells: tuple[int, ...], outside: list[tuple[int, str]]) -> None:
    """Go back to the folder in front of every subshell that has ended, and remember that of each that begins."""
    while outside and outside[-1][0] not in subshells:
        recipe.folder = outside.pop()[1]
    outside += [(number, recipe.folder) for number in subshells[len(outside) :]]


def of_words(script: Script, recipe: Recipe, words: tuple[Word, ...]) -> Iterator[Statement]:
    """What one command that no shell reads states (the exec form of a Dockerfile, an argument list)."""
    yield from _of_command(script, recipe, Command(words=words, group=0), 0)


def _of_command(script: Script, recipe: Recipe, command: Command, nesting: int) -> Iterator[Statement]:
    stdin = _body(script, command.redirections) or (recipe.printed if command.piped else None)
    recipe.printed = None
    call = Call(script=script, recipe=recipe, words=unwrapped(command.words, _is_tool), stdin=stdin)
    name = program(call.words)
    nested = _nested(call, name)
    if nested is not None:
        if nesting < MAX_NESTING and not command.skipped:
            yield from statements(nested, recipe, nesting + 1)
        return
    if not command.skipped:
        _change_folder(call, name)
        _remember_written(call, command, name)
        remember_exports(call, command, name)
        if nesting < MAX_NESTING:
            yield from _run_script(call, name, nesting)
            yield from _run_targets(call, name, nesting)
            yield from _run_code(call, name, nesting)
    yield from _installed(call, command, name)
    forget_piped(call, name)
    behind = _behind_run(call.words) if name == "uv" and nesting < MAX_NESTING else ()
    if behind:
        yield from _of_command(script, recipe, replace(command, words=behind, redirections=()), nesting + 1)


def _behind_run(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The command that `uv run` runs in the project's environment."""
    numbers = list(islice(before_operands(words[1:], grammar("uv")), 2))
    is_run = len(numbers) == 2 and words[1 + numbers[0]].text == "run"
    return words[1 + numbers[1] :] if is_run else ()


def installs(words: tuple[Word, ...]) -> bool:
    """Whether a command is one of an installer that runs nothing else, as `uv run` does."""
    inner = unwrapped(words, _is_tool)
    return _reader(program(inner), inner[1:]) is not None and not (program(inner) == "uv" and _behind_run(inner))


def _change_folder(call: Call, name: str) -> None:
    recipe = call.recipe
    if name == "popd" and recipe.pushed:
        recipe.folder = recipe.pushed.pop()
    if name in ("cd", "pushd") and len(call.words) > 1 and not call.words[1].unresolved:
        if name == "pushd" and len(recipe.pushed) < MAX_PUSHED:
            recipe.pushed.append(recipe.folder)
        recipe.folder = recipe.path(call.words[1].text)


def _installed(call: Call, command: Command, name: str) -> Iterator[Statement]:
    """What a command of an installer states."""
    reader = _reader(name, call.words[1:])
    if reader is None:
        return
    read, arguments_of_it = reader
    if command.skipped:
        yield call.note(f"`{call.shown()}` is left out: its condition is false with the values known here")
        return
    call.recipe.step += 1
    yield from _read(replace(call, words=arguments_of_it), read, call, command)
    if any(word.text == "xargs" for word in command.words[:4]):
        why = "xargs passes it arguments from elsewhere; `pip install -r FILE` is read"
        yield call.doc.unread(why, call.whole(), what=call.shown())


def _read(call: Call, read: Read, whole: Call, command: Command) -> Iterator[Statement]:
    tool = _tool(program(whole.words))
    for option, value in unknown_options(_understood(read, call.words), grammar(tool)):
        if tool == "apt" and not install_system.is_watched(value.text):
            # Of system packages only those that a model depends on are read: nothing is lost.
            continue
        says = f"`{option.text[:80]}` is no option that is known here; `{value.text[:80]}` is taken for its value"
        yield call.note(says, call.at(option))
    for statement in read(call):
        if command.conditional and isinstance(statement, Pin) and statement.detail is None:
            statement = replace(statement, detail="where a condition of the recipe holds")
        yield statement
    ends = [word.end for word in whole.words]
    for redirection in command.redirections:
        if redirection.sign == ">" and redirection.target.text.startswith("="):
            behind = bisect_right(ends, redirection.target.start)
            written = f"{whole.words[behind - 1].text if behind else ''}>{redirection.target.text}"[:120]
            lost = "the shell reads it as a redirection, and the range is not installed"
            says = f"the `>` in `{written}` is not quoted: {lost}"
            yield call.note(says, call.at(redirection.target))


def _understood(read: Read, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words whose options decide what is read: not those of a command that is run, nor of what is not read."""
    if isinstance(read, partial) and read.func is _of_its_own:
        return ()
    return install_pip.own_words(words) if read is install_pip.uv_run else words


def _body(script: Script, redirections: tuple[Redirection, ...]) -> Script | None:
    body = next((redirection.body for redirection in redirections if redirection.body), None)
    return script.cut(*body) if body else None


def _nested(call: Call, name: str) -> Script | None:
    """The script of `bash -c "..."`, `su user -c "..."`, `eval "..."` or `bash <<EOF`."""
    if name == "eval" and len(call.words) == 2:
        return _script_of(call, call.words[1])
    if name in _USERSHELLS:
        texts = [word.text for word in call.words[:-1]]
        return _script_of(call, call.words[texts.index("-c") + 1]) if "-c" in texts else None
    if call.stdin is not None and call.stdin.text.startswith("#!") and "sh" not in call.stdin.text.partition("\n")[0]:
        return None
    if name not in SHELLS and not (not name and call.stdin is not None):
        return None
    at = _script_argument(call.words)
    return _script_of(call, call.words[at]) if at else (call.stdin if at is None else None)


def _script_argument(words: tuple[Word, ...]) -> int | None:
    """Where the script behind `-c` of a shell is: None if the shell reads its input, 0 where it runs a file."""
    is_value = False
    for index, word in enumerate(words[1:], start=1):
        if is_value:
            is_value = False
        elif not word.text.startswith(("-", "+")):
            return 0
        elif word.text in ("--rcfile", "--init-file") or _NAMED_OPTION.fullmatch(word.text):
            # `bash -euxo pipefail -c "..."`: the name of the shell's option follows.
            is_value = True
        elif word.text.endswith("c") and not word.text.startswith("--") and index + 1 < len(words):
            return index + 1
    return None


def _run_script(call: Call, name: str, nesting: int) -> Iterator[Statement]:
    """What a script that the command runs states; what cannot be followed of it is unread."""
    script = called_script(call, name)
    if script is None:
        return
    if isinstance(script, Script):
        before = dict(call.recipe.values)
        yield from statements(script, call.recipe, nesting + 1)
        if name not in SOURCING:
            call.recipe.values = before
    else:
        yield script


def _run_targets(call: Call, name: str, nesting: int) -> Iterator[Statement]:
    """What the targets of a Makefile state that the command runs; each line is a shell of its own."""
    if name not in _MAKES:
        return
    folder, before = call.recipe.folder, dict(call.recipe.values)
    for script in target_scripts(call):
        yield from statements(script, call.recipe, nesting + 1)
        call.recipe.folder, call.recipe.values = folder, dict(before)


def _run_code(call: Call, name: str, nesting: int) -> Iterator[Statement]:
    """What Python code on the command line, or on the input of a Python, runs that installs something."""
    if not PYTHON.fullmatch(name):
        return
    argument, reads_input = code_argument(call.words)
    at = argument or call.words[0]
    code = argument.text if argument is not None else call.stdin.text if reads_input and call.stdin else ""
    place = call.stdin.whole if argument is None and call.stdin is not None else call.at(at)
    for command in commands_of(code, at):
        if command.computed is not None:
            why = "what it installs is computed when it runs, and audited files are never run"
            yield call.doc.unread(why, place, what=command.computed.partition("\n")[0][:200])
        elif command.script is not None:
            yield from statements(Script(call.doc, command.script, (), place), call.recipe, nesting + 1)
        else:
            yield from _of_command(call.script, call.recipe, Command(words=command.words, group=0), nesting + 1)


def _script_of(call: Call, word: Word) -> Script:
    raw = call.script.text[word.start : word.end]
    if raw == word.text:
        return call.script.cut(word.start, word.end)
    if len(raw) > 2 and raw[1:-1] == word.text:
        return call.script.cut(word.start + 1, word.end - 1)
    return Script(call.doc, word.text, (), call.at(word))


def _remember_written(call: Call, command: Command, name: str) -> None:
    """Files that a command writes: `cat > file <<EOF` shows its text, others only that it exists."""
    recipe = call.recipe
    printed = None if command.conditional else filtered(call, name)
    targets = [redirected for redirected in command.redirections if redirected.sign in (">", ">>", ">|")]
    for position, redirection in enumerate(targets):
        if redirection.target.text not in ("/dev/null", "&1", "&2"):
            path, sign = recipe.path(redirection.target.text), redirection.sign.rstrip("|")
            text = written_text(call, name, sign, path) if position < MAX_TARGETS else None
            recipe.written[path] = printed if printed and sign == ">" else text
    recipe.printed = printed if not targets else None
    _remember_changed(call, command, name)
    if name == "tee" and call.stdin is not None:
        for word in call.words[1:]:
            if not word.text.startswith("-"):
                recipe.written[recipe.path(word.text)] = call.stdin
                recipe.exported.pop(recipe.path(word.text), None)
    if name == "git" and len(call.words) > 2 and call.words[1].text == "clone":
        operands = [word.text for word in call.words[2:] if not word.text.startswith("-")]
        last = operands[-1] if operands else ""
        recipe.cloned.add(
            recipe.path(last.rstrip("/").rpartition("/")[2].removesuffix(".git") if "://" in last else last)
        )
    if name in ("poetry", "pdm", "uv", "pipenv", "pip-compile", "curl", "wget", "pixi"):
        recipe.written.update((recipe.path(text), None) for text in output_files(call.words))


def _remember_changed(call: Call, command: Command, name: str) -> None:
    """Files that `sed -i` rewrites: what they hold now, None if only running it would show that."""
    if name in ("sed", "perl") and any(_IN_PLACE.match(word.text) for word in call.words[1:]):
        left = rewritten(call) if name == "sed" and not command.conditional else {}
        for path in (call.recipe.path(word.text) for word in call.words[1:] if _may_be_file(word)):
            call.recipe.written[path] = left.get(path)
            call.recipe.exported.pop(path, None)


def _may_be_file(word: Word) -> bool:
    return not word.text.startswith("-") and _FILE.fullmatch(word.text) is not None


def _reader(name: str, words: tuple[Word, ...]) -> tuple[Read, tuple[Word, ...]] | None:
    """How to read the command, and its words without those that name the subcommand."""
    tool = _tool(name)
    if tool not in _TOOLS:
        return None
    numbers = list(islice(before_operands(words, grammar(tool)), 2))
    texts = [words[number].text for number in numbers]
    for depth in range(len(texts), -1, -1):
        read = _READERS.get((tool, *texts[:depth]))
        if read is not None:
            return read, tuple(word for number, word in enumerate(words) if number not in numbers[:depth])
    return None


def _tool(name: str) -> str:
    if _PIP.fullmatch(name):
        return "pip"
    if name in _CONDAS:
        return "conda"
    return "apt" if name in _SYSTEM_MANAGERS else name


def _is_tool(name: str) -> bool:
    return _tool(name) in _TOOLS


def _of_its_own(command: str, call: Call) -> Iterator[Statement]:
    yield call.note(f"`{command} {call.shown()}` installs into an environment of its own, which is not read")


def _removed(call: Call) -> Iterator[Statement]:
    yield call.note(f"`pip uninstall {call.shown()}` removes packages; what was stated before it is still listed")


def _added(lock: Lock, call: Call) -> Iterator[Statement]:
    """`pdm add numpy==1.26`: requirements behind a project's own command; without any, what its lock says."""
    known = grammar(lock.tool)
    if any(not option or option in ("-r", "--requirements", "-e") for option, _ in arguments(call.words, known)):
        yield from install_pip.add(lock.tool, call)
    else:
        yield from install_project.from_lock(lock, call)


def _of_lock(*words: str) -> Read:
    return partial(install_project.from_lock, LOCKS[words])


_READERS: dict[tuple[str, ...], Read] = {
    ("pip", "install"): install_pip.install,
    ("pip", "wheel"): install_pip.install,
    ("pip", "uninstall"): _removed,
    ("pip-sync",): install_pip.sync,
    ("easy_install",): install_pip.install,
    ("uv", "pip", "install"): install_pip.uv_install,
    ("uv", "pip", "sync"): install_pip.sync,
    ("uv", "add"): install_pip.uv_add,
    ("uv", "sync"): _of_lock("uv", "sync"),
    ("uv", "run"): install_pip.uv_run,
    ("uv", "tool", "run"): partial(_of_its_own, "uv tool run"),
    ("uvx",): partial(_of_its_own, "uvx"),
    ("uv", "venv"): install_system.python_option,
    ("uv", "python", "install"): install_system.python_operands,
    ("uv", "python", "pin"): install_system.python_operands,
    ("uv", "tool", "install"): partial(_of_its_own, "uv tool install"),
    ("pipx", "install"): partial(_of_its_own, "pipx install"),
    ("pipx", "run"): partial(_of_its_own, "pipx run"),
    ("pipx", "inject"): partial(_of_its_own, "pipx inject"),
    ("pipx", "runpip"): partial(_of_its_own, "pipx runpip"),
    ("pipx", "install-all"): partial(_of_its_own, "pipx install-all"),
    ("mim", "install"): partial(install_pip.add, "mim"),
    ("virtualenv",): install_system.python_option,
    ("pyenv", "install"): install_system.python_operands,
    ("pyenv", "global"): install_system.python_operands,
    ("pyenv", "local"): install_system.python_operands,
    ("poetry", "install"): _of_lock("poetry", "install"),
    ("poetry", "sync"): _of_lock("poetry", "sync"),
    ("poetry", "add"): partial(_added, LOCKS["poetry", "install"]),
    ("pdm", "install"): _of_lock("pdm", "install"),
    ("pdm", "sync"): _of_lock("pdm", "sync"),
    ("pdm", "add"): partial(_added, LOCKS["pdm", "install"]),
    ("pipenv", "install"): partial(_added, LOCKS["pipenv", "install"]),
    ("pipenv", "sync"): _of_lock("pipenv", "sync"),
    ("rye", "sync"): _of_lock("rye", "sync"),
    ("pixi", "install"): _of_lock("pixi", "install"),
    ("pixi", "add"): install_conda.install,
    ("pixi", "global", "install"): partial(_of_its_own, "pixi global install"),
    ("pixi", "exec"): partial(_of_its_own, "pixi exec"),
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

_TOOLS = frozenset(words[0] for words in _READERS)
