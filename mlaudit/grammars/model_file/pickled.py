"""From what a pickle's walk found to statements: libraries, their versions and ranges, classes, Pythons."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.embedded import payload_version
from mlaudit.grammars.model_file.formats import Family, ModulePath, formats
from mlaudit.grammars.model_file.pickle_values import Dict, Global, Instance
from mlaudit.grammars.model_file.pickle_walk import PickleContents
from mlaudit.grammars.model_file.recorded import artifact, exact, python, ranged
from mlaudit.model.artifacts import PickledName
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Fact, Place, Statement, Strength
from mlaudit.model.versions import both, disjoint

PLAIN = "python.pickle"
BYTECODE = {"dill": "python.bytecode-dill"}
LAST_DUMP = "the version of the last dump, not of the training"

_BY_PATHS = "known from module paths; no version is recorded"
_SUPPORT = frozenset({"numpy", "joblib", "cloudpickle", "dill"})
_BUILT_IN = frozenset(sys.stdlib_module_names) | {"__builtin__", "copy_reg", "exceptions", "UserDict", "Queue"}


@dataclass(slots=True)
class Library:
    """What the pickle states about one package."""

    family: Family
    kinds: dict[str, None] = field(default_factory=dict)
    specifiers: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """What the pickle holds, by packages."""

    found: PickleContents
    libraries: dict[str, Library]
    kind: str
    classes: tuple[str, ...]
    strangers: tuple[str, ...]


def contents(found: PickleContents) -> Contents:
    """Sort what a walk found."""
    libraries: dict[str, Library] = {}
    strangers: dict[str, None] = {}
    for name in found.globals:
        top = name.module.partition(".")[0]
        family = formats().families.get(top)
        if family is not None:
            _noted(libraries, family, name, found)
        elif top not in _BUILT_IN:
            strangers[name.module] = None
    if found.arrays and "joblib" in libraries:
        libraries["joblib"].specifiers.update(dict.fromkeys(_joblib(found.arrays)))
    return Contents(found, libraries, _main_kind(found, libraries), _classes(found), tuple(strangers))


def _noted(libraries: dict[str, Library], family: Family, name: Global, found: PickleContents) -> None:
    library = libraries.setdefault(family.package, Library(family))
    library.kinds[family.kind] = None
    for row in formats().modules:
        if row.package == family.package and row.covers(name.module, name.name):
            library.kinds[row.kind] = None
            if row.specifier and _says(row, name, found):
                library.specifiers[row.specifier] = None


def _says(row: ModulePath, name: Global, found: PickleContents) -> bool:
    """Whether a name is used in the way in which it shows a version."""
    called = name in found.texted or not row.called_with_text
    return called and (name in found.byte_states or not row.byte_state)


def _joblib(arrays: Iterable[bool]) -> Iterator[str]:
    table = formats().table("joblib")
    return (table["aligned" if aligned else "unaligned"] for aligned in sorted(arrays))


def _main_kind(found: PickleContents, libraries: dict[str, Library]) -> str:
    """The kind of the outermost object, else of the first library of the table that is used."""
    root = found.root.made_by if isinstance(found.root, Instance) else None
    family = formats().families.get(root.module.partition(".")[0]) if root else None
    if family is None or family.package in ("joblib",):
        family = min((library.family for library in libraries.values()), key=lambda known: known.rank, default=None)
    if family is None:
        return PLAIN
    dumped = any(name.module.endswith("joblib.numpy_pickle") for name in found.globals)
    return "sklearn.joblib" if dumped and family.package == "scikit-learn" else family.kind


def _classes(found: PickleContents) -> tuple[str, ...]:
    """Classes of the model's own objects, the outermost first; of scikit-learn only what records a version."""
    versioned = {cls for _, _, cls in found.versions if cls is not None}
    names: dict[str, None] = {}
    for cls in found.instances:
        top = cls.module.partition(".")[0]
        family = formats().families.get(top)
        if family is None or family.package in _SUPPORT:
            continue
        if cls in versioned or not (versioned and top == "sklearn"):
            names[cls.name] = None
    return tuple(names)


def statements(doc: Document, held: Contents, at: Place | None = None, kind: str | None = None) -> Iterator[Statement]:
    """Everything that a pickle says; `kind` overrides its own. Raises Unreadable where it says nothing at all."""
    found = held.found
    if found.problem and not found.globals and not isinstance(found.root, (Dict, Instance)):
        raise Unreadable(found.problem)
    yield artifact(doc, kind or held.kind, classes=held.classes, says=_protocol(found), names=_names(found))
    yield from _versions(doc, held, at)
    yield from _payloads(doc, held, at)
    yield from _libraries(doc, held, at)
    yield from _pythons(doc, held, at)
    yield from _remarks(doc, held, at)


