"""One parsed module as an index: its scopes with what each name is bound to, its calls, classes and imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.model.lazy_dataclass import dataclass, field

SOURCE_NODES = Limit(name="nodes of a Python source", most=1_000_000)
MAX_BRANCHES = 24
"""Conditions inside each other that are distinguished."""

MAX_BINDINGS = 8
"""Values of one name that are looked at."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Branch = tuple[tuple[int, str], ...]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


_LATER = (("python_callable", "op_args", "op_kwargs"), ("target", "args", "kwargs"))
"""Keywords that name a function which is called later, and its arguments, in a list and by name."""


@dataclass(frozen=True, slots=True)
class Point:
    """A position in a source and the arms of the conditions around it."""

    line: int
    column: int = 0
    branch: Branch = ()

    def follows(self, other: Point) -> bool:
        """Whether code here runs behind code there, where both belong to one scope."""
        return (other.line, other.column) < (self.line, self.column) and not self._excludes(other)

    def always_follows(self, other: Point) -> bool:
        """Whether code there has always run before code here."""
        return self.branch[: len(other.branch)] == other.branch

    def _excludes(self, other: Point) -> bool:
        arms = dict(self.branch)
        return any(arms.get(number, arm) != arm for number, arm in other.branch)


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One value that a name gets.

    Attributes:
        how: `value`, `iterated`, `parameter`, `import`, `definition`, `annotated` (no value) or `grown` (`+=`).
        node: the expression, the parameter, or the statement.
        scope: where the expression is evaluated.
        route: the places of the name inside a tuple that is unpacked.
        inner: the scope of the function or class that is defined.
        module, member, level: of an import.
        end: of a variable of a comprehension, where that ends.
    """

    how: str
    node: ast.AST
    scope: NameScope
    point: Point
    route: tuple[int, ...] = ()
    inner: NameScope | None = None
    module: str = ""
    member: str = ""
    level: int = 0
    end: Point | None = None

    def holds_at(self, point: Point) -> bool:
        """Whether code at a position of its scope may get this value."""
        return point.follows(self.point) and (self.end is None or self.end.follows(point))


@dataclass(slots=True, eq=False)
class NameScope:
    """A module, class or function with its names; of a class also the attributes that methods set on `self`."""

    node: ast.AST
    kind: str
    name: str
    source: ModuleSource
    parent: NameScope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    returns: list[tuple[ast.expr, Point]] = field(default_factory=list)
    main_blocks: list[ast.If] = field(default_factory=list)

    @property
    def owner(self) -> NameScope | None:
        """The class whose method this is."""
        return self.parent if self.parent is not None and self.parent.kind == "class" else None

    @property
    def outer(self) -> NameScope:
        """The scope in which it is defined; the module's own is in none but itself."""
        return self.parent or self

    @property
    def point(self) -> Point:
        """Where the definition of a function or class is in its parent."""
        return Point(self.node.lineno)  # type: ignore[attr-defined]

    @property
    def qualified_name(self) -> str:
        """`Trainer.save`, empty for the module."""
        if self.parent is None:
            return ""
        before = self.parent.qualified_name
        return f"{before}.{self.name}" if before else self.name

    def functions(self) -> Iterator[NameScope]:
        """The scope and those around it, the module last."""
        scope: NameScope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(frozen=True, slots=True, eq=False)
class CallPlace:
    """A call and where it is."""

    call: ast.Call
    scope: NameScope
    point: Point


@dataclass(slots=True, eq=False)
class ModuleSource:
    """The index of one source; `lines` maps its lines to those of the file (of a notebook)."""

    path: str
    lines: tuple[int, ...] = ()
    top: NameScope = field(init=False)
    scopes: list[NameScope] = field(default_factory=list)
    calls: list[CallPlace] = field(default_factory=list)
    imports: list[Binding] = field(default_factory=list)

    def line(self, number: int) -> int:
        """The line in the file."""
        return self.lines[min(number, len(self.lines)) - 1] if self.lines else number


def index_module(path: str, tree: ast.Module, lines: tuple[int, ...] = ()) -> ModuleSource:
    """The index of a tree. Raises BudgetExceeded."""
    source = ModuleSource(path=path, lines=lines)
    source.top = NameScope(node=tree, kind="module", name="", source=source)
    source.scopes.append(source.top)
    _Indexer(source).run(tree.body)
    for scope in source.scopes:
        for bindings in (*scope.bindings.values(), *scope.attributes.values()):
            bindings.sort(key=lambda binding: (binding.point.line, binding.point.column))
    return source


