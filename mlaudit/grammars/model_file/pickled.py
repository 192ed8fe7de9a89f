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
from mlaudit.knowledge.refused_imports import refused_among
from mlaudit.model.artifacts import PickledName
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.nouns import Fact, Place, Statement, Strength
from mlaudit.model.versions import both, disjoint, tightened

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

    pickle: PickleContents
    libraries: dict[str, Library]
    kind: str
    classes: tuple[str, ...]
    strangers: tuple[str, ...]


def contents(pickle: PickleContents) -> Contents:
    """Sort what a walk found."""
    libraries: dict[str, Library] = {}
    strangers: dict[str, None] = {}
    for name in pickle.globals:
        top = name.module.partition(".")[0]
        family = formats().families.get(top)
        if family is not None:
            _noted(libraries, family, name, pickle)
        elif top not in _BUILT_IN:
            strangers[name.module] = None
    if pickle.arrays and "joblib" in libraries:
        libraries["joblib"].specifiers.update(dict.fromkeys(_joblib(pickle.arrays)))
    if pickle.numbered and "dill" in libraries:
        libraries["dill"].specifiers[formats().table("dill")["numbered"]] = None
    return Contents(pickle, libraries, _main_kind(pickle, libraries), _classes(pickle), tuple(strangers))


def _noted(libraries: dict[str, Library], family: Family, name: Global, pickle: PickleContents) -> None:
    library = libraries.setdefault(family.package, Library(family))
    library.kinds[family.kind] = None
    for row in formats().modules:
        if row.package == family.package and row.covers(name.module, name.name):
            library.kinds[row.kind] = None
            if row.specifier and _says(row, name, pickle):
                library.specifiers[row.specifier] = None


def _says(row: ModulePath, name: Global, pickle: PickleContents) -> bool:
    """Whether a name is used in the way in which it shows a version."""
    called = name in pickle.texted or not row.called_with_text
    of_bytes = name in pickle.byte_states or not row.byte_state
    of_others = name in pickle.other_states or not row.other_state
    return called and of_bytes and of_others and _is_beside(row, name, pickle) and _has_key(row, name, pickle)


def _is_beside(row: ModulePath, name: Global, pickle: PickleContents) -> bool:
    """Whether the pickle imports other names of the module as the row wants it."""
    if not row.beside and not row.without:
        return True
    imported = {other.name for other in pickle.globals if other.module == name.module}
    return not imported.intersection(row.without) and (not row.beside or bool(imported.intersection(row.beside)))


def _has_key(row: ModulePath, name: Global, pickle: PickleContents) -> bool:
    """Whether states of the class have a key as the row wants it; of a pickle that is cut, none is known to lack it."""
    if row.without_key is not None:
        return pickle.problem is None and name in pickle.other_states and (name, row.without_key) not in pickle.keyed
    return row.key is None or (name, row.key) in pickle.keyed


def _joblib(arrays: Iterable[bool]) -> Iterator[str]:
    table = formats().table("joblib")
    return (table["aligned" if aligned else "unaligned"] for aligned in sorted(arrays))


def _main_kind(pickle: PickleContents, libraries: dict[str, Library]) -> str:
    """The kind of the outermost object, else of the first library of the table that is used."""
    root = pickle.root.made_by if isinstance(pickle.root, Instance) else None
    family = formats().families.get(root.module.partition(".")[0]) if root else None
    if family is None or family.package in ("joblib",):
        family = min((library.family for library in libraries.values()), key=lambda known: known.rank, default=None)
    if family is None:
        return PLAIN
    dumped = any(name.module.endswith("joblib.numpy_pickle") for name in pickle.globals)
    return "sklearn.joblib" if dumped and family.package == "scikit-learn" else family.kind


def _classes(pickle: PickleContents) -> tuple[str, ...]:
    """Classes of the model's own objects, the outermost first; of scikit-learn only what records a version."""
    versioned = {cls for _, _, cls in pickle.versions if cls is not None}
    names: dict[str, None] = {}
    for cls in pickle.instances:
        top = cls.module.partition(".")[0]
        family = formats().families.get(top)
        if family is None or family.package in _SUPPORT:
            continue
        if cls in versioned or not (versioned and top == "sklearn"):
            names[cls.name] = None
    return tuple(names)


def statements(
    doc: Document, contents: Contents, at: Place | None = None, kind: str | None = None
) -> Iterator[Statement]:
    """Everything that a pickle says; `kind` overrides its own. Raises Unreadable where it says nothing at all."""
    pickle = contents.pickle
    if pickle.problem and not pickle.globals and not isinstance(pickle.root, (Dict, Instance)):
        raise Unreadable(pickle.problem)
    yield artifact(doc, kind or contents.kind, classes=contents.classes, says=_protocol(pickle), names=_names(pickle))
    yield from _versions(doc, contents, at)
    yield from _payloads(doc, contents, at)
    yield from _libraries(doc, contents, at)
    yield from _pythons(doc, contents, at)
    yield from _remarks(doc, contents, at)


