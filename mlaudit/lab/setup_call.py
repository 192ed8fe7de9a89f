"""What a setup.py gives to `setup()`, followed statement by statement without running it.

Where a condition hangs on what the source does not tell, both ways are followed, and what they do not agree on is
UNKNOWN. So a requirement that is told here is one that every build of the release has.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from mlaudit.lab.setup_expressions import SETUP, SetupExpressions, is_setup
from mlaudit.lab.setup_names import LeftFunction, OwnFunction, SetupNames, UnfollowedSetup
from mlaudit.lab.setup_values import MODULES, UNKNOWN, KnownModule, applied, copied, is_known, method_called, spoil

MAX_MODULE = 30_000
"""Characters of a module beside setup.py that is followed too."""
INSTALL, EXTRAS = "install_requires", "extras_require"
UNKNOWN_NAME = "UNKNOWN"
"""The keyword under which keywords stand that are not told."""


def setup_arguments(source: str, text_of: Callable[[str], str | None]) -> Mapping[str, object] | None:
    """The keywords of the one call of `setup()`, None where it cannot be followed.

    Args:
        text_of: the text of a file beside setup.py, None if there is none.
    """
    follower = SetupFollower(text_of)
    try:
        follower.run_module(source, {"__name__": "__main__", "__file__": "setup.py"})
    except (UnfollowedSetup, SyntaxError, ValueError, RecursionError):
        return None
    calls = follower.calls
    return calls[0] if calls and all(call == calls[0] for call in calls) else None


@dataclass(slots=True)
class SetupFollower(SetupExpressions):
    """Follows statements; `calls` are the keywords of each call of `setup()`."""

    text_of: Callable[[str], str | None]
    calls: list[dict[str, object]] = field(default_factory=list)
    _steps: int = 0
    _depth: int = 0
    _modules: dict[str, dict[str, object]] = field(default_factory=dict)

    def run_module(self, source: str, names: dict[str, object]) -> dict[str, object]:
        """The names of a module after its statements. Raises UnfollowedSetup, SyntaxError."""
        self.run(ast.parse(source).body, SetupNames(names))
        return names

    def run(self, body: Sequence[ast.stmt], names: SetupNames) -> None:
        """Follow statements. Raises LeftFunction, UnfollowedSetup."""
        for statement in body:
            self.step()
            handler = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if handler is None:
                self._forget(statement, names)
            else:
                handler(statement, names)

    def _forget(self, node: ast.AST, names: SetupNames) -> None:
        """Everything that a statement names may be anything after it."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                spoil(names.here.get(inner.id))
                names.here[inner.id] = UNKNOWN
            if isinstance(inner, ast.Call) and is_setup(inner):
                raise UnfollowedSetup

    def _pass(self, node: ast.Pass, names: SetupNames) -> None:
        pass

    _assert = _global = _pass

    def _raise(self, node: ast.Raise, names: SetupNames) -> None:
        """A build that gets here makes no release: what is beside it is what counts."""

    def _expr(self, node: ast.Expr, names: SetupNames) -> None:
        self.value(node.value, names)

    def _import(self, node: ast.Import, names: SetupNames) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else bound
            names.here[bound] = KnownModule(module) if module in MODULES else self._own_module(alias.name, alias.asname)

    def _importfrom(self, node: ast.ImportFrom, names: SetupNames) -> None:
        module = node.module or ""
        for alias in node.names:
            full, bound = f"{module}.{alias.name}", alias.asname or alias.name
            if alias.name == SETUP:
                names.here[bound] = UNKNOWN
            elif module in MODULES:
                names.here[bound] = self.of_module(full)
            else:
                own = self._own_module(module, module)
                names.here[bound] = own.get(alias.name, UNKNOWN) if isinstance(own, dict) else UNKNOWN

    def _own_module(self, name: str, bound: str | None) -> object:
        """The names of a module in the source tree; only where the import binds that module itself."""
        if bound is None and "." in name:
            return UNKNOWN
        path = f"{name.replace('.', '/')}.py"
        text = self.text_of(path) if name and name not in self._modules else None
        if text is not None and len(text) <= MAX_MODULE:
            self._modules[name] = {"__name__": name, "__file__": path}
            try:
                self.run_module(text, self._modules[name])
            except (SyntaxError, ValueError):
                self._modules.pop(name)
        return self._modules.get(name, UNKNOWN)

    def _functiondef(self, node: ast.FunctionDef, names: SetupNames) -> None:
        names.here[node.name] = UNKNOWN if node.decorator_list else OwnFunction(node, names.module)

    def _classdef(self, node: ast.ClassDef, names: SetupNames) -> None:
        names.here[node.name] = UNKNOWN

    def _return(self, node: ast.Return, names: SetupNames) -> None:
        raise LeftFunction(self.value(node.value, names) if node.value is not None else None)

    def _assign(self, node: ast.Assign, names: SetupNames) -> None:
        value = self.value(node.value, names)
        for target in node.targets:
            self.bind(target, value, names)

    def _annassign(self, node: ast.AnnAssign, names: SetupNames) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value, names), names)

    def _augassign(self, node: ast.AugAssign, names: SetupNames) -> None:
        before = self.value(node.target, names)
        added = self.value(node.value, names)
        if isinstance(before, list) and isinstance(node.op, ast.Add):
            method_called(before, "extend", [added], {})
        else:
            self.bind(node.target, applied(type(node.op), before, added), names)

    def _if(self, node: ast.If, names: SetupNames) -> None:
        test = self.value(node.test, names)
        if is_known(test):
            self.run(node.body if test else node.orelse, names)
        elif not (node.body and isinstance(node.body[-1], ast.Raise)) and not self._ends(node.body):
            self._run_either(node.body, node.orelse, names)
        else:
            self.run(node.orelse, names)

    def _ends(self, body: Sequence[ast.stmt]) -> bool:
        """Whether a branch gives the build up."""
        last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
        return isinstance(last, ast.Call) and ast.unparse(last.func) in ("sys.exit", "exit", "quit", "os._exit")

    def _run_either(self, first: Sequence[ast.stmt], second: Sequence[ast.stmt], names: SetupNames) -> None:
        """Both ways, and then what they agree on."""
        seen: dict[int, object] = {}
        layers = [names.module] if names.local is None else [names.module, names.local]
        others = [copied(layer, seen) for layer in layers]
        way = self.run_way(first, names)
        other = SetupNames(*(layer for layer in others if isinstance(layer, dict)))
        ways = way, self.run_way(second, other)
        for layer, beside in zip(layers, (other.module, other.local), strict=False):
            _keep_common(layer, beside or {})
        if ways[0] is not None or ways[1] is not None:
            same = ways[0] is not None and ways[1] is not None and ways[0].value == ways[1].value
            raise LeftFunction(ways[0].value if same and ways[0] is not None else UNKNOWN)

    def _try(self, node: ast.Try, names: SetupNames) -> None:
        imports = (inner for statement in node.body for inner in ast.walk(statement))
        if node.handlers and any(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in imports):
            self._run_either([*node.body, *node.orelse], node.handlers[0].body, names)
        else:
            self.run([*node.body, *node.orelse], names)
        self.run(node.finalbody, names)

    def _with(self, node: ast.With, names: SetupNames) -> None:
        for item in node.items:
            value = self.value(item.context_expr, names)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, names)
        self.run(node.body, names)

    def _for(self, node: ast.For, names: SetupNames) -> None:
        values = self.members(self.value(node.iter, names))
        jumps = any(isinstance(inner, (ast.Break, ast.Continue)) for part in node.body for inner in ast.walk(part))
        if values is None or (jumps and not self._only_continues(node)):
            self._forget(node, names)
            return
        for value in values:
            self.bind(node.target, value, names)
            self._run_round(node.body, names)
        self.run(node.orelse, names)

    def _only_continues(self, node: ast.For) -> bool:
        """Whether each jump stands at the end of an `if` directly in the loop."""
        own = [
            statement
            for statement in node.body
            if isinstance(statement, ast.If) and statement.body and not statement.orelse
        ]
        ends = [branch.body[-1] for branch in own if isinstance(branch.body[-1], ast.Continue)]
        every = [jump for part in node.body for jump in ast.walk(part) if isinstance(jump, (ast.Break, ast.Continue))]
        return len(ends) == len(every)

    def _run_round(self, body: Sequence[ast.stmt], names: SetupNames) -> None:
        for at, statement in enumerate(body):
            if isinstance(statement, ast.If) and statement.body and isinstance(statement.body[-1], ast.Continue):
                self._if(ast.If(statement.test, statement.body[:-1], list(body[at + 1 :])), names)
                return
            self.run([statement], names)