_Task = tuple[list[ast.stmt], NameScope, Branch]


class _Indexer:
    """Takes statements from a list, so that no nesting of the source is one of this program."""

    def __init__(self, source: ModuleSource) -> None:
        self.source = source
        self.waiting: list[_Task] = []

    def run(self, body: list[ast.stmt]) -> None:
        self.waiting.append((body, self.source.top, ()))
        while self.waiting:
            statements, scope, branch = self.waiting.pop()
            for statement in statements:
                self._statement(statement, scope, branch)

    def _statement(self, node: ast.stmt, scope: NameScope, branch: Branch) -> None:
        point = Point(node.lineno, node.col_offset, branch)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._definition(node, scope, point)
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, scope, point)
            return
        for expression in _expressions(node):
            self._expression(expression, scope, point)
        self._bind(node, scope, point)
        self._blocks(node, scope, branch)

    def _definition(self, node: Function | ast.ClassDef, scope: NameScope, point: Point) -> None:
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        inner = NameScope(node=node, kind=kind, name=node.name, source=self.source, parent=scope)
        self.source.scopes.append(inner)
        self._add(scope, node.name, Binding("definition", node, scope, point, inner=inner))
        for decorator in node.decorator_list:
            self._expression(decorator, scope, point)
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self._expression(base, scope, point)
        else:
            self._parameters(node, inner, point)
        self.waiting.append((node.body, inner, ()))

    def _parameters(self, node: Function, inner: NameScope, point: Point) -> None:
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self._add(inner, argument.arg, Binding("parameter", argument, inner, Point(node.lineno)))
        if arguments.kwarg is not None:
            self._add(inner, arguments.kwarg.arg, Binding("keywords", arguments.kwarg, inner, Point(node.lineno)))
        for default in (
            *arguments.defaults,
            *(expression for expression in arguments.kw_defaults if expression is not None),
        ):
            self._expression(default, inner.outer, point)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: NameScope, point: Point) -> None:
        for alias in node.names[:1000]:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                module, member, level = alias.name if alias.asname else name, "", 0
                binding = Binding("import", node, scope, point, module=module, member=member, level=level)
                if not alias.asname and "." in alias.name:
                    self.source.imports.append(Binding("import", node, scope, point, module=alias.name))
            else:
                name = alias.asname or alias.name
                binding = Binding(
                    "import", node, scope, point, module=node.module or "", member=alias.name, level=node.level
                )
            self.source.imports.append(binding)
            self._add(scope, name, binding)

    def _blocks(self, node: ast.stmt, scope: NameScope, branch: Branch) -> None:
        for arm in ("body", "orelse", "finalbody", "handlers", "cases"):
            for part in (getattr(node, arm, None),):
                if part and isinstance(part[0], ast.stmt):
                    self.waiting.append((part, scope, _inside(branch, node, arm)))
                elif part:
                    self._handlers(part, scope, branch)

    def _handlers(self, parts: list[ast.AST], scope: NameScope, branch: Branch) -> None:
        for number, part in enumerate(parts):
            self.waiting.append((getattr(part, "body", []), scope, _inside(branch, part, str(number))))

    def _bind(self, node: ast.stmt, scope: NameScope, point: Point) -> None:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self._assign(node, scope, point)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            inside = Point(point.line, point.column, _inside(point.branch, node, "body"))
            self._target(node.target, node.iter, scope, inside, how="iterated")
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self._target(item.optional_vars, item.context_expr, scope, point)
        elif isinstance(node, ast.Return) and node.value is not None:
            scope.returns.append((node.value, point))
        elif isinstance(node, ast.If) and _is_main(node.test):
            self.source.top.main_blocks.append(node)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: NameScope, point: Point) -> None:
        # The name has its value behind the statement: in `path = fetched(path)` the argument is the one before.
        point = Point(node.end_lineno or point.line, node.end_col_offset or point.column, point.branch)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._target(target, node.value, scope, point)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._target(node.target, node.value, scope, point)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self._add(scope, node.target.id, Binding("annotated", node.annotation, scope, point))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._add(scope, node.target.id, Binding("grown", node, scope, point))

    def _target(
        self,
        target: ast.expr,
        value: ast.expr,
        scope: NameScope,
        point: Point,
        *,
        how: str = "value",
        end: Point | None = None,
    ) -> None:
        waiting: list[tuple[ast.expr, tuple[int, ...]]] = [(target, ())]
        while waiting:
            part, route = waiting.pop()
            if isinstance(part, (ast.Tuple, ast.List)):
                waiting.extend((expression, (*route, number)) for number, expression in enumerate(part.elts))
            elif isinstance(part, ast.Name):
                self._add(scope, part.id, Binding(how, value, scope, point, route=route, end=end))
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                self._attribute(part.value.id, part.attr, Binding(how, value, scope, point, route=route))

    def _attribute(self, name: str, attribute: str, binding: Binding) -> None:
        """`self.path = ...` in a method is an attribute of its class."""
        owner = binding.scope.owner
        if owner is not None and name in ("self", "cls"):
            owner.attributes.setdefault(attribute, []).append(binding)

    def _expression(self, node: ast.expr, scope: NameScope, point: Point) -> None:
        count = 0
        for part in ast.walk(node):
            count += 1
            if isinstance(part, ast.Call):
                here = Point(part.lineno, part.col_offset, point.branch)
                self.source.calls += [CallPlace(call, scope, here) for call in (part, *_later_calls(part))]
            elif isinstance(part, ast.NamedExpr):
                self._target(part.target, part.value, scope, point)
            elif isinstance(part, _COMPREHENSIONS):
                start = Point(part.lineno, part.col_offset, point.branch)
                end = Point(part.end_lineno or 0, part.end_col_offset or 0)
                for generator in part.generators:
                    self._target(generator.target, generator.iter, scope, start, how="iterated", end=end)
        spend(SOURCE_NODES, count)

    @staticmethod
    def _add(scope: NameScope, name: str, binding: Binding) -> None:
        scope.bindings.setdefault(name, []).append(binding)


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, those of its `with`, `except` and `case` included."""
    for child in ast.iter_child_nodes(node):
        parts = (child,) if isinstance(child, ast.expr | ast.stmt) else ast.iter_child_nodes(child)
        yield from (part for part in parts if isinstance(part, ast.expr))


def _later_calls(call: ast.Call) -> Iterator[ast.Call]:
    """The call that a task or thread makes: `PythonOperator(python_callable=fit, op_kwargs={"name": "churn"})`.

    https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/operators/python.html,
    https://docs.python.org/3/library/threading.html#threading.Thread
    """
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    for function, listed, named in _LATER:
        called, positional, by_name = (given.get(word) for word in (function, listed, named))
        if not isinstance(called, (ast.Name, ast.Attribute)) or (positional is None and by_name is None):
            continue
        pairs = zip(by_name.keys, by_name.values, strict=True) if isinstance(by_name, ast.Dict) else ()
        keywords = [
            ast.keyword(arg=key.value, value=value)
            for key, value in pairs
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        args = positional.elts if isinstance(positional, (ast.List, ast.Tuple)) else []
        yield ast.copy_location(ast.Call(func=called, args=args, keywords=keywords), call)


def _inside(branch: Branch, node: ast.AST, arm: str) -> Branch:
    if isinstance(node, (ast.With, ast.AsyncWith)) or len(branch) >= MAX_BRANCHES:
        return branch
    if isinstance(node, ast.Try) and arm in ("body", "finalbody"):
        return branch
    number = id(node) if not isinstance(node, ast.ExceptHandler) else -id(node)
    return (*branch, (number, arm))


def _is_main(test: ast.expr) -> bool:
    """`if __name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.comparators) == 1
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def last_name(node: ast.AST | None) -> str:
    """The last word of a name (`dump` of `joblib.dump`), empty for any other expression."""
    return getattr(node, "attr", None) or getattr(node, "id", None) or ""


def choose_bindings(bindings: list[Binding], point: Point) -> list[Binding]:
    """Those of a name's bindings that may hold at a position, the last first."""
    chosen: list[Binding] = []
    for binding in reversed(bindings):
        if not binding.holds_at(point):
            continue
        chosen.append(binding)
        if binding.end is not None or (point.always_follows(binding.point) and binding.how != "iterated"):
            break
    return (chosen or bindings[::-1])[:MAX_BINDINGS]
