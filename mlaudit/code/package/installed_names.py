"""Whether the packages of a reader have the names that a pickle imports; what cannot be determined is unknown.

A name is missing only if nothing can bring it: no statement of its module, no `*` import, no module `__getattr__`,
no string of a compiled module, and no other file of the package that sets it from outside. `pickle` imports by module
and qualified name: https://docs.python.org/3/library/pickle.html#pickle.Unpickler
"""

from __future__ import annotations

import ast
import posixpath
import re
from itertools import accumulate

from mlaudit.code.package.defined_names import (
    NameAnswer,
    NamesOfModule,
    fills_module,
    names_of_source,
    searched_text,
)
from mlaudit.code.package.extension import ExtensionModule
from mlaudit.code.package.modules import LocatedModule, ModuleKind
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_STARS = 40
"""Modules that `*` imports lead through for one name."""
MAX_SEARCHES = 200
"""Names for which all sources of a package are searched; nothing is reported about further ones."""

_LEADS_ELSEWHERE = lazy_pattern(rb"meta_path|path_hooks|__path__|LazyModule|add_module|sys\.modules")
"""Words by which the `__init__.py` of a package looks for its modules elsewhere."""
_REPLACES_MODULES = lazy_pattern(
    rb"sys\.modules\s{0,9}\[[^\]]{0,300}\]\s{0,9}(?:=(?!=)|\.__dict__)|sys\.modules\.(?:setdefault|update)"
    rb"|(?:setattr|vars)\(\s{0,9}sys\.modules|=\s{0,9}sys\.modules\b(?!\s{0,9}[\[.])|from sys import"
    rb"|meta_path|path_hooks|add_module|LazyModule"
)
"""Code that puts a module, or names of one, where no file has them."""
_FINDS_CLASSES = lazy_pattern(rb"find_class|Unpickler")
_COMPUTES_NAMES = frozenset(("getattr", "import_module", "__import__", "globals", "exec", "eval", "attach", "vars"))


