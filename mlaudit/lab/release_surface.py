"""What can be imported from a release, as its texts show it, and what its own import needs of other packages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from mlaudit.lab.module_facts import (
    ATTRIBUTE,
    BOUNDED,
    CLOSED,
    MODULE,
    NAME,
    OPEN,
    ImportStep,
    ModuleFacts,
    attributes_set,
    exports,
    facts_of,
)

_SETS = re.compile(
    rb"^[ \t]*(?!self\.|cls\.)[A-Za-z_][\w.]*\.(?P<attribute>\w+)[ \t]*=[^=]"
    rb"|(?:setattr\([^\"'\n]*|sys\.modules\[)[\"'](?:[\w.]*\.)?(?P<text>\w+)[\"']",
    re.MULTILINE,
)
"""Where a text may set attributes of modules."""
_COMPILED = re.compile(r"(?:\.[A-Za-z0-9_-]+)?\.(?:so|pyd|pyx)$")
_ASIDE = frozenset({"docs", "doc", "examples", "benchmarks", "scripts", "tools", "bin", "share", "build"})
_VENDORED = frozenset({"_vendor", "vendor", "vendored", "_vendored", "third_party", "extern", "externals"})
DEPTH = 8
"""Of modules that import everything of one another."""

FactsOf = Callable[[bytes, str, bool], "ModuleFacts | None"]
"""How the facts of a module are read: text, name, whether it is a package."""


_SHARING = (b"declare_namespace(", b"extend_path(")
"""What the text of a package calls below which other packages bring modules too."""
_SHARING_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class NeededName:
    """A name of another package that an import uses.

    Attributes:
        place: file and line.
        guards: modules that must be installed for it to be asked for.
    """

    step: ImportStep
    place: str
    guards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LackedName:
    """What a release does not have of a chain of names.

    Attributes:
        sure: its texts show every name of the module; else it has no such word anywhere, and an installation must show
            that it is missing.
    """

    kind: str
    name: str
    sure: bool


class ReleaseSurface:
    """A release by the paths and texts of its modules."""

    def __init__(
        self, texts: Callable[[], Mapping[str, bytes]], names: Iterable[str], read: FactsOf | None = None
    ) -> None:
        self._texts_of = texts
        self._read = read or (lambda text, module, is_package: facts_of(text, module, is_package=is_package))
        self._files: dict[str, str] = {}
        self.compiled: set[str] = set()
        for name in names:
            self._place(name)
        self._facts: dict[str, ModuleFacts | None] = {}
        self._exported: dict[str, frozenset[str] | None] = {}

    def _place(self, name: str) -> None:
        compiled = _COMPILED.search(name)
        parts = (name[: compiled.start()] if compiled else name.removesuffix(".py")).split("/")
        if not all(part.isidentifier() for part in parts):
            return
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if compiled:
            self.compiled.add(module)
        elif name.endswith("/__init__.py") or module not in self._files:
            self._files[module] = name

    @cached_property
    def _texts(self) -> Mapping[str, bytes]:
        return self._texts_of()

    @cached_property
    def packages(self) -> AbstractSet[str]:
        """The modules below which others lie, with a file of their own or without."""
        return {
            module.rsplit(".", depth)[0]
            for module in (*self._files, *self.compiled)
            for depth in range(1, module.count(".") + 1)
        }

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """The modules that are imported by their first name; below a shared folder, those in it."""
        firsts = {module.partition(".")[0] for module in (*self._files, *self.compiled)} - _ASIDE
        return tuple(top for first in sorted(firsts) for top in self._tops_from(first))

    def _tops_from(self, module: str) -> Iterator[str]:
        """A module, or where it has no file, or one that only says so, those below it."""
        is_own = module in self.compiled or (module in self._files and not self._is_shared(module))
        below = () if is_own else sorted(self._children.get(module, ()))
        if is_own:
            yield module
        for child in below:
            yield from self._tops_from(child)

    @cached_property
    def _children(self) -> Mapping[str, AbstractSet[str]]:
        """The modules right below each, with a file of their own or without."""
        by_parent: dict[str, set[str]] = {}
        for module in (*self._files, *self.compiled, *self.packages):
            parent = module.rpartition(".")[0]
            if parent:
                by_parent.setdefault(parent, set()).add(module)
        return by_parent

    def _is_shared(self, module: str) -> bool:
        """Whether the text of a package does nothing but to let others bring modules below it."""
        text = self._texts.get(self._files[module], b"") if module in self.packages else b""
        return len(text) < _SHARING_SIZE and any(word in text for word in _SHARING)

    def has_module(self, module: str) -> bool:
        """Whether there is a module of a name, a compiled one or a folder of modules."""
        return module in self._files or module in self.compiled or module in self.packages

    def module_facts(self, module: str) -> ModuleFacts | None:
        """The facts of a module; None where it has no readable text."""
        if module not in self._facts:
            file = self._files.get(module)
            text = self._texts.get(file) if file is not None else None
            known = None
            if text is not None and file is not None:
                known = self._read(text, module, file.endswith("__init__.py"))
            self._facts[module] = known
        return self._facts[module]

    def _mentioning(self, word: str) -> Iterator[str]:
        """The modules in whose texts a word stands."""
        wanted = word.encode()
        return (module for module, file in self._files.items() if wanted in self._texts.get(file, b""))

    def missing(self, step: ImportStep) -> LackedName | None:
        """What of a step's name the release surely lacks; None where it has all, or where its texts do not say."""
        answer = self.look_up(step)
        return answer if isinstance(answer, LackedName) else None

    def has(self, step: ImportStep) -> bool:
        """Whether its texts show that the release has what a step names."""
        return self.look_up(step) is True

    def look_up(self, step: ImportStep) -> LackedName | bool | None:
        """What is missing of a name; True: nothing; None: its texts do not say.

        What one of its modules sets on another (`sets`) is not looked for: that takes a look at every text.
        """
        parts = step.name.split(".")
        start = next((top.count(".") + 1 for top in self.tops if f"{step.name}.".startswith(f"{top}.")), 0)
        if not start:
            first = parts[0]
            gone = not self.has_module(first) and bool(self.tops)
            return LackedName(MODULE, first, True) if gone else None
        known = step.base.count(".") + 1 if step.kind == NAME else 0
        module = ".".join(parts[:start])
        for end in range(start, len(parts)):
            last, full = parts[end], ".".join(parts[: end + 1])
            imports = step.kind == MODULE or end < known
            if imports:
                if self.has_module(full):
                    module = full
                    continue
                return self._missing_module(module, full)
            following = self._attribute(module, last, 0)
            if following is False:
                return self._absent(module, last, NAME if step.kind == NAME else ATTRIBUTE)
            if not isinstance(following, str):
                return None if following else True
            module = following
        return True

    def is_readable(self, step: ImportStep) -> bool:
        """Whether the module that a name is imported from is one with a text."""
        return step.kind == NAME and self.module_facts(step.base) is not None and not self._is_compiled(step.base, 0)

    def _is_compiled(self, module: str, depth: int) -> bool:
        """Whether a module has all names of one without a text."""
        facts = self.module_facts(module)
        return facts is None or (
            depth < DEPTH
            and any(
                self._is_compiled(star, depth + 1)
                for star in facts.stars
                if star != module and self._exports(star) is None
            )
        )

    def _missing_module(self, parent: str, full: str) -> LackedName | None:
        facts = self.module_facts(parent)
        if parent in self.compiled or facts is None or facts.searched or self._is_aside(full):
            return None
        if any(known.searched for known in self._loaded(full.partition(".")[0])) or self._puts_in_place(full):
            return None
        return LackedName(MODULE, full, facts.form == CLOSED)

    def _loaded(self, top: str) -> Iterator[ModuleFacts]:
        facts = self.module_facts(top)
        if facts is not None:
            yield facts

    def _puts_in_place(self, full: str) -> bool:
        """Whether a module is put in place under its name as a text."""
        return any(full.encode() in text for text in self._texts.values() if b"sys.modules" in text)

    def _is_aside(self, full: str) -> bool:
        return not _VENDORED.isdisjoint(full.split(".")[1:])

    def _absent(self, module: str, last: str, kind: str) -> LackedName | bool | None:
        facts = self.module_facts(module)
        name = f"{module}.{last}"
        if facts is None or last.startswith("__") or self._puts_in_place(name):
            return None
        form = self._form(module, 0)
        if form in (CLOSED, BOUNDED):
            return last in facts.texts or LackedName(kind, name, form == CLOSED)
        if next(self._mentioning(last), None) is None:
            return LackedName(kind, name, False)
        return None

    def _exports(self, module: str) -> frozenset[str] | None:
        """What `__all__` of a module lists, where that is one list of texts; None where it is not."""
        if module not in self._exported:
            text = self._texts.get(self._files.get(module, ""), b"")
            self._exported[module] = exports(text) if b"__all__" in text else None
        return self._exported[module]

    def _form(self, module: str, depth: int) -> str:
        """How far the text of a module, and those of which it imports everything, say what it has."""
        facts = self.module_facts(module)
        if facts is None or depth > DEPTH:
            return OPEN
        stars = (star for star in facts.stars if star != module and self._exports(star) is None)
        return facts.form if all(self._form(star, depth + 1) == CLOSED for star in stars) else OPEN

    def _attribute(self, module: str, last: str, depth: int) -> str | bool | None:
        """What a module has under a name: a module, something else (None), nothing (False); True: not known."""
        facts = self.module_facts(module)
        full = f"{module}.{last}"
        if facts is None:
            return True
        if last in facts.names:
            target = facts.targets.get(last, "")
            if target == full and self.has_module(full):
                return full
            return target if target and self.has_module(target) else None
        if self.has_module(full):
            return full
        return self._brought(module, last, depth)

    def _brought(self, module: str, last: str, depth: int) -> str | bool | None:
        """What a module has under a name from those of which it imports everything."""
        facts = self.module_facts(module)
        for star in facts.stars if facts is not None else ():
            exported = self._exports(star)
            if exported is not None and last not in exported:
                continue
            if exported is not None:
                return None
            answer = self._attribute(star, last, depth + 1) if depth < DEPTH and star != module else True
            if answer is not False:
                return True if not self.has_module(star) else answer
        return False

    def sets(self, attribute: str) -> bool:
        """Whether any of its modules may set an attribute of what is not its own."""
        modules = self._setting.get(attribute.encode(), ())
        return any(attribute in attributes_set(self._texts[self._files[module]]) for module in modules)

    @cached_property
    def _setting(self) -> Mapping[bytes, Sequence[str]]:
        """The modules that may set attributes of modules, by the attribute."""
        by_attribute: dict[bytes, list[str]] = {}
        for module, file in self._files.items():
            for match in _SETS.finditer(self._texts.get(file, b"")):
                by_attribute.setdefault(match["attribute"] or match["text"], []).append(module)
        return by_attribute

    def file_of(self, module: str) -> str:
        """The path of a module."""
        return self._files.get(module, module)

    def public_parts(self, top: str) -> tuple[str, ...]:
        """The modules right below a top one whose names are no private ones, and below those that load them lazily."""
        below = self._modules_below(top)
        lazy = [module for module in below if module in self.packages and self._is_lazy(module)]
        deeper = (part for module in lazy for part in self._modules_below(module) if part not in self.packages)
        return tuple(sorted((*below, *deeper)))

    def _modules_below(self, top: str) -> list[str]:
        below = (module for module in self._files if module.rpartition(".")[0] == top)
        return [module for module in below if not module.rpartition(".")[2].startswith(("_", "test", "conftest"))]

    def _is_lazy(self, module: str) -> bool:
        """Whether a package gives its names where they are asked for, so that its import shows nothing."""
        facts = self.module_facts(module)
        return facts is not None and facts.form != CLOSED