def _names(pickle: PickleContents) -> tuple[PickledName, ...]:
    """What loading imports beside Python's own modules; nothing if the walk lost its way."""
    if pickle.problem is not None:
        return ()
    # What loads a pickle with persistent ids, as torch does, looks libraries' names up in its own way.
    passed_over = _BUILT_IN | formats().families.keys() if pickle.persistent else _BUILT_IN
    own = (name for name in pickle.globals if name.module.partition(".")[0] not in passed_over)
    return tuple(PickledName(name.module, name.name) for name in own)


def _protocol(pickle: PickleContents) -> tuple[str, ...]:
    return (f"protocol {pickle.protocol}",) if pickle.protocol is not None else ("protocol 0 or 1",)


def _versions(doc: Document, contents: Contents, at: Place | None) -> Iterator[Statement]:
    """The versions that scikit-learn's objects record, each once."""
    kind = contents.kind if contents.kind.startswith("sklearn.") else "sklearn.pickle"
    classes: dict[object, Global | None] = {}
    for _, value, cls in contents.pickle.versions:
        key = value if isinstance(value, str) else "?"
        classes.setdefault(key, cls)
    for value, cls in classes.items():
        inside = f"{LAST_DUMP}; first seen in {cls.name}" if cls else LAST_DUMP
        yield exact(doc, "scikit-learn", value, kind, at=at, detail=inside)


def _payloads(doc: Document, contents: Contents, at: Place | None) -> Iterator[Statement]:
    """Models of other libraries that are as bytes or text inside the pickle."""
    seen = set()
    for payload in contents.pickle.payloads:
        written = payload_version(payload)
        if (written.package, written.version, written.specifier) in seen:
            continue
        seen.add((written.package, written.version, written.specifier))
        kind = f"{written.package}.pickle"
        if written.version is not None:
            yield exact(
                doc,
                written.package,
                written.version,
                kind,
                at=at,
                detail=written.detail,
            )
        elif written.specifier is not None:
            library = contents.libraries.get(written.package)
            by_names = _joined((written.specifier, *library.specifiers)) if library is not None else None
            yield ranged(
                doc,
                written.package,
                by_names or written.specifier,
                kind,
                at=at,
                detail=written.detail,
            )
        else:
            yield doc.unread(
                f"the model inside does not record its version: {written.detail}",
                at,
                package=written.package,
            )


def _libraries(doc: Document, contents: Contents, at: Place | None) -> Iterator[Statement]:
    """Libraries that are named by module paths only."""
    payload_packages = {payload_version(payload).package for payload in contents.pickle.payloads}
    if contents.pickle.versions:
        payload_packages.add("scikit-learn")
    for package, library in contents.libraries.items():
        if package in payload_packages:
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
    return tightened(joined)


def _pythons(doc: Document, contents: Contents, at: Place | None) -> Iterator[Statement]:
    """The Python range by protocol, code objects and module paths."""
    pickle = contents.pickle
    reasons = dict(_by_code(pickle)) or dict(_by_protocol(pickle))
    for row in formats().modules:
        if row.package == "python" and row.specifier and any(row.covers(g.module, g.name) for g in pickle.globals):
            reasons[row.specifier] = f"it names {row.module}"
    if not reasons:
        return
    specifier = _joined(reasons)
    if specifier is None:
        yield doc.unread(f"it requires Python {' and '.join(reasons)} at once", at, package="python")
        return
    kind = BYTECODE.get(contents.kind, "python.bytecode") if pickle.code else PLAIN
    yield python(doc, specifier, kind, "; ".join(dict.fromkeys(reasons.values())), at)


def _by_code(pickle: PickleContents) -> Iterator[tuple[str, str]]:
    """The Pythons that a code object's first instruction shows, else those that its number of fields does."""
    fields = formats().table("dill" if pickle.numbered else "code")
    for arguments, start in pickle.code:
        specifier = formats().table("resume").get(start.hex()) or fields.get(str(arguments))
        if specifier:
            yield specifier, "bytecode of its functions"


def _by_protocol(pickle: PickleContents) -> Iterator[tuple[str, str]]:
    specifier = formats().table("protocol").get(str(pickle.protocol))
    if specifier:
        yield specifier, f"pickle protocol {pickle.protocol}"


def _remarks(doc: Document, contents: Contents, at: Place | None) -> Iterator[Statement]:
    """What was seen and not understood, and the modules that no known library owns."""
    pickle = contents.pickle
    for note in pickle.notes:
        yield doc.unread(note, at)
    if pickle.problem:
        lacking = "scikit-learn" if "scikit-learn" in contents.libraries and not pickle.versions else None
        yield doc.unread(f"the pickle cannot be walked to its end: {pickle.problem}", at, package=lacking)
    refused = refused_among((name.module, name.name) for name in pickle.globals)
    if refused:
        yield Fact(
            key="note", value=f"loading it runs {', '.join(refused[:5])}: no model needs that", at=at or doc.place()
        )
    if contents.strangers:
        names = ", ".join(contents.strangers[:5]) + (" and more" if len(contents.strangers) > 5 else "")
        yield Fact(key="note", value=f"loading it needs the modules {names}", at=at or doc.place())