class InstalledNames:
    """The names of the packages in one folder of an import path.

    `has_own_loader` where the artifact may be read by the package's own loader, which looks names up in its own way.
    """

    def __init__(self, symbols: PackageSymbols, *, has_own_loader: bool = True) -> None:
        self._symbols = symbols
        self._modules = symbols.modules
        self._has_own_loader = has_own_loader
        self._names: dict[str, NamesOfModule | None] = {}
        self._texts: dict[str, list[bytes] | None] = {}
        self._leading: dict[str, bool] = {}
        self._by_word: dict[str, list[str]] | None = None
        self._searches = 0

    def answer(self, module: str, name: str) -> NameAnswer:
        """Whether a module of the folder has a name."""
        words = name.split(".")
        where = self._modules.locate(module)
        if where.kind is ModuleKind.UNKNOWN and self._registers_in_full(module, words[0]):
            return NameAnswer.NO_MODULE
        if where.kind is ModuleKind.UNKNOWN and self._is_not_compiled(module, words[0]):
            return NameAnswer.NO_NAME
        if where.kind is ModuleKind.UNKNOWN or not all(word.isidentifier() for word in words):
            return NameAnswer.UNKNOWN
        if self._searches > MAX_SEARCHES or self._is_led_elsewhere(module):
            return NameAnswer.UNKNOWN
        if where.kind is ModuleKind.GONE:
            return NameAnswer.UNKNOWN if self._may_be_module(module, where.gone, name) else NameAnswer.NO_MODULE
        if where.kind is ModuleKind.FOLDER:
            return NameAnswer.UNKNOWN
        answer = self._in_extension(module, words) if where.kind is ModuleKind.EXTENSION else None
        answer = answer or self._defined(module, where, name, set())
        if answer is NameAnswer.NO_NAME and self._may_be_set(module, words[-1]):
            return NameAnswer.UNKNOWN
        return answer

    def answer_of_module(self, module: str) -> NameAnswer:
        """Whether the folder has a module."""
        where = self._modules.locate(module)
        if where.kind is not ModuleKind.GONE:
            return NameAnswer.UNKNOWN if where.kind is ModuleKind.UNKNOWN else NameAnswer.DEFINED
        if self._searches > MAX_SEARCHES or self._is_led_elsewhere(module):
            return NameAnswer.UNKNOWN
        words = module.rpartition(".")
        return NameAnswer.UNKNOWN if self._may_be_module(module, where.gone, words[2]) else NameAnswer.NO_MODULE

    def _registers_in_full(self, module: str, name: str) -> bool:
        """Whether compiled modules of a bare name are in packages only, and each has the name under its full name.

        Old releases compile some under a bare name (`_loss`), by which their objects are pickled.
        """
        modules = self._bare(module)
        return bool(modules) and all(
            extension_module is not None and extension_module.has_type_in_full(name) for extension_module in modules
        )

    def _is_not_compiled(self, module: str, name: str) -> bool:
        """Whether the one compiled module of a bare name, under whatever name it is known, lacks a name."""
        modules = self._bare(module)
        return len(modules) == 1 and modules[0] is not None and modules[0].has(name) is False

    def _bare(self, module: str) -> list[ExtensionModule | None]:
        """The compiled modules in packages whose last word is a bare name that nothing outside of packages has."""
        names = self._modules.code.names("")
        if not module.startswith("_") or names is None:
            return []
        if any(entry.partition(".")[0] == module for entry in names):
            return []
        return [self._symbols.extension(file) for file in self._compiled().get(module, [])]

    def _compiled(self) -> dict[str, list[str]]:
        """The compiled modules inside packages, by their last word."""
        if self._by_word is None:
            self._by_word = {}
            for module in self._modules.extensions():
                self._by_word.setdefault(module.rpartition(".")[2], []).append(module)
        return self._by_word

    def path_of(self, module: str) -> str:
        """The file of a module; of a missing one the folder of its package."""
        return self._modules.locate(module).path or module.partition(".")[0]

    def _in_extension(self, module: str, words: list[str]) -> NameAnswer:
        extension = self._symbols.extension(module)
        has = extension.has(words[0]) if extension is not None else None
        if has is None:
            return NameAnswer.UNKNOWN
        if not has:
            return NameAnswer.NO_NAME
        return NameAnswer.DEFINED if len(words) == 1 else NameAnswer.UNKNOWN

    def _is_led_elsewhere(self, module: str) -> bool:
        """Whether a package around a module looks for its modules elsewhere."""
        return any(map(self._leads, accumulate(module.split("."), "{}.{}".format)))

    def _leads(self, package: str) -> bool:
        if package not in self._leading:
            where = self._modules.locate(package)
            leads = False
            if where.is_package:
                data = self._modules.code.read(where.path)
                leads = data is None or _LEADS_ELSEWHERE.search(searched_text(data)) is not None
            self._leading[package] = leads
        return self._leading[package]

    def _defined(self, module: str, where: LocatedModule, name: str, seen: set[str]) -> NameAnswer:
        """Whether a file has a name, by itself or by its `*` imports."""
        if where.path in seen:
            return NameAnswer.NO_NAME
        seen.add(where.path)
        names = self._names_of(where)
        if names is None or len(seen) > MAX_STARS:
            return NameAnswer.UNKNOWN
        first = name.partition(".")[0]
        answer = names.answer(name)
        if answer is NameAnswer.UNKNOWN and first not in names.bound and self._is_refused_by_hook(names, where, first):
            answer = NameAnswer.NO_NAME
        if answer is not NameAnswer.NO_NAME:
            return answer
        if where.is_package and self._is_submodule(posixpath.dirname(where.path), first):
            return NameAnswer.UNKNOWN
        return self._by_stars(module, names, name, seen)

    def _by_stars(self, module: str, names: NamesOfModule, name: str, seen: set[str]) -> NameAnswer:
        source = self._modules.module(module)
        for star, level in names.stars:
            inner = source.absolute(star, level) if source is not None else ""
            followed = NameAnswer.UNKNOWN
            if inner:
                target = self._modules.locate(inner)
                if target.kind is ModuleKind.EXTENSION:
                    followed = self._in_extension(inner, name.split("."))
                elif target.kind is ModuleKind.SOURCE:
                    followed = self._defined(inner, target, name, seen)
            if followed is not NameAnswer.NO_NAME:
                return followed
        return NameAnswer.NO_NAME

    def _is_refused_by_hook(self, names: NamesOfModule, where: LocatedModule, name: str) -> bool:
        """Whether the `__getattr__` of a module surely raises for a name that its source does not contain."""
        data = searched_text(self._modules.code.read(where.path) or b"")
        if len(names.hooks) != 1 or _REPLACES_MODULES.search(data) is not None or name.encode() in data:
            return False
        hook = names.hooks[0]
        if not isinstance(hook, ast.FunctionDef):
            return False
        return _raises_attribute_error(hook) and not _computes_names(hook)

    def _is_submodule(self, folder: str, word: str) -> bool:
        entries = self._modules.code.names(folder)
        return entries is None or any(entry.partition(".")[0] == word for entry in entries)

    def _names_of(self, where: LocatedModule) -> NamesOfModule | None:
        path = where.path
        if path not in self._names:
            data = self._modules.code.read(path) if where.kind is ModuleKind.SOURCE else None
            self._names[path] = names_of_source(data, _REPLACES_MODULES, is_imported=True) if data is not None else None
        return self._names[path]

    def _may_be_set(self, module: str, word: str) -> bool:
        """Whether some file of a package may give a module a name by its text, or by any text."""
        parts = module.split(".")
        texts = self._searched(parts[0])
        if texts is None:
            return True
        return any(self._sets_name(text, word) or fills_module(text, parts[-1]) for text in texts)

    def _sets_name(self, text: bytes, word: str) -> bool:
        encoded = re.escape(word.encode())
        if word.encode() not in text:
            return False
        if re.search(rb"\." + encoded + rb"\s{0,9}=(?!=)", text):
            return True
        is_word = re.search(rb"(?<!\w)" + encoded + rb"(?!\w)", text) is not None
        if is_word and (_REPLACES_MODULES.search(text) or self._finds_classes(text)):
            return True
        is_text = re.search(rb"['\"]" + encoded + rb"['\"]", text) is not None
        return is_text and (b"setattr(" in text or b"__dict__" in text or b"vars(" in text)

    def _may_be_module(self, module: str, gone: str, name: str) -> bool:
        """Whether some file of a package may put a module, or the names of one, in the place of a missing one."""
        texts = self._searched(module.partition(".")[0])
        if texts is None:
            return True
        quoted = re.compile(rb"['\"](?:[\w.]{0,200}\.)?" + re.escape(gone.encode()) + rb"(?:\.[\w.]{0,200})?['\"]")
        for text in texts:
            replaces = _REPLACES_MODULES.search(text) is not None
            if gone.encode() in text and (replaces or self._finds_classes(text)) and quoted.search(text):
                return True
            if name.encode() in text and self._finds_classes(text):
                return True
        return False

    def _finds_classes(self, text: bytes) -> bool:
        return self._has_own_loader and _FINDS_CLASSES.search(text) is not None

    def _searched(self, top: str) -> list[bytes] | None:
        """Every source of a package or module; None if not all of them can be had."""
        self._searches += 1
        if top not in self._texts:
            code = self._modules.code
            is_file = code.names(top) is None
            texts = [code.read(f"{top}.py")] if is_file else list(code.sources(top))
            self._texts[top] = None if None in texts else [searched_text(text) for text in texts if text is not None]
        return self._texts[top]


def _raises_attribute_error(hook: ast.FunctionDef) -> bool:
    for node in ast.walk(hook):
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(called, ast.Name) and called.id == "AttributeError":
                return True
    return False


def _computes_names(hook: ast.FunctionDef) -> bool:
    """Whether a hook may find a name in another way than by comparing it with texts of its source."""
    for node in ast.walk(hook):
        if isinstance(node, ast.Call):
            word = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if word in _COMPUTES_NAMES:
                return True
    return False
