"""Installs that are written in Python: literal ones are read by the syntax tree, others are reported as unread.

Read are `subprocess` and `os.system`, IPython's and Pyodide's calls, the image builders of BentoML and Modal, Ray's
`runtime_env`, and Kubeflow's `packages_to_install`; nothing of a source is run.
https://docs.bentoml.com/en/latest/build-with-bentoml/runtime-environment.html, https://modal.com/docs/reference/modal.Image,
https://docs.ray.io/en/latest/ray-core/handling-dependencies.html,
https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.lines import line_starts
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.grammars.shell.install_command import of_words, statements
from mlaudit.grammars.shell.python_code import PROCESSES, PROGRAMS, SHELLS, what_it_runs
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Lexer, Word
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, Place, Root, Statement

NODES = Limit(name="nodes of Python sources", most=2_000_000)
"""Every call of a source is looked at."""
MAX_WORDS = 2_000
"""Arguments of one call."""

_SHELL_CALLS = SHELLS | {"run_commands", "system_raw"}
_PREFIXES: dict[str, tuple[str, ...]] = {
    "python_packages": ("pip", "install"),
    "pip_install": ("pip", "install"),
    "uv_pip_install": ("uv", "pip", "install"),
    "micromamba_install": ("micromamba", "install"),
    "conda_install": ("conda", "install"),
    "apt_install": ("apt-get", "install"),
    "system_packages": ("apt-get", "install"),
    "uv_sync": ("uv", "sync"),
    "requirements_file": ("pip", "install", "-r"),
    "pip_install_from_requirements": ("pip", "install", "-r"),
    "pyproject_toml": ("pip", "install", "-r"),
}
_OF_MODULES = {"micropip": ("pip", "install"), "pip": ("pip",), "piplite": ("pip", "install")}
_BENTO_LISTS = {"packages": ("pip", "install"), "requirements_txt": ("pip", "install", "-r")}
_PYTHONS = frozenset(("python_version", "add_python"))
_INDEXES = frozenset(("index_url", "extra_index_url", "find_links"))
_IMAGES = frozenset(("base_image",))
_PACKAGE_LISTS = frozenset(("packages_to_install",))
_INSTALLING = lazy_pattern(r"\b(?:pip3?|conda|mamba|uv|poetry)\b.{0,80}\b(?:install|sync|add)\b", re.DOTALL)
_BUILDERS = frozenset((*_PREFIXES, "run_commands", "run"))


@dataclass(slots=True)
class _Literals:
    """Names that stand for literals, as far as plain assignments show."""

    values: dict[str, list[Word] | None] = field(default_factory=dict)
    tables: dict[str, ast.Dict | None] = field(default_factory=dict)


def read(script: Script, recipe: Recipe, *, builders: bool = True) -> Iterator[Statement]:
    """What the calls of a source install, in their order; nothing of a source that is no Python.

    Args:
        script: the source.
        recipe: the environment that it changes.
        builders: whether methods of image builders are meant (the source imports one).
    """
    try:
        tree = parse_tree(script.text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    yield from _InstallSource(script, recipe, builders).statements(tree)


class _InstallSource:
    def __init__(self, script: Script, recipe: Recipe, builders: bool) -> None:
        self.script = script
        self.recipe = recipe
        self.builders = builders
        self.literals = _Literals()

    def statements(self, tree: ast.Module) -> Iterator[Statement]:
        nodes = list(ast.walk(tree))
        spend(NODES, len(nodes))
        for node in nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name, is_first = node.targets[0].id, node.targets[0].id not in self.literals.values
                self.literals.values[name] = self._words(node.value) if is_first else None
                self.literals.tables[name] = node.value if is_first and isinstance(node.value, ast.Dict) else None
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        parts = _steps_of_pipelines(nodes)
        for call in sorted(calls, key=lambda node: (node.func.end_lineno or 0, node.func.end_col_offset or 0)):
            named = parts.get(id(call))
            if named is None:
                yield from self._call(call)
            else:
                yield Root(name=named, kind="environment", at=self._place(call.func))
                whole, self.recipe.parts = self.recipe.parts, (named,)
                yield from self._call(call)
                self.recipe.parts = whole

    def _call(self, call: ast.Call) -> Iterator[Statement]:
        owner, name = _named(call.func)
        if self._is_shell(owner, name) or name in PROCESSES | PROGRAMS:
            yield from self._started(call, owner, name)
        elif name in ("run_line_magic", "run_cell_magic"):
            yield from self._magic(call)
        elif owner in _OF_MODULES and name in ("install", "main"):
            yield from self._command(_OF_MODULES[owner], call)
        elif name in _PREFIXES and self.builders:
            yield from self._command(_PREFIXES[name], call)
        elif builds_bento(call) and self.builders:
            yield from self._bento(call)
        yield from self._keywords(call, name)

    def _bento(self, call: ast.Call) -> Iterator[Statement]:
        """`bentoml.build("service.py:svc", python={"packages": [...]})`, in the order in which BentoML builds."""
        options = {keyword.arg: dict(_table(keyword.value)) for keyword in call.keywords}
        for key, value in options.get("docker", {}).items():
            if key == "python_version":
                yield from self._python(value)
            elif key == "base_image":
                yield from self._image(value)
        for key, value in options.get("conda", {}).items():
            if key in ("environment_yml", "dependencies"):
                yield from self._conda(value if key == "environment_yml" else _dependencies(value))
        for key, value in options.get("python", {}).items():
            prefix = _BENTO_LISTS.get(key)
            if prefix is not None:
                yield from self._packages(prefix, value)

    def _is_shell(self, owner: str, name: str) -> bool:
        return name in _SHELL_CALLS or (name == "run" and self.builders and owner not in ("subprocess", ""))

    def _started(self, call: ast.Call, owner: str, name: str) -> Iterator[Statement]:
        """What a call that starts a shell or a program states."""
        given = what_it_runs(call)
        if name in PROGRAMS:
            yield from self._process(ast.copy_location(ast.Tuple(elts=list(call.args), ctx=ast.Load()), call))
        elif self._is_shell(owner, name):
            for argument in call.args or ([given] if given is not None else []):
                yield from self._shell(argument)
        elif given is not None:
            yield from self._process(given)

    def _keywords(self, call: ast.Call, name: str) -> Iterator[Statement]:
        for keyword in call.keywords:
            if keyword.arg in _PACKAGE_LISTS:
                yield from self._packages(("pip", "install"), keyword.value)
            elif keyword.arg == "runtime_env" or (name == "RuntimeEnv" and keyword.arg in ("pip", "uv", "conda")):
                yield from self._runtime(keyword)
            elif keyword.arg in _PYTHONS and self.builders:
                yield from self._python(keyword.value)
            elif keyword.arg in _IMAGES:
                yield from self._image(keyword.value)
        if name in ("from_registry", "from_dockerhub") and self.builders and call.args:
            yield from self._image(call.args[0])

    def _shell(self, node: ast.expr) -> Iterator[Statement]:
        for word in self._words(node) or ():
            yield from statements(self._script_of(word), self.recipe)
        if self._words(node) is None:
            yield from self._unread(node)

    def _script_of(self, word: Word) -> Script:
        if self.script.text[word.start : word.end] == word.text:
            return self.script.cut(word.start, word.end)
        return Script(self.script.doc, word.text, (), self.script.place(word.start, word.end))

    def _process(self, node: ast.expr) -> Iterator[Statement]:
        words = self._words(node)
        if words is None:
            yield from self._unread(node)
        elif isinstance(node, (ast.Constant, ast.JoinedStr)):
            yield from self._shell(node)
        else:
            yield from of_words(self.script, self.recipe, tuple(words[:MAX_WORDS]))

    def _magic(self, call: ast.Call) -> Iterator[Statement]:
        """`run_line_magic('pip', 'install numpy')`, `run_cell_magic('bash', '', script)`."""
        argument_words = [self._words(argument) for argument in call.args]
        name = argument_words[0][0].text if argument_words and argument_words[0] else ""
        last = argument_words[-1] if len(argument_words) > 1 else None
        if name in ("bash", "sh", "system", "sx") and last:
            yield from statements(self._script_of(last[0]), self.recipe)
        elif name in ("pip", "conda", "mamba", "micromamba", "uv") and last:
            script = self._script_of(last[0])
            words = tuple(word for word in Lexer(script.text, {}).tokens() if isinstance(word, Word))
            yield from of_words(script, self.recipe, (Word(text=name, start=0, end=0), *words))

    def _command(self, prefix: tuple[str, ...], call: ast.Call) -> Iterator[Statement]:
        yield from self._packages((*prefix, *self._options(call)), *call.args)

    def _options(self, call: ast.Call) -> Iterator[str]:
        """Keywords that stand for options which decide a build."""
        for keyword in call.keywords:
            words = self._words(keyword.value) if keyword.arg in _INDEXES else None
            for word in words or ():
                yield f"--{(keyword.arg or '').replace('_', '-')}={word.text}"

    def _packages(self, prefix: tuple[str, ...], *nodes: ast.expr) -> Iterator[Statement]:
        if isinstance(nodes[0] if nodes else None, ast.Constant) and getattr(nodes[0], "value", "") is None:
            return
        words: list[Word] = []
        for node in nodes:
            own_words = self._words(node)
            if own_words is None:
                at = self._place(node)
                written = self._written(node)
                yield self.script.doc.unread("its packages are computed when it runs", at, what=written[:200])
            words += own_words or ()
        if words or prefix == ("uv", "sync"):
            at_first = words[0].start if words else 0
            before = (Word(text=text, start=at_first, end=at_first) for text in prefix)
            yield from of_words(self.script, self.recipe, (*before, *words[:MAX_WORDS]))

    def _runtime(self, keyword: ast.keyword) -> Iterator[Statement]:
        """Ray's `{"pip": [...]}`, `{"pip": {"packages": [...]}}`, `{"pip": "requirements.txt"}`, the same of `uv`."""
        stated = keyword.value
        if keyword.arg != "runtime_env":
            pairs: list[tuple[str, ast.expr]] = [(keyword.arg or "", stated)]
        elif isinstance(stated, ast.Dict):
            pairs = list(_pairs(stated))
        elif isinstance(stated, ast.Name) and (table := self.literals.tables.pop(stated.id, None)) is not None:
            # Several calls may be given the same table, which is read with the first.
            pairs = list(_pairs(table))
        else:
            return
        for key, value in pairs:
            inner = dict(_pairs(value)) if isinstance(value, ast.Dict) else {}
            listed = inner.get("packages", value)
            if key == "conda":
                yield from self._conda(value)
            elif key in ("pip", "uv") and isinstance(listed, ast.Constant):
                yield from self._packages(("pip", "install", "-r"), listed)
            elif key in ("pip", "uv"):
                yield from self._packages(("pip", "install"), listed)

    def _conda(self, value: ast.expr) -> Iterator[Statement]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.endswith((".yml", ".yaml")):
            self.recipe.step += 1
            target = self.recipe.path(value.value)
            yield Include(target=target, at=self._place(value), format="conda-env", step=self.recipe.step)
        elif isinstance(value, ast.Dict):
            for key, listed in _pairs(value):
                for member in listed.elts if key == "dependencies" and isinstance(listed, ast.List) else ():
                    if isinstance(member, ast.Dict):
                        yield from self._packages(("pip", "install"), *(inner for _, inner in _pairs(member)))
                    else:
                        yield from self._packages(("conda", "install"), member)

    def _python(self, node: ast.expr) -> Iterator[Statement]:
        for word in self._words(node) or ():
            at, recipe = self.script.place(word.start, word.end), self.recipe
            yield python_text.statement(self.script.doc, word.text, at, scope=recipe.base_scope)

    def _image(self, node: ast.expr) -> Iterator[Statement]:
        for word in self._words(node) or ():
            at, recipe = self.script.place(word.start, word.end), self.recipe
            yield from image_tags.statements(self.script.doc, word.text, at, scope=recipe.base_scope)

    def _unread(self, node: ast.expr) -> Iterator[Statement]:
        written = self._written(node)
        if _INSTALLING.search(written[:4096].replace("'", " ").replace('"', " ")):
            why = "what it installs is computed when it runs, and audited files are never run"
            yield self.script.doc.unread(why, self._place(node), what=written.partition("\n")[0][:200])

    def _words(self, node: ast.expr, depth: int = 0) -> list[Word] | None:
        """The literals that an expression stands for, each with its place; None if it is no literal."""
        if isinstance(node, ast.Constant):
            return [self._word(node, node.value)] if isinstance(node.value, str) else None
        if isinstance(node, ast.Attribute):
            return [self._word(node, "python")] if _named(node) == ("sys", "executable") else None
        if isinstance(node, ast.Name):
            return self.literals.values.get(node.id)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node)
        if isinstance(node, ast.Starred) and depth < 4:
            return self._words(node.value, depth + 1)
        if isinstance(node, ast.Call) and depth < 4:
            return self._split(node, depth)
        members = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and depth < 4 else None
        if members is None:
            return None
        return self._members(members, depth)

    def _members(self, members: list[ast.expr], depth: int) -> list[Word]:
        member_words: list[Word] = []
        for member in members[:MAX_WORDS]:
            words = self._words(member, depth + 1)
            written = self._written(member) or "an expression"
            member_words += [self._word(member, written[:200], written[:80])] if words is None else words
        return member_words

    def _split(self, call: ast.Call, depth: int) -> list[Word] | None:
        """`shlex.split("pip install x")`, `"pip install x".split()`."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "split":
            return None
        of_text = not call.args and isinstance(call.func.value, ast.Constant)
        node = call.func.value if of_text else call.args[0] if call.args else None
        words = self._words(node, depth + 1) if node is not None else None
        if words is None or len(words) != 1:
            return None
        return [Word(text=part, start=words[0].start, end=words[0].end) for part in words[0].text.split()]

    def _joined(self, node: ast.JoinedStr) -> list[Word] | None:
        texts: list[str] = []
        for part in node.values:
            words = self._words(part.value if isinstance(part, ast.FormattedValue) else part)
            if words is None or len(words) != 1:
                return None
            texts.append(words[0].text)
        return [self._word(node, "".join(texts))]

    def _word(self, node: ast.expr, text: str, unresolved: str = "") -> Word:
        start, end = self._span(node)
        raw = self.script.text[start:end]
        if raw[1:-1] == text:
            return Word(text=text, start=start + 1, end=end - 1, unresolved=unresolved)
        return Word(text=text, start=start, end=end, unresolved=unresolved)

    def _span(self, node: ast.expr) -> tuple[int, int]:
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def _written(self, node: ast.expr) -> str:
        """The text of a node; `ast.get_source_segment` would split the whole source for each."""
        start, end = self._span(node)
        return self.script.text[start:end]

    def _offset(self, line: int, column: int) -> int:
        """The offset of a place in the tree, whose columns count bytes."""
        line_start = line_starts(self.script.text)[line - 1]
        before = self.script.text[line_start : line_start + column].encode("utf-8")[:column]
        return line_start + len(before.decode("utf-8", "ignore"))

    def _place(self, node: ast.expr) -> Place:
        return self.script.place(*self._span(node))


def _steps_of_pipelines(nodes: Iterable[ast.AST]) -> Mapping[int, str]:
    """Names of the functions that run in environments of their own, by the decorator that states what is installed.

    https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html#kfp.dsl.component
    """
    parts: dict[int, str] = {}
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                keywords = {keyword.arg for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else set()
                if keywords & (_PACKAGE_LISTS | _IMAGES):
                    parts[id(decorator)] = node.name
    return parts


def _named(function: ast.expr) -> tuple[str, str]:
    """The name in front of the last dot, and the one behind it."""
    if isinstance(function, ast.Name):
        return "", function.id
    if not isinstance(function, ast.Attribute):
        return "", ""
    owner = function.value
    named = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else "(...)"
    return named, function.attr


def builds_bento(call: ast.Call) -> bool:
    """Whether a call is `bentoml.build` or `bentoml.bentos.build`."""
    return _named(call.func) in (("bentoml", "build"), ("bentos", "build"))


def _table(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The pairs of `{"packages": [...]}` or `dict(packages=[...])`."""
    if isinstance(node, ast.Dict):
        yield from _pairs(node)
    elif isinstance(node, ast.Call) and _named(node.func) == ("", "dict"):
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None)


def _dependencies(value: ast.expr) -> ast.expr:
    """A list as the table of conda that holds it."""
    return ast.copy_location(
        ast.Dict(keys=[ast.copy_location(ast.Constant("dependencies"), value)], values=[value]), value
    )


def _pairs(table: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value