def _names(found: PickleContents) -> tuple[PickledName, ...]:
    """What loading imports beside Python's own modules; nothing if the walk lost its way."""
    if found.problem is not None:
        return ()
    # What loads a pickle with persistent ids, as torch does, looks libraries' names up in its own way.
    passed_over = _BUILT_IN | formats().families.keys() if found.persistent else _BUILT_IN
    own = (name for name in found.globals if name.module.partition(".")[0] not in passed_over)
    return tuple(PickledName(name.module, name.name) for name in own)


def _protocol(found: PickleContents) -> tuple[str, ...]:
    return (f"protocol {found.protocol}",) if found.protocol is not None else ("protocol 0 or 1",)


def _versions(doc: Document, held: Contents, at: Place | None) -> Iterator[Statement]:
    """The versions that scikit-learn's objects record, each once."""
    kind = held.kind if held.kind.startswith("sklearn.") else "sklearn.pickle"
    classes: dict[object, Global | None] = {}
    for _, value, cls in held.found.versions:
        key = value if isinstance(value, str) else "?"
        classes.setdefault(key, cls)
    for value, cls in classes.items():
        inside = f"{LAST_DUMP}; first seen in {cls.name}" if cls else LAST_DUMP
        yield exact(doc, "scikit-learn", value, kind, at=at, detail=inside)


def _payloads(doc: Document, held: Contents, at: Place | None) -> Iterator[Statement]:
    """Models of other libraries that are as bytes or text inside the pickle."""
    seen = set()
    for payload in held.found.payloads:
        told = payload_version(payload)
        if (told.package, told.version, told.specifier) in seen:
            continue
        seen.add((told.package, told.version, told.specifier))
        kind = f"{told.package}.pickle"
        if told.version is not None:
            yield exact(doc, told.package, told.version, kind, at=at, detail=told.detail)
        elif told.specifier is not None:
            yield ranged(doc, told.package, told.specifier, kind, at=at, detail=told.detail)
        else:
            yield doc.unread(f"the model inside does not record its version: {told.detail}", at, package=told.package)


def _libraries(doc: Document, held: Contents, at: Place | None) -> Iterator[Statement]:
    """Libraries that are named by module paths only."""
    told = {payload_version(payload).package for payload in held.found.payloads}
    if held.found.versions:
        told.add("scikit-learn")
    for package, library in held.libraries.items():
        if package in told:
            continue
        specifier = _joined(library.specifiers)
        if specifier is None:
            yield doc.unread(
                f"its module paths are those of {' and of '.join(library.specifiers)} at once", at, package=package
            )
        known = specifier or None
        yield ranged(doc, package, known, *library.kinds, strength=Strength.LOAD, at=at, detail=_BY_PATHS)


def _joined(specifiers: Iterable[str]) -> str | None:
    """The intersection of ranges, empty if there is none to intersect, None if they exclude each other."""
    joined = ""
    for specifier in specifiers:
        if joined and disjoint(joined, specifier):
            return None
        joined = both(joined, specifier)
    return joined


def _pythons(doc: Document, held: Contents, at: Place | None) -> Iterator[Statement]:
    """The Python range by protocol, code objects and module paths."""
    found = held.found
    reasons = dict(_by_code(found.code)) or dict(_by_protocol(found))
    for row in formats().modules:
        if row.package == "python" and row.specifier and any(row.covers(g.module, g.name) for g in found.globals):
            reasons[row.specifier] = f"it names {row.module}"
    if not reasons:
        return
    specifier = _joined(reasons)
    if specifier is None:
        yield doc.unread(f"it requires Python {' and '.join(reasons)} at once", at, package="python")
        return
    kind = BYTECODE.get(held.kind, "python.bytecode") if found.code else PLAIN
    yield python(doc, specifier, kind, "; ".join(dict.fromkeys(reasons.values())), at)


def _by_code(code: Iterable[tuple[int, bytes]]) -> Iterator[tuple[str, str]]:
    """The Pythons that a code object's first instruction shows, else those that its number of fields does."""
    for arguments, start in code:
        specifier = formats().table("resume").get(start.hex()) or formats().table("code").get(str(arguments))
        if specifier:
            yield specifier, "bytecode of its functions"


def _by_protocol(found: PickleContents) -> Iterator[tuple[str, str]]:
    specifier = formats().table("protocol").get(str(found.protocol))
    if specifier:
        yield specifier, f"pickle protocol {found.protocol}"


def _remarks(doc: Document, held: Contents, at: Place | None) -> Iterator[Statement]:
    """What was seen and not understood, and the modules that no known library owns."""
    found = held.found
    for note in found.notes:
        yield doc.unread(note, at)
    if found.problem:
        lacking = "scikit-learn" if "scikit-learn" in held.libraries and not found.versions else None
        yield doc.unread(f"the pickle cannot be walked to its end: {found.problem}", at, package=lacking)
    if held.strangers:
        names = ", ".join(held.strangers[:5]) + (" and more" if len(held.strangers) > 5 else "")
        yield Fact(key="note", value=f"loading it needs the modules {names}", at=at or doc.place())
