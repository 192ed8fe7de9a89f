"""Where the files of a package use names of another one, read out of its source without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

IMPORT = "import"
_ASIDE = re.compile(
    r"(^|/)(tests?|testing|conftest|examples?|benchmarks?|_?vendor(ed)?|third_party|docs|scripts?|bin)(/|\.py$|_)"
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameUsed:
    """A use of a name that is reached whenever its moment comes.

    Attributes:
        name: in full, `numpy.float`; an argument with what it is given to, `pandas.read_csv(squeeze)`.
        kind: `name` (from ... import), `module` (import ...), `attribute` or `argument`.
        moment: `import`, `import package.module`, or the function whose call uses it.
        place: file and line.
    """

    name: str
    kind: str
    moment: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    name: str
    kind: str
    function: str
    line: int


def uses_in(folder: Path, names: Iterable[str]) -> Iterator[NameUsed]:
    """The uses of the names in the package that lies in the folder."""
    wanted = frozenset(names)
    paths = sorted(folder.rglob("*.py"))
    likely = [path for path in paths if _mentions(path, wanted)]
    modules = {module: read for path in likely for module, read in _read(folder, path, wanted)}
    if not any(read.uses for read in modules.values()):
        return
    modules |= {module: read for path in set(paths) - set(likely) for module, read in _read(folder, path, wanted)}
    modules = dict(sorted(modules.items()))
    reached = _reached(modules)
    own = {module.partition(".")[0] for module in modules}
    set_here = frozenset(name for module in modules.values() for name in module.assigned)
    for module, read in modules.items():
        for use in read.uses:
            if use.name in set_here or use.name.partition(".")[0] in own:
                continue
            moment = use.function and f"{module}.{use.function}"
            moment = moment or (IMPORT if module in reached else f"import {module}")
            yield NameUsed(name=use.name, kind=use.kind, moment=moment, place=f"{read.file}:{use.line}")


def _mentions(path: Path, wanted: frozenset[str]) -> bool:
    """Whether both ends of a wanted name stand in a file; to look is faster than to parse."""
    words = frozenset(_WORD.findall(path.read_bytes().decode("utf-8", "replace")))
    ends = (_WORD.findall(name) for name in wanted)
    return any(parts[0] in words and parts[-1] in words for parts in ends)


def _read(folder: Path, path: Path, wanted: frozenset[str]) -> Iterator[tuple[str, _ModuleReader]]:
    file = path.relative_to(folder).as_posix()
    parts = file[: -len(".py")].split("/")
    if _ASIDE.search(file) or not all(part.isidentifier() for part in parts):
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    package = parts[:-1]
    module = ".".join(package if parts[-1] == "__init__" else parts)
    reader = _ModuleReader(file, package, wanted)
    reader.visit(tree)
    yield module, reader


def _reached(modules: Mapping[str, _ModuleReader]) -> frozenset[str]:
    """The modules that the import of the package itself imports."""
    waiting = [module for module in modules if "." not in module]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in reached or module not in modules:
            continue
        reached.add(module)
        for imported in modules[module].imported:
            parts = imported.split(".")
            waiting += [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return frozenset(reached)


class _ModuleReader(ast.NodeVisitor):
    """What a module imports, and which of the wanted names it surely uses."""

    def __init__(self, file: str, package: list[str], wanted: frozenset[str]) -> None:
        self.file = file
        self.uses: list[_Found] = []
        self.imported: list[str] = []
        self.assigned: set[str] = set()
        self._package = package
        self._wanted = wanted
        self._aliases: dict[str, str] = {}
        self._scopes: list[str] = []
        self._inside = 0
        self._unsure = 0
        self._annotated = True

    def _note(self, name: str, kind: str, node: ast.stmt | ast.expr) -> None:
        if self._unsure == 0 and name in self._wanted:
            function = ".".join(self._scopes) if self._inside else ""
            self.uses.append(_Found(name=name, kind=kind, function=function, line=node.lineno))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self._bind(alias.asname or first, alias.name if alias.asname else first)
            self._import(alias.name)
            parts = alias.name.split(".")
            for end in range(1, len(parts) + 1):
                self._note(".".join(parts[:end]), "module", node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self._package[: len(self._package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        if module == "__future__" and any(alias.name == "annotations" for alias in node.names):
            self._annotated = False
        self._import(module)
        for alias in node.names:
            full = f"{module}.{alias.name}"
            self._bind(alias.asname or alias.name, full)
            self._import(full)
            if not node.level:
                self._note(full, "name", node)
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            if not node.level:
                self._note(".".join(parts[:end]), "module", node)

    def _bind(self, alias: str, name: str) -> None:
        """Keep what a name stands for; nothing where it stands for several things."""
        self._aliases[alias] = name if self._aliases.get(alias, name) == name else ""

    def _import(self, module: str) -> None:
        if not self._inside and not self._unsure:
            self.imported.append(module)

    def _full_name(self, node: ast.expr) -> list[str]:
        """What an expression names by what was imported, part by part; nothing where that is not known."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        stands_for = self._aliases.get(node.id) if isinstance(node, ast.Name) else None
        return [*stands_for.split("."), *reversed(parts)] if stands_for else []

    def visit_Call(self, node: ast.Call) -> None:
        called = ".".join(self._full_name(node.func))
        for keyword in node.keywords:
            if called and keyword.arg is not None:
                self._note(f"{called}({keyword.arg})", "argument", node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts = self._full_name(node)
        if not parts:
            self.generic_visit(node)
            return
        if isinstance(node.ctx, ast.Store):
            self.assigned.add(".".join(parts))
            return
        for end in range(2, len(parts) + 1):
            self._note(".".join(parts[:end]), "attribute", node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._scopes.append(node.name)
        self.generic_visit(node)
        self._scopes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        given = [
            *arguments.defaults,
            *(expression for expression in arguments.kw_defaults if expression is not None),
            *node.decorator_list,
        ]
        if self._annotated:
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            given += [
                argument.annotation for argument in every if argument is not None and argument.annotation is not None
            ]
            given += [node.returns] if node.returns is not None else []
        for expression in given:
            self.visit(expression)
        nested = self._inside > 0
        self._scopes.append(node.name)
        self._inside += 1
        self._unsure += nested
        self._body(node.body)
        self._unsure -= nested
        self._inside -= 1
        self._scopes.pop()

    def _body(self, body: Iterable[ast.stmt]) -> None:
        """Visit a function's statements: behind one that may return, none is sure."""
        left = False
        for statement in body:
            self._unsure += left
            self.visit(statement)
            self._unsure -= left
            left = left or any(isinstance(node, (ast.Return, ast.Yield)) for node in ast.walk(statement))

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._all_unsure([node.body])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._annotated and not self._inside:
            self.visit(node.annotation)
        for expression in (node.target, node.value):
            if expression is not None:
                self.visit(expression)

    def visit_Try(self, node: ast.Try) -> None:
        self._all_unsure([*node.body, *node.handlers, *node.orelse])
        for statement in node.finalbody:
            self.visit(statement)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._all_unsure([*node.body, *node.orelse])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._all_unsure([node.body, node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._all_unsure([*node.body, *node.orelse])

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._all_unsure([node.target, *node.body, *node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._all_unsure(node.values[1:])

    def visit_With(self, node: ast.With) -> None:
        suppresses = any("suppress" in ast.dump(item.context_expr) for item in node.items)
        self._unsure += suppresses
        self.generic_visit(node)
        self._unsure -= suppresses

    def _all_unsure(self, nodes: Iterable[ast.AST]) -> None:
        self._unsure += 1
        for node in nodes:
            self.visit(node)
        self._unsure -= 1
