"""What a module's text shows of it: the names that it has, and in order what its import asks of other modules.

Both readings err to the safe side: a name counts as there wherever the module may bind it, and a step is one that every
import takes (nothing inside `try`, `if`, a loop or a function), or every import where a package is installed
(`if is_torch_available():`), which is its guard then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlaudit.lab.module_outline import outline

CLOSED, BOUNDED, OPEN = "closed", "bounded", "open"
"""A module has the names that its text binds; or those, and others that stand in it as texts; or any."""
MODULE, NAME, ATTRIBUTE = "module", "name", "attribute"
_PLAIN_CONTEXTS = frozenset({"catch_warnings", "open", "Lock", "RLock"})
"""Of `with`: those that let errors through."""
_GLOBAL = re.compile(rb"^[ \t]+global[ \t]+([\w, \t]+)", re.MULTILINE)
_GLOBALS = re.compile(
    rb"globals\(\)\s*(?:\[[^\]\n]*\]\s*=[^=]|\.(?:update|setdefault|pop)\b|[,)\n])|setattr\(\s*sys\.modules\[__name__\]"
)
"""How a function binds names of its module."""
_AVAILABLE = re.compile(r"(?:is_|_)*(?P<module>[a-z0-9_]+?)_(?:is_)?(?:available|installed)", re.IGNORECASE)
"""What a name says that is true where a module is installed; of a function, called without a version."""
_DYNAMIC = frozenset({"exec", "eval", "vars", "locals", "attach_stub", "define_import_structure"})
"""Calls by which a module may bind any name."""


@dataclass(frozen=True, slots=True)
class ImportStep:
    """One thing that an import asks for.

    Attributes:
        kind: `module` (`import a.b`), `name` (`from a.b import c`, in full `a.b.c`) or `attribute`.
        base: of a name, the module that it is imported from.
        guards: modules that must be installed for it to be asked for.
    """

    kind: str
    name: str
    base: str
    line: int
    guards: tuple[str, ...] = ()


@dataclass(slots=True)
class ModuleFacts:
    """What the text of one module shows.

    Attributes:
        names: those that it may bind.
        targets: what a name stands for that is bound by imports alone, and by one.
        stars: modules of which everything is imported.
        texts: kept where the module is bounded by them.
        searched: it changes where modules are found.
    """

    names: set[str] = field(default_factory=set)
    targets: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    form: str = CLOSED
    texts: set[str] = field(default_factory=set)
    searched: bool = False
    steps: list[ImportStep] = field(default_factory=list)


def facts_of(text: bytes, module: str, *, is_package: bool) -> ModuleFacts | None:
    """The facts of a module; None where it is no Python 3."""
    tree = _tree(text)
    if tree is None:
        return None
    package = module if is_package else module.rpartition(".")[0]
    facts = ModuleFacts()
    bindings = _BindingReader(facts, package)
    bindings.read(tree)
    if facts.form == BOUNDED:
        facts.texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        } - _given_up(tree)
    for line in _GLOBAL.findall(text):
        facts.names.update(name.strip().decode() for name in line.split(b","))
    if _GLOBALS.search(text):
        facts.form = OPEN
    facts.searched = facts.searched or any(word in text for word in (b"sys.meta_path", b"__path__", b"path_hooks"))
    reader = _StepReader(facts, package)
    for statement in tree.body:
        reader.visit(statement)
    return facts


def _tree(text: bytes) -> ast.Module | None:
    """A module without the bodies of its functions, but where it says what it has by one."""
    whole = any(word in text for word in (b"__getattr__", b"sys.modules["))
    for form in (text,) if whole else (outline(text), text):
        try:
            return ast.parse(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The module that a `from` names."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _given_up(tree: ast.Module) -> set[str]:
    """The names in tables that have a message for each and nothing behind it (`"old": ("was removed", None)`)."""
    tables = (node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    pairs = ((key, value) for table in tables for key, value in zip(table.keys, table.values, strict=True))
    return {str(key.value) for key, value in pairs if isinstance(key, ast.Constant) and _is_message_alone(value)}


def _is_message_alone(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Tuple)
        and len(value.elts) == 2
        and isinstance(value.elts[1], ast.Constant)
        and value.elts[1].value is None
    )


class _BindingReader(ast.NodeVisitor):
    """The names that a module may bind, whatever happens; functions are not entered."""

    def __init__(self, facts: ModuleFacts, package: str) -> None:
        self._facts = facts
        self._package = package
        self._imported: dict[str, str] = {}

    def read(self, tree: ast.Module) -> None:
        for statement in tree.body:
            self.visit(statement)
        self._facts.targets = {name: target for name, target in self._imported.items() if target}

    def _bind(self, name: str, target: str = "") -> None:
        self._facts.names.add(name)
        self._imported[name] = target if self._imported.get(name, target) == target else ""

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self._bind(alias.asname or first, alias.name if alias.asname else first)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = absolute(node, self._package)
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name, f"{module}.{alias.name}")
            else:
                self._facts.stars.append(module)

    def visit_If(self, node: ast.If) -> None:
        """What is imported for type checkers alone is there at most lazily, and then by its name."""
        before = list(self._facts.stars)
        self.generic_visit(node)
        if ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            self._facts.stars[:] = before

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
            if node.id == "__getattr__":
                self._facts.form = _wider(self._facts.form, BOUNDED)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._bind(node.name)
        if node.name == "__getattr__":
            self._facts.form = _wider(self._facts.form, OPEN if _delegates(node) else BOUNDED)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._bind(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its body binds nothing."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "sys.modules":
            if isinstance(node.slice, ast.Name) and node.slice.id == "__name__":
                self._facts.form = _wider(self._facts.form, BOUNDED)
            elif not isinstance(node.slice, ast.Constant):
                self._facts.searched = True
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else called
        if called in _DYNAMIC or (called == "setattr" and len(node.args) > 1):
            self._facts.form = _wider(self._facts.form, OPEN)
        self.generic_visit(node)


def attributes_set(text: bytes) -> frozenset[str]:
    """The attributes that a module may set on what it imports, wherever it does."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    imports = (node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))
    imported = {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}
    return frozenset(name for owner, name in map(_set_by, nodes) if owner in imported)


