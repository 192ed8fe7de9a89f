"""What the configurations of models ask of the code of the environments that load them, and it surely refuses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mlaudit.code.package.classes import ClassCode
from mlaudit.code.package.constructors import RefusedKeys, makes_by_keywords, refused_keys
from mlaudit.code.package.defined_names import NameAnswer
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.environments.reader_packages import CodePlaces, package_code, said_of
from mlaudit.grammars.model_file.layer_configurations import ConfiguredObject, configured_objects
from mlaudit.knowledge.configurations import ConfigurationCheck, ConfigurationForm, forms_beside
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Pin, Place
from mlaudit.model.refused_configurations import Refusal, RefusedConfiguration
from mlaudit.model.report import Environment
from mlaudit.sources.working_tree import WorkingTree

MAX_VALUES = 500
"""Values of one configuration that are looked for."""
MAX_SIZE = 4 * 1024 * 1024
"""Bytes of a configuration that is a text."""

_FROM_CONFIG = "from_config"
_SECTION = lazy_pattern(r"\[([\w.-]{1,300})\]")
_REGISTERED = lazy_pattern(r"@\w{1,60}\s{0,8}=\s{0,8}\"([^\"\n]{1,200})\"")


def with_refused_configurations(made: Sequence[Environment], root: Path, *, caches: bool = True) -> list[Environment]:
    """The environments, those whose code is at hand with what it refuses of the configurations that they load."""
    named = {one.name: one for one in made}
    return [_with_refused(one, named, root, caches=caches) for one in made]


def _with_refused(one: Environment, named: Mapping[str, Environment], root: Path, *, caches: bool) -> Environment:
    asked = list(_asked(one, named))
    tops = {form.package.replace("-", "_") for _, _, form in asked}
    tops.update(name for _, _, form in asked for name in form.within)
    code = package_code(one, CodePlaces(root=root, tops=tops, caches=caches)) if asked else None
    if code is None:
        return one
    judge = _ConfigurationJudge(PackageSymbols(code), WorkingTree(root))
    refused = list(dict.fromkeys(found for ask in asked for found in judge.refused(*ask)))
    notes = [note for note in said_of(code) if note not in one.notes]
    return replace(one, notes=(*one.notes, *notes), refused_configurations=(*one.refused_configurations, *refused))


def _asked(one: Environment, named: Mapping[str, Environment]) -> Iterator[tuple[str, Pin, ConfigurationForm]]:
    """The configurations that an environment loads, each with the environment that writes it."""
    writers = [(name, named[name].writes) for name in one.follows if name in named]
    for writer, readings in (*writers, (one.name, one.reads)):
        for pin in (pin for reading in readings for pin in reading.pins if pin.artifact is not None):
            forms = forms_beside(pin.artifact.kind) if pin.artifact is not None else ()
            yield from ((writer, pin, form) for form in forms)


class _ConfigurationJudge:
    """Configurations, compared with the code of one reader."""

    def __init__(self, symbols: PackageSymbols, tree: WorkingTree) -> None:
        self._symbols, self._tree = symbols, tree
        self._names = InstalledNames(symbols)

    def refused(self, writer: str, pin: Pin, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        """What is refused of the configurations of one form in, or beside, an artifact."""
        folder = posixpath.dirname(pin.at.path)
        for path in (posixpath.join(folder, name) for name in form.files) if form.files else (pin.at.path,):
            try:
                doc = self._tree.document(self._tree.folder / path)
                found = list(_CHECKS[form.check](self, doc, form))
            except (Unreadable, Malformed):
                # Reading the artifact says so where it is one; a file that is not there asks nothing.
                continue
            for one in found:
                yield replace(one, writer=writer)

    def _arguments(self, doc: Document, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        root = _root(doc)
        chosen = root.get(form.field).maybe_text() if form.field else ""
        module, _, name = form.classes.get(chosen or "", "").partition(":")
        cls = self._class(module, name)
        if cls is None or self._drops_keys(form):
            return
        keys = [str(key) for key in root.table() if str(key).isidentifier()]
        found = refused_keys(self._symbols, cls, keys, form.plain_bases)
        if found is not None:
            yield self._keys(form, doc.at(found.keys[0]), f"{module}.{name}", found)

    def _drops_keys(self, form: ConfigurationForm) -> bool:
        """Whether what makes the object drops keys that the class does not take, or is not known."""
        if not form.loader:
            return False
        module, _, path = form.loader.partition(":")
        owner, _, method = path.partition(".")
        cls = self._class(module, owner)
        found = self._symbols.lineage(cls).member(method) if cls is not None else None
        if found is None or found[1] is None:
            return True
        import ast

        names = {node.id for node in ast.walk(found[1].node) if isinstance(node, ast.Name)}
        return not names.isdisjoint(form.drops)

    def _layers(self, doc: Document, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        seen: set[tuple[str, str, tuple[str, ...]]] = set()
        for one in configured_objects(doc, form.module):
            key = (one.module, one.name, tuple(sorted(one.keys)))
            if key not in seen and not one.registered and one.module.partition(".")[0] == form.package:
                seen.add(key)
                yield from self._layer(doc, one, form)

    def _layer(self, doc: Document, one: ConfiguredObject, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        cls = self._class(one.module, one.name)
        for old, new in form.moved.items():
            if cls is None and one.module.startswith(old):
                cls = self._class(new + one.module[len(old) :], one.name)
        if cls is None:
            return
        handled = makes_by_keywords(self._symbols, cls, _FROM_CONFIG)
        keys = [key for key in one.keys if handled is not None and key not in handled]
        found = refused_keys(self._symbols, cls, keys)
        if found is not None:
            yield self._keys(form, Place(path=doc.path), f"{one.module}.{one.name}", found)

    def _listed(self, doc: Document, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        root = _root(doc)
        if any(root.get(key).exists for key in form.unless):
            return
        texts = {path: data for path in form.listed_in if (data := self._symbols.modules.code.read(path)) is not None}
        for node in _listed_nodes(root, form):
            value = node.value
            if isinstance(value, str) and value and texts and not any(_is_quoted(value, one) for one in texts.values()):
                yield RefusedConfiguration(
                    writer="",
                    artifact=doc.at(*node.route),
                    refusal=Refusal.VALUE,
                    what=form.field or str(node.route[0]),
                    values=(value[:200],),
                    searched=self._shown(next(iter(texts))),
                    package=form.package,
                )

    def _named(self, doc: Document, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        for node in _named_nodes(_rows(doc, form), form.field):
            text = str(node.value)
            module, _, name = text.rpartition(".")
            if module and text.partition(".")[0] == form.package.replace("-", "_"):
                answer = self._names.answer(module, name)
                if answer in (NameAnswer.NO_MODULE, NameAnswer.NO_NAME):
                    where = self._names.path_of(module)
                    yield self._missing(doc.at(*node.route), text[:300], where, form)

    def _registered(self, doc: Document, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        code = self._symbols.modules.code
        tops = code.names("") or frozenset()
        asked = dict(_registered_names(doc, form))
        if not asked or not set(form.within[:2]) <= tops:
            return
        texts = [text for top in form.within if top in tops for text in code.sources(top)]
        if any(text is None for text in texts):
            return
        joined = [text for text in texts if text is not None]
        for name, line in list(asked.items())[:MAX_VALUES]:
            if not any(_is_quoted(name, text) for text in joined):
                yield self._missing(Place(path=doc.path, line=line), name, form.within[0], form)

    def _class(self, module: str, name: str) -> ClassCode | None:
        found = self._symbols.find(module, name) if module and name else None
        return found if isinstance(found, ClassCode) else None

    def _keys(self, form: ConfigurationForm, at: Place, what: str, found: RefusedKeys) -> RefusedConfiguration:
        return RefusedConfiguration(
            writer="",
            artifact=at,
            refusal=Refusal.KEYS,
            what=what,
            values=found.keys,
            searched=replace(self._shown(found.path), line=found.line),
            package=form.package,
        )

    def _missing(self, at: Place, name: str, where: str, form: ConfigurationForm) -> RefusedConfiguration:
        return RefusedConfiguration(
            writer="",
            artifact=at,
            refusal=Refusal.NAME,
            what=name,
            values=(),
            searched=self._shown(where),
            package=form.package,
        )

    def _shown(self, path: str) -> Place:
        return Place(path=self._symbols.modules.code.shown(path))


_CHECKS: Mapping[
    ConfigurationCheck, Callable[[_ConfigurationJudge, Document, ConfigurationForm], Iterator[RefusedConfiguration]]
] = {
    ConfigurationCheck.ARGUMENTS: _ConfigurationJudge._arguments,
    ConfigurationCheck.LAYERS: _ConfigurationJudge._layers,
    ConfigurationCheck.LISTED: _ConfigurationJudge._listed,
    ConfigurationCheck.NAMED: _ConfigurationJudge._named,
    ConfigurationCheck.REGISTERED: _ConfigurationJudge._registered,
}


def _root(doc: Document) -> Node:
    """The table of a configuration in JSON. Raises Unreadable and Malformed."""
    if doc.size > MAX_SIZE:
        raise Unreadable(f"it has more than {MAX_SIZE} bytes")
    root = doc.json
    root.table()
    return root


def _rows(doc: Document, form: ConfigurationForm) -> Sequence[Node]:
    """The tables that may have the field: the members of a list of JSON, or the flavors of an `MLmodel`."""
    if doc.size > MAX_SIZE:
        raise Unreadable(f"it has more than {MAX_SIZE} bytes")
    if form.modules:
        return [node for _, node in doc.yaml.get("flavors").items()][:MAX_VALUES]
    return list(doc.json.each())[:MAX_VALUES]


def _named_nodes(rows: Sequence[Node], field: str) -> Iterator[Node]:
    for row in rows:
        node = row.get(field) if row.is_table else None
        if node is not None and node.is_text:
            yield node


def _listed_nodes(root: Node, form: ConfigurationForm) -> Iterator[Node]:
    if form.field:
        yield root.get(form.field)
    for _, node in list(root.items())[:MAX_VALUES] if form.pairs_of else ():
        members = list(node.each()) if node.is_list else []
        if len(members) == 2 and members[0].value == form.pairs_of:
            yield members[1]


def _registered_names(doc: Document, form: ConfigurationForm) -> Iterator[tuple[str, int]]:
    """The registered names in the sections that loading resolves, each with its line."""
    if doc.size > MAX_SIZE:
        raise Unreadable(f"it has more than {MAX_SIZE} bytes")
    is_inside = False
    for number, line in enumerate(doc.text.split("\n"), 1):
        section = _SECTION.fullmatch(line.strip())
        if section is not None:
            is_inside = section[1].partition(".")[0] in form.sections
        found = _REGISTERED.fullmatch(line.strip()) if is_inside else None
        if found is not None and found[1].startswith(form.prefix):
            yield found[1], number


def _is_quoted(value: str, text: bytes) -> bool:
    word = value.encode()
    return word in text and re.search(rb"['\"]" + re.escape(word) + rb"['\"]", text) is not None
