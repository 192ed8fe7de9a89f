"""Whether the code of a package or a file defines a name that a pickle imports; what cannot be told is unknown.

A name is missing only where nothing in the module can bring it: any statement that binds it, on whatever branch, a
`*` import that is not followed to its end, a module `__getattr__`, `globals()` and their like make the answer no
alarm. `pickle` imports by module and qualified name: https://docs.python.org/3/library/pickle.html#pickle.Unpickler
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import TypeGuard

from mlaudit.code.package.code import PackageCode
from mlaudit.code.parsing import parse_source
from mlaudit.document.document import Document
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_PARTS = 20
"""Words of a dotted name that are followed."""
MAX_STARS = 40
"""Modules that `*` imports lead through for one name."""
MAX_SEARCHES = 200
"""Names for which all sources of a package are searched; of further ones nothing is said."""
MAX_NODES = 400_000
"""Nodes of one syntax tree that are looked at."""

_REDIRECTS = lazy_pattern(
    rb"sys\.modules|find_class|meta_path|path_hooks|__path__|add_module|LazyModule|add_safe_globals"
)
"""Words by which code gives modules other names, or takes them from elsewhere."""
_SETS_BY_TEXT = lazy_pattern(rb"setattr\(|__dict__|vars\(")
"""Words by which code sets names of a module that it has as texts."""


class NameAnswer(Enum):
    """Whether a name can be imported."""

    DEFINED = "defined"
    NO_NAME = "no name"
    NO_MODULE = "no module"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesOfModule:
    """What a module binds.

    Attributes:
        bound: every name that some statement at module level binds.
        classes: the class statements among them that are the only ones to bind their name.
        stars: modules of `*` imports with their levels.
        is_dynamic: it can have names that no statement binds.
    """

    bound: frozenset[str]
    classes: dict[str, ast.ClassDef]
    stars: tuple[tuple[str, int], ...]
    is_dynamic: bool

    def answer(self, qualified_name: str) -> NameAnswer:
        """Whether it has a name itself; its `*` imports are left aside."""
        first, _, rest = qualified_name.partition(".")
        if first not in self.bound:
            return NameAnswer.UNKNOWN if self.is_dynamic or first.startswith("__") else NameAnswer.NO_NAME
        if not rest:
            return NameAnswer.DEFINED
        found = _in_class(self.classes.get(first), rest)
        return NameAnswer.UNKNOWN if self.is_dynamic and found is NameAnswer.NO_NAME else found


def names_of_source(path: str, data: bytes) -> NamesOfModule | None:
    """What one Python source binds; None where it cannot be read."""
    try:
        tree = parse_source(Document(path, data).text)
    except Unreadable:
        return None
    nodes = _nodes(tree)
    if nodes is None:
        return None
    bound = [(name, node) for node in _module_level(tree) for name in _bound_by(node)]
    bound += [(name, node) for node in nodes if isinstance(node, ast.Global) for name in node.names]
    names = Counter(name for name, _ in bound)
    classes = {name: node for name, node in bound if isinstance(node, ast.ClassDef) and names[name] == 1}
    stars = tuple((one.module or "", one.level) for one in filter(_is_star, _module_level(tree)))
    dynamic = "__getattr__" in names or _REDIRECTS.search(data) is not None or any(map(_is_dynamic, nodes))
    return NamesOfModule(bound=frozenset(names), classes=classes, stars=stars, is_dynamic=dynamic)


def _nodes(tree: ast.AST) -> list[ast.AST] | None:
    """Every node, without recursion; None where there are too many."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        found.append(node)
        if len(found) > MAX_NODES:
            return None
    return found