def _set_by(node: ast.AST) -> tuple[str, str]:
    """What a part of a text sets an attribute on, and the attribute; nothing if it sets none."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return _root(node.value), node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
        name = node.args[1] if len(node.args) > 1 else None
        return (_root(node.args[0]), str(name.value)) if isinstance(name, ast.Constant) else ("", "")
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
        return "", ""
    is_module = isinstance(node.slice, ast.Constant) and ast.unparse(node.value) == "sys.modules"
    return ("sys", ast.literal_eval(node.slice).rpartition(".")[2]) if is_module else ("", "")


def exports(text: bytes) -> frozenset[str] | None:
    """The names in `__all__`, where a module binds it once, to a list of texts; None where it does not."""
    tree = _tree(text)
    if tree is None or text.count(b"__all__") != 1:
        return None
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return _texts_in(statement.value)
    return None


def _texts_in(value: ast.expr) -> frozenset[str] | None:
    """The texts of a list that has nothing else; None for another expression."""
    if not isinstance(value, (ast.List, ast.Tuple)):
        return None
    texts = [element.value for element in value.elts if isinstance(element, ast.Constant)]
    return frozenset(map(str, texts)) if len(texts) == len(value.elts) else None


def _root(node: ast.expr) -> str:
    """The name that an expression starts with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _wider(form: str, other: str) -> str:
    return max(form, other, key=(CLOSED, BOUNDED, OPEN).index)


def _delegates(node: ast.FunctionDef) -> bool:
    """Whether a module's `__getattr__` gives what another object has under any name."""
    own = {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "getattr":
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Name) and first.id not in own:
                return True
    return False


class _StepReader(ast.NodeVisitor):
    """What every import of a module asks for, in order."""

    def __init__(self, facts: ModuleFacts, package: str) -> None:
        self._facts = facts
        self._package = package
        self._aliases: dict[str, str] = {}
        self._annotated = True
        self._guards: tuple[str, ...] = ()

    def _step(self, kind: str, name: str, line: int, base: str = "") -> None:
        self._facts.steps.append(ImportStep(kind, name, base, line, self._guards))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._step(MODULE, alias.name, node.lineno)
            first = alias.name.partition(".")[0]
            self._bind(alias.asname or first, alias.name if alias.asname else first)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = absolute(node, self._package)
        if module == "__future__":
            self._annotated = self._annotated and all(alias.name != "annotations" for alias in node.names)
            return
        self._step(MODULE, module, node.lineno)
        for alias in node.names:
            if alias.name != "*":
                self._step(NAME, f"{module}.{alias.name}", node.lineno, module)
                self._bind(alias.asname or alias.name, f"{module}.{alias.name}")

    def _bind(self, alias: str, name: str) -> None:
        """Keep what a name stands for; nothing where the module binds it in another way too."""
        target = self._facts.targets.get(alias)
        self._aliases[alias] = name if target == name else ""

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = [node.attr]
        base = node.value
        while isinstance(base, ast.Attribute):
            parts.append(base.attr)
            base = base.value
        if not isinstance(base, ast.Name) or not self._aliases.get(base.id):
            self.generic_visit(node)
        elif isinstance(node.ctx, ast.Load):
            self._step(ATTRIBUTE, ".".join([self._aliases[base.id], *reversed(parts)]), node.lineno)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        for statement in node.body:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        given = node.args
        self._visit_all(
            [
                *node.decorator_list,
                *given.defaults,
                *(argument for argument in given.kw_defaults if argument is not None),
            ]
        )
        if self._annotated:
            every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
            self._visit_all(
                argument.annotation for argument in every if argument is not None and argument.annotation is not None
            )
            self._visit_all([node.returns] if node.returns is not None else [])

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        if self._annotated:
            self.visit(node.annotation)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)

    def visit_Try(self, node: ast.Try) -> None:
        self._visit_all(node.finalbody)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        guards = _guards(node.test)
        if guards:
            before, self._guards = self._guards, tuple(sorted({*self._guards, *guards}))
            self._visit_all(node.body)
            self._guards = before

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])

    def visit_Compare(self, node: ast.Compare) -> None:
        self._visit_all([node.left, node.comparators[0]])

    def visit_Assert(self, node: ast.Assert) -> None:
        """Python may leave it out."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_all(default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self.visit(node.generators[0].iter)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self.visit(node.generators[0].iter)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.visit(node.generators[0].iter)

    def visit_With(self, node: ast.With) -> None:
        if all(_lets_errors_through(item.context_expr) for item in node.items):
            self.generic_visit(node)


def _guards(test: ast.expr) -> tuple[str, ...]:
    """The modules whose presence alone makes a condition true; none where it asks for more."""
    if isinstance(test, ast.BoolOp):
        each = [_guards(value) for value in test.values]
        joined = tuple(module for modules in each for module in modules)
        return joined if isinstance(test.op, ast.And) and all(each) else ()
    if isinstance(test, ast.Call):
        if test.args or test.keywords:
            return ()
        test = test.func
    available = _AVAILABLE.fullmatch(next(_names(test), ""))
    return (available["module"].lower(),) if available is not None else ()


def _lets_errors_through(context: ast.expr) -> bool:
    called = context.func if isinstance(context, ast.Call) else context
    return next(_names(called), "") in _PLAIN_CONTEXTS


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id