def _keep_common(names: dict[str, object], others: Mapping[str, object]) -> None:
    """Leave what two ways agree on; a container that differs is spoilt, since others may hold it."""
    for name in {*names, *others}:
        if name in names and name in others and _is_same(names[name], others[name]):
            continue
        own, other = names.get(name), others.get(name)
        if isinstance(own, dict) and isinstance(other, dict):
            _keep_common(own, other)
            continue
        spoil(own)
        names[name] = UNKNOWN


def _is_same(first: object, second: object) -> bool:
    return first is second or (type(first) is type(second) and first == second)


def required_texts(given: Mapping[str, object]) -> tuple[str, ...] | None:
    """The requirements in the keywords of `setup()`, as METADATA has them; None where they are not all told.

    Those of an extra that is not told are left out.
    """
    texts = _lines(given.get(INSTALL, []))
    if texts is None:
        return None
    extras = given.get(EXTRAS)
    for name, members in extras.items() if isinstance(extras, dict) else ():
        lines = _lines(members)
        if isinstance(name, str) and lines is not None:
            texts += [_under_extra(text, name) for text in lines]
    return tuple(texts)


def _lines(value: object) -> list[str] | None:
    """A list of requirements, or a text of one a line, without comments."""
    if value is None or not is_known(value) or not isinstance(value, (str, list, tuple)):
        return [] if value is None else None
    several = value.splitlines() if isinstance(value, str) else value
    kept: list[str] = []
    for entry in several:
        nested = [entry] if isinstance(entry, str) else _lines(entry)
        if nested is None:
            return None
        lines = (line.partition(" #")[0].strip() for text in nested for line in text.splitlines())
        kept += (line for line in lines if line and not line.startswith("#"))
    return kept


def _under_extra(text: str, name: str) -> str:
    """A requirement under an extra, or under the marker that stands behind a colon."""
    extra, _, condition = name.partition(":")
    bare, _, marker = text.partition(";")
    atoms = [f"({condition_text.strip()})" for condition_text in (marker, condition) if condition_text.strip()]
    atoms += [f'extra == "{canonicalize_name(extra)}"'] if extra.strip() else []
    return f"{bare.strip()} ; {' and '.join(atoms)}" if atoms else bare.strip()
