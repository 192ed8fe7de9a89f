"""What a name of a module is, followed through imports: a class, a function, or something unknown."""

from __future__ import annotations

import ast

from mlaudit.code.package.classes import (
    MAX_BASES,
    OF_OBJECT,
    ClassCode,
    Function,
    Lineage,
    bases_of,
    builtin_members,
    dotted,
    is_standard,
    merged,
)
from mlaudit.code.package.code import PackageCode
from mlaudit.code.package.extension import ExtensionModule
from mlaudit.code.package.modules import ModuleKind, PackageModule, PackageModules
from mlaudit.code.package.source import Imported
from mlaudit.knowledge.object_methods import object_methods
from mlaudit.model.lazy_dataclass import dataclass

MAX_LINE = 80
"""Bases above each other that are followed."""
MAX_STEPS = 400
"""Names of modules that one name leads through, every module of a fan of `import *` among them."""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionCode:
    """A function of a module."""

    module: PackageModule
    node: Function


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionCode:
    """A name that is given a value, such as what `namedtuple` returns."""

    module: PackageModule
    node: ast.expr


@dataclass(frozen=True, slots=True, eq=False)
class ForeignName:
    """A name of a module of which no source is read: of Python itself, a compiled one, or one that is not there."""

    module: str
    name: str


Symbol = ClassCode | FunctionCode | ExpressionCode | ForeignName


class PackageSymbols:
    """The names of the packages of one reader."""

    def __init__(self, code: PackageCode) -> None:
        self.modules = PackageModules(code)
        self._classes: dict[int, tuple[ast.ClassDef, dict[str, ClassCode]]] = {}
        self._lineages: dict[ClassCode, Lineage] = {}
        self._asking: list[ClassCode] = []
        self._found: dict[tuple[str, str], Symbol | None] = {}
        self._extensions: dict[str, ExtensionModule] = {}

    def find(self, module: str, name: str) -> Symbol | None:
        """What a name is, `Outer.Inner` too; None if it is not known."""
        if (module, name) not in self._found:
            self._found[module, name] = self._find(module, name)
        return self._found[module, name]

    def extension(self, module: str) -> ExtensionModule | None:
        """A compiled module; None if there is none of the name."""
        if module not in self._extensions:
            where = self.modules.locate(module)
            if where.kind is not ModuleKind.EXTENSION:
                return None
            self._extensions[module] = ExtensionModule(module, self.modules.code.read_binary(where.path))
        return self._extensions[module]

    def _find(self, module: str, name: str) -> Symbol | None:
        first, *rest = name.split(".")
        code = self._resolved(module, first, set())
        for word in rest:
            if not isinstance(code, ClassCode):
                return None
            inner = next(
                (
                    statement
                    for statement in code.node.body
                    if isinstance(statement, ast.ClassDef) and statement.name == word
                ),
                None,
            )
            code = self.class_code(code.module, inner) if inner is not None else None
        return code

    def _resolved(self, module: str, name: str, asked: set[tuple[str, str]]) -> Symbol | None:
        """What a name of a module is; `asked` is what was looked for before, which leads no further."""
        if len(asked) > MAX_STEPS or (module, name) in asked:
            return None
        asked.add((module, name))
        source = self.modules.module(module)
        if source is None:
            return ForeignName(module, name)
        if name in source.source.names:
            return self._bound(source, name, asked)
        for star, level in source.source.stars:
            followed = self._resolved(source.absolute(star, level), name, asked)
            if followed is not None and not isinstance(followed, ForeignName):
                return followed
        return None

    def _bound(self, source: PackageModule, name: str, asked: set[tuple[str, str]]) -> Symbol | None:
        bound = source.source.names[name]
        if isinstance(bound, ast.ClassDef):
            return self.class_code(source, bound)
        if isinstance(bound, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return FunctionCode(source, bound)
        if isinstance(bound, Imported):
            target = source.absolute(bound.module, bound.level)
            if bound.member is None or not target:
                return None
            return self._resolved(target, bound.member, asked)
        if isinstance(bound, ast.Name) and bound.id != name:
            return self._resolved(source.name, bound.id, asked)
        return ExpressionCode(source, bound) if isinstance(bound, ast.expr) else None

    def class_code(self, module: PackageModule, node: ast.ClassDef) -> ClassCode:
        """The class of a statement in a module."""
        _, known = self._classes.setdefault(id(node), (node, {}))
        if module.name not in known:
            known[module.name] = ClassCode(module, node)
        return known[module.name]

    def written(self, module: PackageModule, words: tuple[str, ...]) -> Symbol | None:
        """What a dotted name in a module is."""
        if len(words) == 1:
            known = words[0] in module.source.names or module.source.stars
            if not known:
                return ForeignName("builtins", words[0])
            return self.find(module.name, words[0])
        bound = module.source.names.get(words[0])
        if not isinstance(bound, Imported):
            return None
        base = module.absolute(bound.module, bound.level)
        inner = ".".join(filter(None, (base, bound.member or "", *words[1:-1])))
        return self.find(inner, words[-1]) if inner else None

    def lineage(self, cls: ClassCode) -> Lineage:
        """A class with its bases; a class that is its own base has none."""
        if cls not in self._lineages:
            # What comes back to this class while its bases are asked finds it without any.
            self._lineages[cls] = Lineage((cls,), frozenset(), is_whole=False)
            self._asking.append(cls)
            if len(self._asking) <= MAX_LINE:
                self._lineages[cls] = self._line(cls)
            self._asking.pop()
        return self._lineages[cls]

    def _line(self, cls: ClassCode) -> Lineage:
        lines: list[tuple[ClassCode, ...]] = []
        inherited: set[str] = set()
        is_whole = not cls.has_metaclass
        for base in bases_of(cls.node):
            words = dotted(base)
            code = self.written(cls.module, words) if words else None
            if isinstance(code, ClassCode) and code is not cls:
                above = self.lineage(code)
                lines.append(above.classes)
                inherited |= above.inherited
                is_whole = is_whole and above.is_whole
            else:
                members = _foreign_members(code)
                is_whole = is_whole and members is not None
                inherited |= members or frozenset()
        order = merged(cls, [*lines, tuple(line[0] for line in lines)])
        return Lineage(order, frozenset(inherited), is_whole=is_whole and len(order) < MAX_BASES)


def _foreign_members(name: Symbol | None) -> frozenset[str] | None:
    """The members that a base outside of what is read gives; None if they are not known."""
    if not isinstance(name, ForeignName):
        return None
    given = object_methods().bases.get(f"{name.module}.{name.name}")
    if given is not None:
        return given | OF_OBJECT
    if name.module == "builtins":
        return builtin_members(name.name)
    if is_standard(name.module, name.name):
        return builtin_members({"OrderedDict": "dict", "defaultdict": "dict"}.get(name.name, "object"))
    return None
