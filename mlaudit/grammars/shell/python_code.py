"""Commands that Python code on a command line runs (`python -c "..."`, `python - <<EOF`): literal ones, by its tree.

Nothing of the code is run. https://docs.python.org/3/using/cmdline.html#cmdoption-c
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern

NODES = Limit(name="nodes of Python code in commands", most=500_000)
"""Every call of the code is looked at."""
MAX_WORDS = 2_000
"""Arguments of one call."""
MAX_CODE = 100_000
"""Characters of code that are read."""
MAX_WRITTEN = 4_096
"""Bytes of a computed call in which the words of an install are looked for."""
MAX_CALLS = 1_000
"""Calls of one piece of code that are looked at."""

SHELLS = frozenset(("system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"))
"""Calls that give a text to a shell."""
PROCESSES = frozenset(("run", "call", "check_call", "check_output", "Popen"))
"""Calls that start a program by a list of words: https://docs.python.org/3/library/subprocess.html."""
PROGRAMS = frozenset(("create_subprocess_exec",))
"""Calls that take each word as an argument: https://docs.python.org/3/library/asyncio-subprocess.html."""
_BY_KEYWORD = ("args", "cmd", "command")
_QUOTES = lazy_pattern(r"[\"',\[\]]")
_INSTALLING = lazy_pattern(r"\b(?:pip3?|conda|mamba|uv|poetry)\b[^\n]{0,80}?\b(?:install|sync|add)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCommand:
    """What one call runs.

    Attributes:
        words: the arguments of a program that is started.
        script: the text that a shell is given; None if no shell is.
        computed: how a command is written that only running the code shows; None if it is a literal.
    """

    words: tuple[Word, ...] = ()
    script: str | None = None
    computed: str | None = None


def code_argument(words: tuple[Word, ...]) -> tuple[Word | None, bool]:
    """The code behind `-c` of a Python, and whether it reads its code from its input instead."""
    for index, word in enumerate(words[1:], start=1):
        if word.text == "-":
            return None, True
        if not word.text.startswith("-") or word.text.startswith("--"):
            return None, False
        if word.text.endswith("c"):
            return (words[index + 1] if index + 1 < len(words) else None), False
    return None, True


def commands_of(code: str, at: Word) -> Iterator[CodeCommand]:
    """What the calls of some code run, in their order; every word is where the code does."""
    calls = _calls(code.strip()) if len(code) <= MAX_CODE else None
    if calls is None or len(calls) > MAX_CALLS:
        if _is_installing(code):
            yield CodeCommand(computed=code)
        return
    lines = code.strip().split("\n")
    for call in calls:
        command = _command(call, at)
        if command is None:
            continue
        if command.computed is None:
            yield command
        elif _is_installing(written := _written(call, lines)):
            yield replace(command, computed=written)


def _calls(code: str) -> list[ast.Call] | None:
    """The calls that are given something, in their order; None if the code is no Python."""
    try:
        tree = parse_tree(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    nodes = list(ast.walk(tree))
    spend(NODES, len(nodes))
    calls = [node for node in nodes if isinstance(node, ast.Call) and what_it_runs(node) is not None]
    return sorted(calls, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))


def _command(call: ast.Call, at: Word) -> CodeCommand | None:
    """What a call runs: words, a script, or something computed; None if it starts nothing."""
    name, argument = _name(call.func), what_it_runs(call)
    is_pip = name == "main" and (not isinstance(call.func, ast.Attribute) or _name(call.func.value) in _PIPS)
    if name not in SHELLS | PROCESSES | PROGRAMS and not is_pip:
        return None
    if name in PROGRAMS:
        argument = ast.Tuple(elts=call.args, ctx=ast.Load())
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return CodeCommand(script=argument.value)
    listed = argument.elts[:MAX_WORDS] if isinstance(argument, (ast.List, ast.Tuple)) else ()
    texts = [_literal(expression) for expression in listed]
    if not texts or None in texts:
        return CodeCommand(computed="")
    known = (*(("pip",) if is_pip else ()), *(text for text in texts if text is not None))
    return CodeCommand(words=tuple(Word(text=text, start=at.start, end=at.end) for text in known))


def what_it_runs(call: ast.Call) -> ast.expr | None:
    """The first argument of a call, or that which a keyword of `subprocess` and `os` gives in its place."""
    if call.args:
        return call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg in _BY_KEYWORD), None)


_PIPS = frozenset(("pip", "_internal", "main"))
"""Modules whose `main` is that of pip: https://pip.pypa.io/en/stable/user_guide/#using-pip-from-your-program"""


def _is_installing(written: str) -> bool:
    return _INSTALLING.search(_QUOTES.sub(" ", written)) is not None


def _written(call: ast.Call, lines: list[str]) -> str:
    """The beginning of a call as it is written, to the end of its first line."""
    line = lines[call.lineno - 1].encode("utf-8")
    end = call.end_col_offset if call.end_lineno == call.lineno else None
    return line[call.col_offset : end][:MAX_WRITTEN].decode("utf-8", "ignore")


def _literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    is_python = isinstance(node, ast.Attribute) and (_name(node.value), node.attr) == ("sys", "executable")
    return "python" if is_python else None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