class ImportWalk:
    """An import, module after module.

    Attributes:
        loaded: what it has imported so far.
    """

    def __init__(
        self, release: ReleaseSurface, loaded: AbstractSet[str] = frozenset(), guards: tuple[str, ...] = ()
    ) -> None:
        self._release = release
        self.loaded = set(loaded)
        self._guards = guards
        self._behind: dict[tuple[str, ...], ImportWalk] = {}

    def walk(self, module: str) -> Iterator[NeededName]:
        """What the import of a module, and before it of those that it lies in, needs of other packages, in order."""
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            yield from self._one(".".join(parts[:end]))

    def _one(self, module: str) -> Iterator[NeededName]:
        facts = None if module in self.loaded else self._release.module_facts(module)
        self.loaded.add(module)
        if facts is None:
            return
        file = self._release.file_of(module)
        for step in facts.steps:
            # What a guarded import loads counts as loaded behind its guard only.
            guards = tuple(sorted({*self._guards, *step.guards}))
            walk = self if guards == self._guards else self._walk_behind(guards)
            if not self._is_own(step.name):
                yield NeededName(step, f"{file}:{step.line}", guards)
            elif step.kind == MODULE:
                yield from walk.walk(step.name)
            elif step.kind == NAME and self._is_part(step):
                yield from walk._one(step.name)

    def _walk_behind(self, guards: tuple[str, ...]) -> ImportWalk:
        if guards not in self._behind:
            self._behind[guards] = ImportWalk(self._release, self.loaded, guards)
        return self._behind[guards]

    def _is_own(self, name: str) -> bool:
        return any(f"{name}.".startswith(f"{top}.") for top in self._release.tops)

    def _is_part(self, step: ImportStep) -> bool:
        """Whether a name that is imported from a module can be nothing but a module below it."""
        facts = self._release.module_facts(step.base)
        own = step.name.rpartition(".")[2]
        if facts is None or not self._release.has_module(step.name):
            return False
        return own not in facts.names or facts.targets.get(own) == step.name