def _is_star(node: ast.AST) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _is_dynamic(node: ast.AST) -> bool:
    """Whether a node can bind names of its module that no statement has; on objects it would name its argument."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("vars", "locals"):
        return not node.args
    return isinstance(node, ast.Name) and node.id in ("globals", "exec")


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when a module or class body runs, bodies of functions and classes left aside."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        yield from (node.name,) if node.name else ()
    elif isinstance(node, ast.MatchMapping):
        yield from (node.rest,) if node.rest else ()


def _in_class(node: ast.ClassDef | None, qualified_name: str) -> NameAnswer:
    """Whether a class has a member; what bases, decorators and metaclasses bring is unknown."""
    for word in qualified_name.split(".")[:MAX_PARTS]:
        if node is None:
            return NameAnswer.UNKNOWN
        inside = [(name, one) for one in _module_level(node) for name in _bound_by(one)]
        found = [one for name, one in inside if name == word]
        if not found:
            brought = node.bases or node.keywords or node.decorator_list
            return NameAnswer.UNKNOWN if brought else NameAnswer.NO_NAME
        node = next((one for one in found if isinstance(one, ast.ClassDef)), None)
    return NameAnswer.DEFINED


@dataclass(slots=True, kw_only=True)
class _ModuleFile:
    """Where a module lies: a path, or the word of its name that leads to nothing; neither where it cannot be told."""

    path: str = ""
    gone: str = ""


class InstalledNames:
    """The names of the packages in one folder of an import path."""

    def __init__(self, files: PackageCode) -> None:
        self._files = files
        self._modules: dict[str, NamesOfModule | None] = {}
        self._texts: dict[str, list[bytes] | None] = {}
        self._redirecting: dict[str, bool] = {}
        self._searches = 0

    def answer(self, module: str, name: str) -> NameAnswer:
        """Whether a module of the folder has a name."""
        parts = module.split(".")
        if len(parts) > MAX_PARTS or not all(part.isidentifier() for part in (*parts, *name.split("."))):
            return NameAnswer.UNKNOWN
        where = self._located(parts)
        if self._searches > MAX_SEARCHES:
            return NameAnswer.UNKNOWN
        if where.path:
            found = self._defined(where.path, name, set())
            redirected = found is NameAnswer.NO_NAME and self._is_set_from_outside(parts, name.rpartition(".")[2])
            return NameAnswer.UNKNOWN if redirected else found
        redirected = not where.gone or any(self._is_redirected(parts[0], word) for word in (where.gone, parts[-1]))
        return NameAnswer.UNKNOWN if redirected else NameAnswer.NO_MODULE

    def path_of(self, module: str) -> str:
        """The file of a module; of a missing one the folder of its package."""
        parts = module.split(".")
        return self._located(parts).path or parts[0]

    def _located(self, parts: list[str]) -> _ModuleFile:
        """Packages are followed from a regular one on top; a namespace may go on in another folder."""
        folder = ""
        for number, part in enumerate(parts):
            entries = self._files.names(folder)
            inner = posixpath.join(folder, part)
            if entries is None or any(_is_compiled(entry, part) for entry in entries):
                return _ModuleFile()
            is_last = number == len(parts) - 1
            if part in entries and self._is_package(inner):
                if is_last:
                    return _ModuleFile(path=f"{inner}/__init__.py")
                folder = inner
            elif is_last and f"{part}.py" in entries and part not in entries:
                return _ModuleFile(path=f"{inner}.py")
            else:
                return _ModuleFile(gone="" if not folder or part in entries or f"{part}.py" in entries else part)
        return _ModuleFile()

    def _is_package(self, folder: str) -> bool:
        """Whether a folder is a package of Python source that looks for its modules in itself alone."""
        inside = self._files.names(folder) or frozenset()
        if "__init__.py" not in inside or any(_is_compiled(entry, "__init__") for entry in inside):
            return False
        if folder not in self._redirecting:
            data = self._files.read(f"{folder}/__init__.py")
            self._redirecting[folder] = data is None or _REDIRECTS.search(data) is not None
        return not self._redirecting[folder]

    def _defined(self, path: str, name: str, seen: set[str]) -> NameAnswer:
        """Whether a file has a name, by itself or by its `*` imports."""
        if path in seen:
            return NameAnswer.NO_NAME
        seen.add(path)
        module = self._module(path)
        if module is None or len(seen) > MAX_STARS:
            return NameAnswer.UNKNOWN
        found = module.answer(name)
        if found is not NameAnswer.NO_NAME or name.partition(".")[0] in module.bound:
            return found
        if path.endswith("/__init__.py") and self._is_submodule(posixpath.dirname(path), name.partition(".")[0]):
            return NameAnswer.UNKNOWN
        for star, level in module.stars:
            followed = self._defined(self._star(path, star, level), name, seen)
            if followed is not NameAnswer.NO_NAME:
                return followed
        return NameAnswer.NO_NAME

    def _star(self, path: str, module: str, level: int) -> str:
        """The file that a `*` import leads to; empty where that cannot be told."""
        home = path.split("/")[:-1]
        if level > len(home):
            return ""
        base = home[: len(home) - level + 1] if level else []
        return self._located([*base, *(module.split(".") if module else ())]).path

    def _is_submodule(self, folder: str, word: str) -> bool:
        entries = self._files.names(folder)
        return entries is None or any(entry.partition(".")[0] == word for entry in entries)

    def _module(self, path: str) -> NamesOfModule | None:
        if path not in self._modules:
            data = self._files.read(path) if path else None
            self._modules[path] = names_of_source(path, data) if data is not None else None
        return self._modules[path]

    def _is_set_from_outside(self, parts: list[str], word: str) -> bool:
        """Whether some file of a package may give a module a name by its text, or by any text."""
        if self._is_redirected(parts[0], word):
            return True
        return any(fills_module(text, parts[-1]) for text in self._texts_of(parts[0]) or ())

    def _is_redirected(self, top: str, word: str) -> bool:
        """Whether some file of a package may give a module another name, or a name from outside."""
        self._searches += 1
        texts = self._texts_of(top)
        return texts is None or any(gives_name(text, word) for text in texts)

    def _texts_of(self, top: str) -> list[bytes] | None:
        """Every source of a package or module; None where not all of them can be had."""
        if top not in self._texts:
            is_file = self._files.names(top) is None
            texts = [self._files.read(f"{top}.py")] if is_file else list(self._files.sources(top))
            self._texts[top] = None if None in texts else [text for text in texts if text is not None]
        return self._texts[top]


def _is_compiled(entry: str, module: str) -> bool:
    """Whether a file is a compiled form of a module, which goes before its source."""
    stem, _, rest = entry.partition(".")
    return stem == module and rest.endswith(("so", "pyd", "pyc", "dylib", "dll", "sl"))


def gives_name(text: bytes, word: str) -> bool:
    """Whether a source may set a name on a module from outside, or lead a module's name elsewhere."""
    encoded = word.encode()
    if encoded not in text:
        return False
    if _REDIRECTS.search(text) is not None and re.search(rb"(?<!\w)" + encoded + rb"(?!\w)", text):
        return True
    if _SETS_BY_TEXT.search(text) is not None and re.search(rb"['\"]" + encoded + rb"['\"]", text):
        return True
    return re.search(rb"\." + encoded + rb"\s{0,9}=(?!=)", text) is not None


def fills_module(text: bytes, module: str) -> bool:
    """Whether a source sets names on a module, whatever names these are, under its own name or one given to it."""
    encoded = module.encode()
    if encoded not in text or _SETS_BY_TEXT.search(text) is None:
        return False
    aliases = re.findall(rb"(?<!\w)" + encoded + rb"[ \t]{1,9}as[ \t]{1,9}(\w{1,200})", text)
    any_name = b"|".join(map(re.escape, {encoded, *aliases}))
    called = rb"(?:setattr|vars)\(\s{0,200}(?:[\w.]{0,200}\.)?(?:" + any_name + rb")(?!\w)"
    return re.search(called + rb"|(?<!\w)(?:" + any_name + rb")\.__dict__", text) is not None
