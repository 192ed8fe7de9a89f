"""noxfile.py: the Pythons of nox's sessions and what they install, by the syntax tree; nothing of it is run."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Iterator, MutableMapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.grammars import python_source, rewriting, waivers
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.shell.install_command import of_words
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Root, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

MAX_WORDS = 2000
"""Arguments of one call."""
TEXTS = Limit(name="texts that the lists of a noxfile put together", most=200_000)
CHARACTERS = Limit(name="characters that the texts of a noxfile put together", most=5_000_000)

_IMPORT = lazy_pattern(rb"(?m)^(?:import nox|from nox\b)")
_SESSION = lazy_pattern(rb"\.install\(|@nox\.session|@session|session\.run")
_COMMANDS = {
    "install": ("pip", "install"),
    "conda_install": ("conda", "install"),
    "run": (),
    "run_always": (),
    "run_install": (),
}

Values = MutableMapping[str, "list[str] | None"]


def _looks_like_it(doc: Document) -> bool:
    return _IMPORT.search(doc.head) is not None and _SESSION.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(kind="aside", files=["noxfile.py"], content=_looks_like_it, marks=[b"import nox", b"from nox"])
def read(doc: Document) -> Iterator[Statement]:
    """Every session is a root; names stand for the literals that the module assigns to them."""
    yield from waivers.in_comments(doc)
    for session in _sessions(doc):
        yield from session.read()


def session_commands(doc: Document) -> Iterator[tuple[str, Script]]:
    """What every session runs, each with the name of its session. Raises Unreadable."""
    for session in _sessions(doc):
        for line in session.commands():
            yield session.name, line


def _sessions(doc: Document) -> Iterator[_Session]:
    tree = python_source.parsed(doc)
    values: dict[str, list[str] | None] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = _texts(node.value, values)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (decorator := _decorator(node)) is not None:
            yield _Session(doc, node, decorator, values)


def _decorator(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.expr | None:
    """`@nox.session`, `@session`, with or without arguments."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name == "session":
            return decorator
    return None


def _texts(node: ast.expr, values: Values) -> list[str] | None:
    """The strings that an expression stands for, None if that is not written down."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.Starred):
        return _texts(node.value, values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _all([node.left, node.right], values)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return _all(node.elts, values)
    return _formatted(node, values) if isinstance(node, ast.JoinedStr) else None


def _all(nodes: list[ast.expr], values: Values) -> list[str] | None:
    every_text: list[str] = []
    for node in nodes:
        texts = _texts(node, values)
        if texts is None:
            return None
        spend(TEXTS, len(texts))
        every_text += texts
    return every_text


def _formatted(node: ast.JoinedStr, values: Values) -> list[str] | None:
    """An f-string whose parts are literals or names of one."""
    parts: list[str] = []
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        texts = _texts(inner, values)
        if texts is None or len(texts) != 1:
            return None
        spend(CHARACTERS, len(texts[0]))
        parts.append(texts[0])
    return ["".join(parts)]


class _CommandLine:
    """The words of a command as one text, each with the place of its argument where that is a plain string."""

    def __init__(self, doc: Document, whole: Place) -> None:
        self.doc = doc
        self.whole = whole
        self.texts: list[str] = []
        self.length = 0
        self.pieces: list[tuple[int, int]] = []
        self.words: list[Word] = []

    def add(self, text: str, at: Place | None, unresolved: str = "") -> None:
        """One more word."""
        spend(CHARACTERS, len(text) + 1)
        start = self.length
        offset = at.start + 1 if at is not None and at.start is not None else -1
        known = offset >= 0 and self.doc.text.startswith(text, offset)
        self.pieces.append((start, offset if known else -1))
        self.texts += (text, " ")
        self.length += len(text) + 1
        self.words.append(Word(text=text, start=start, end=start + len(text), unresolved=unresolved))

    def script(self) -> Script:
        """The text with its places."""
        return Script(self.doc, "".join(self.texts), self.pieces, self.whole)


class _Session:
    def __init__(
        self, doc: Document, function: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.expr, values: Values
    ) -> None:
        self.doc = doc
        self.function = function
        self.keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
        self.values: ChainMap[str, list[str] | None] = ChainMap({}, values)
        self.name = next((text for texts in [self._keyword("name")] for text in texts or ()), function.name)
        self.recipe = Recipe(doc, parts=(self.name,), values=doc.defines)

    def _keyword(self, name: str) -> list[str] | None:
        return next((_texts(word.value, self.values) for word in self.keywords if word.arg == name), None)

    def at(self, node: ast.expr | ast.stmt) -> Place:
        """The place of a node."""
        return python_source.place(self.doc, node)

    def read(self) -> Iterator[Statement]:
        """The root, the Pythons, and the calls in their order."""
        yield Root(name=self.name, kind="environment", at=self.at(self.function))
        for keyword in self.keywords:
            if keyword.arg in ("python", "py"):
                yield from self._pythons(keyword.value)
        for node in self._calls():
            yield from self._call(node)

    def _pythons(self, node: ast.expr) -> Iterator[Statement]:
        texts = _texts(node, self.values)
        if texts is None and not isinstance(node, ast.Constant):
            yield self.doc.unread("its Pythons are not written down", self.at(node), package="python", template=True)
        for text in texts or ():
            yield python_text.statement(self.doc, text, self.at(node), scope=PinScope(parts=(self.name,)))

    def _calls(self) -> Iterator[ast.Call]:
        for node in ast.walk(self.function):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.values[node.targets[0].id] = _texts(node.value, self.values)
        calls = [node for node in ast.walk(self.function) if isinstance(node, ast.Call)]
        yield from sorted(calls, key=lambda node: (node.lineno, node.col_offset))

    def commands(self) -> Iterator[Script]:
        """What `session.run` runs, as one text each, words that are not written down as written."""
        for node in self._calls():
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in _COMMANDS and not _COMMANDS[called.attr]:
                line = _CommandLine(self.doc, self.at(node))
                for argument in node.args[:MAX_WORDS]:
                    self._add(line, argument)
                yield line.script()

    def _call(self, node: ast.Call) -> Iterator[Statement]:
        called = node.func
        if not isinstance(called, ast.Attribute) or called.attr not in _COMMANDS:
            return
        if not isinstance(called.value, ast.Name) or called.value.id not in ("session", self._first_argument()):
            return
        line = _CommandLine(self.doc, self.at(node))
        for text in _COMMANDS[called.attr]:
            line.add(text, None)
        for argument in node.args[:MAX_WORDS]:
            self._add(line, argument)
        if len(node.args) > MAX_WORDS:
            why = f"a call has more than {MAX_WORDS:,} arguments; those that follow are not read"
            yield self.doc.unread(why, self.at(node.args[MAX_WORDS]))
        if line.words and not line.words[0].unresolved:
            yield from of_words(line.script(), self.recipe, tuple(line.words))

    def _add(self, line: _CommandLine, argument: ast.expr) -> None:
        texts = _texts(argument, self.values)
        if texts is None:
            written = python_source.written(self.doc, argument) or "an expression"
            line.add(written[:200], None, unresolved=written[:80])
        for text in texts or ():
            line.add(text, self.at(argument) if isinstance(argument, ast.Constant) else None)

    def _first_argument(self) -> str:
        arguments = self.function.args.args
        return arguments[0].arg if arguments else "session"
