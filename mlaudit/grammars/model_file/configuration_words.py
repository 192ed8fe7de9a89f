"""What the configuration of a model requires of the loading code: classes with arguments, names, registered words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.model_file.layer_configurations import configured_objects
from mlaudit.knowledge.configurations import ConfigurationCheck, ConfigurationForm
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

_Row = TypeVar("_Row")

MAX_WORDS = 500
"""Names of one configuration that are looked for."""
MAX_SIZE = 4 * 1024 * 1024
"""Bytes of a configuration that is a text."""

_SECTION = lazy_pattern(r"\[([^\]\n]{1,300})\]")
_REGISTERED = lazy_pattern(r"@\w{1,60}\s{0,8}[=:]\s{0,8}\"([^\"\n]{1,200})\"")
_INLINE = lazy_pattern(r"\"@\w{1,60}\"\s{0,8}:\s{0,8}\"([^\"\n]{1,200})\"")
"""A function of a registry inside a value: `vectors = {"@vectors":"spacy.Vectors.v1"}`."""
_SETTING = lazy_pattern(r"[^=:\s\[][^=:\n]{0,300}[=:]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWord:
    """One thing that a configuration asks for.

    Attributes:
        value: the dotted name of a class or module, or the word that is looked for.
        at: where the configuration asks for it.
        field: the key that asks for a word.
        keys: the arguments that a class is made with.
    """

    value: str
    at: Place
    field: str = ""
    keys: tuple[str, ...] = ()


def asked_words(doc: Document, form: ConfigurationForm) -> tuple[AskedWord, ...]:
    """What a configuration asks for. Raises Unreadable and Malformed where something in it is not understood."""
    return tuple(_READERS[form.check](doc, form))


def part_documents(doc: Document, form: ConfigurationForm) -> Iterator[tuple[str, Document]]:
    """The configurations of the parts that a list names, each with the class of its part; none of a broken list."""
    try:
        rows = [(row.get(form.field).text(), row.get(form.folder).text()) for row in _rows(doc, form)]
    except (Unreadable, Malformed):
        # The names in the list are asked for too, and reading those reports what is broken.
        return
    for name, folder in rows:
        part = doc.beside(f"{folder}/{form.module}") if folder else None
        if part is not None:
            yield name, part


def words_of_part(doc: Document, name: str) -> tuple[AskedWord, ...]:
    """The class of a part with the keys of its configuration. Raises Unreadable and Malformed."""
    keys = tuple(str(key) for key in _root(doc).table())
    return (AskedWord(value=name, at=Place(path=doc.path), keys=keys),)


def _arguments(doc: Document, form: ConfigurationForm) -> Iterator[AskedWord]:
    root = _root(doc)
    chosen = root.get(form.field).maybe_text() if form.field else ""
    name = form.classes.get(chosen or "", "").replace(":", ".")
    if name:
        keys = tuple(str(key) for key in root.table() if str(key).isidentifier())
        yield AskedWord(value=name, at=Place(path=doc.path), keys=keys)


def _layers(doc: Document, form: ConfigurationForm) -> Iterator[AskedWord]:
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    at = Place(path=doc.path)
    for configured_object in configured_objects(doc, form.module):
        key = (configured_object.module, configured_object.name, tuple(sorted(configured_object.keys)))
        if (
            key not in seen
            and not configured_object.registered
            and configured_object.module.partition(".")[0] == form.package
        ):
            seen.add(key)
            yield AskedWord(
                value=f"{configured_object.module}.{configured_object.name}", at=at, keys=configured_object.keys
            )


def _listed(doc: Document, form: ConfigurationForm) -> Iterator[AskedWord]:
    root = _root(doc)
    if any(root.get(key).exists for key in form.unless):
        return
    if form.field and root.get(form.field).maybe_text():
        yield AskedWord(value=root.get(form.field).text(), at=doc.at(form.field), field=form.field)
    for key, node in _bounded(list(root.items())) if form.pairs_of else ():
        members = list(node.each()) if node.is_list else []
        if len(members) == 2 and members[0].value == form.pairs_of and members[1].exists:
            yield AskedWord(value=members[1].text(), at=doc.at(*members[1].route), field=key)


def _named(doc: Document, form: ConfigurationForm) -> Iterator[AskedWord]:
    for row in _rows(doc, form):
        node = row.get(form.field)
        if node.exists:
            yield AskedWord(value=node.text(), at=doc.at(*node.route), field=form.field)


def _rows(doc: Document, form: ConfigurationForm) -> Sequence[Node]:
    """The tables that may have the field: the members of a list of JSON, or the flavors of an `MLmodel`."""
    _demand_size(doc)
    if form.modules:
        # That a flavor is no table, reading the model says.
        return [node for _, node in _bounded(list(doc.yaml.get("flavors").items())) if node.is_table]
    if not doc.json.is_list:
        raise Malformed("expected a list", ())
    return _bounded(list(doc.json.each()))


def _registered(doc: Document, form: ConfigurationForm) -> Iterator[AskedWord]:
    """The registered names in the sections that loading resolves, each with its line. Raises Unreadable."""
    _demand_size(doc)
    line_numbers: dict[str, int] = {}
    for section, text, number in _settings(doc):
        if section.partition(".")[0] in form.sections:
            own = _REGISTERED.fullmatch(text)
            for name in (*((own[1],) if own is not None else ()), *_INLINE.findall(text)):
                if name.startswith(form.prefix):
                    line_numbers.setdefault(name, number)
    for word, line_number in _bounded(list(line_numbers.items())):
        yield AskedWord(value=word, at=Place(path=doc.path, line=line_number))


def _settings(doc: Document) -> Iterator[tuple[str, str, int]]:
    """The lines of an INI file with their sections and numbers. Raises Unreadable where a line is none of it."""
    section = None
    for number, line in enumerate(doc.text.split("\n"), 1):
        text = line.strip()
        head = _SECTION.match(line)
        is_setting = head is None and bool(text) and not text.startswith(("#", ";"))
        if head is not None:
            section = head[1]
        elif is_setting and section is None:
            raise Unreadable(f"expected a section in brackets in line {number}", number)
        elif is_setting and not line[0].isspace() and _SETTING.match(line) is None:
            raise Unreadable(f"expected `key = value` in line {number}", number)
        if is_setting and section is not None:
            yield section, text, number


def _nothing(_doc: Document, _form: ConfigurationForm) -> Iterator[AskedWord]:
    return iter(())


_READERS: Mapping[ConfigurationCheck, Callable[[Document, ConfigurationForm], Iterator[AskedWord]]] = {
    ConfigurationCheck.ARGUMENTS: _arguments,
    ConfigurationCheck.LAYERS: _layers,
    ConfigurationCheck.LISTED: _listed,
    ConfigurationCheck.NAMED: _named,
    ConfigurationCheck.PARTS: _nothing,
    ConfigurationCheck.REGISTERED: _registered,
}


def _root(doc: Document) -> Node:
    """The table of a configuration in JSON. Raises Unreadable and Malformed."""
    _demand_size(doc)
    root = doc.json
    root.table()
    return root


def _demand_size(doc: Document) -> None:
    if doc.size > MAX_SIZE:
        raise Unreadable(f"it has more than {MAX_SIZE} bytes")


def _bounded(rows: list[_Row]) -> list[_Row]:
    if len(rows) > MAX_WORDS:
        raise Unreadable(f"it has more than {MAX_WORDS} entries that may name code")
    return rows
