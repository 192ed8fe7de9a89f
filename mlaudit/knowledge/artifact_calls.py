"""Calls that write and read artifacts, calls that name them, and what makes a module an entry point.

The facts are in `artifact_calls.toml`, with the source of each library's rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.schema import checked, evidence, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Evidence

_ROW_KEYS = frozenset(
    (
        "calls", "does", "form", "name", "name_kind", "scope", "in_run", "local", "object", "settings", "suffixes",
        "by_setting", "by_object", "loaded_form", "loose", "holds", "needs_name", "only_objects", "ending", "buffer",
        "distinct", "not_called",
    )
)  # fmt: skip
_LIBRARY_KEYS = frozenset(("distribution", "imports", "source", "checked", "call"))
_DOES = ("writes", "reads", "uploads", "downloads", "names")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentChoice:
    """Where an argument is: by position (None: only by keyword) or under one of its keywords.

    `behind` is the folder in front of it, of which a call may state nothing, or nothing else: of the file in it then.
    """

    position: int | None
    keywords: tuple[str, ...]
    of_receiver: bool = False
    behind: ArgumentChoice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactCall:
    """One row: calls of one library that treat artifacts alike.

    Attributes:
        calls: full names with `*` for one word; `()` marks the result of a call.
        does: `writes`, `reads`, `uploads` (a local file to a store), `downloads`, or `names` (its result has the name).
        form: kind of `kinds.toml` or a form of this file.
        name: the argument that names the artifact; a receiver's naming call counts where it is `receiver`.
        in_run: the argument that names it inside the run of a tracker, besides the name that a registry knows it by.
        local: of uploads and downloads, the file on this side.
        object: the argument, or `receiver`, that is written.
        settings: arguments that condition what the call does, by their first keyword.
        suffixes: forms by the end of the name, the longest first.
        by_setting: forms by the text of an argument (`format=onnx`).
        by_object: forms by a part of the full name of what is written (`.state_dict()`).
        loaded_form: the form where the result goes into `load_state_dict`.
        loose: whether an unknown receiver counts where the module imports the library.
        holds: kinds that travel inside whatever the code shows.
        needs_name: the call counts only where it has an argument that names the artifact.
        only_objects: the call counts only for what `by_object` lists.
        ending: what the library adds to the name.
        distinct: no other library has methods of these names: an unknown receiver counts without the import too.
        not_called: words in the names of variables that hold something else, where the receiver's type is not known.
        buffer: a name nobody sees (`io.BytesIO()`): it joins uses inside one function.
    """

    calls: tuple[str, ...]
    does: str
    form: str
    distribution: str
    imports: tuple[str, ...]
    name: tuple[ArgumentChoice, ...]
    name_kind: str
    scope: str
    in_run: tuple[ArgumentChoice, ...]
    local: tuple[ArgumentChoice, ...]
    object: tuple[ArgumentChoice, ...]
    settings: tuple[ArgumentChoice, ...]
    suffixes: tuple[tuple[str, str], ...]
    by_setting: tuple[tuple[str, str, str], ...]
    by_object: tuple[tuple[str, str], ...]
    loaded_form: str
    loose: bool
    holds: tuple[str, ...]
    needs_name: bool
    only_objects: bool
    ending: str
    buffer: bool
    distinct: bool
    not_called: frozenset[str]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingCall:
    """Calls whose result is written by another one; their arguments condition what is written."""

    calls: tuple[str, ...]
    settings: tuple[ArgumentChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingCommand:
    """A command that writes an artifact.

    Attributes:
        starts: the words that it begins with.
        name: the option that names what is written.
        settings: options, without their dashes, that condition what is written.
    """

    starts: tuple[str, ...]
    distribution: str
    form: str
    name: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickledPackage:
    """What a package's objects are when they are pickled: kinds by the way they are stored."""

    imports: tuple[str, ...]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySign:
    """A call or decorator that makes a module an entry point."""

    kind: str
    role: str
    calls: tuple[str, ...]
    decorators: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCalls:
    """Calls and methods through which a name passes before it reaches a call that writes or reads.

    Attributes:
        same_text: methods of texts that give the same name.
        joining: calls that put the parts of a path together.
        first_argument: calls that give their first argument, or a member of it.
        environment: calls that give an environment variable, their second argument where it is not set.
        loaders: calls that give the data of the file that is their first argument.
        wrappers: classes around a table of settings.
        same_object: methods that give the object itself.
        keyed: what gives an object whose items (`run["model"]`) are names in a registry.
        starters: calls that import the module of their first argument, `module:application`.
        stores: file systems under which the first part of a path is a bucket.
    """

    same_text: frozenset[str]
    joining: frozenset[str]
    first_argument: frozenset[str]
    environment: frozenset[str]
    loaders: frozenset[str]
    wrappers: frozenset[str]
    same_object: frozenset[str]
    keyed: frozenset[str]
    starters: frozenset[str]
    stores: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactForm:
    """A form that is no artifact kind of `kinds.toml` (`csv`), and the package that it depends on."""

    title: str
    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactCalls:
    """Everything that `artifact_calls.toml` says.

    Attributes:
        datasets: classes of Kedro's catalog with their forms.
        copied: forms of files that are only copied, by the end of their names.
        makers: calls whose arguments condition what another call writes.
        commands: that write artifacts, in scripts and recipes.
    """

    rows: tuple[ArtifactCall, ...]
    aliases: tuple[tuple[str, str], ...]
    forms: Mapping[str, ArtifactForm]
    families: tuple[frozenset[str], ...]
    pickled: tuple[PickledPackage, ...]
    entries: tuple[EntrySign, ...]
    generic_names: frozenset[str]
    generic_stems: frozenset[str]
    values: ValueCalls
    datasets: Mapping[str, str]
    copied: Mapping[str, str]
    makers: tuple[MakingCall, ...]
    commands: tuple[WritingCommand, ...]


@lru_cache(maxsize=1)
def artifact_calls() -> ArtifactCalls:
    """The table. Raises KnowledgeError."""
    return checked("artifact_calls.toml", _built)


def _built(root: Node) -> ArtifactCalls:
    forms = {
        name: ArtifactForm(title=row.get("title").text(), package=row.get("package").maybe_text() or "")
        for name, row in root.get("forms").items()
    }
    rows = [row for _, library in root.get("library").items() for row in _library(library)]
    for row in rows:
        for form in _forms_of(row):
            if form and form not in forms and form not in artifact_kinds():
                raise Malformed(f"unknown form: {form}", (row.calls[0],))
    generic = root.get("generic")
    evidence(generic)
    return ArtifactCalls(
        rows=tuple(rows),
        aliases=tuple((old, new.text()) for old, new in root.get("aliases").items()),
        forms=forms,
        families=tuple(frozenset(row.texts()) for row in root.get("families").get("same").each()),
        pickled=tuple(_pickled(row) for _, row in root.get("pickled").items()),
        entries=tuple(_entry(kind, row) for kind, row in root.get("entry").items()),
        generic_names=frozenset(generic.get("names").texts()),
        generic_stems=frozenset(generic.get("stems").texts()),
        values=_values(root.get("values")),
        datasets=_forms_by_word(root.get("datasets"), frozenset((*forms, *artifact_kinds()))),
        copied=_forms_by_word(root.get("copied"), frozenset((*forms, *artifact_kinds()))),
        makers=tuple(_maker(row) for row in root.get("maker").each()),
        commands=tuple(_command(row) for row in root.get("command").each()),
    )


def _maker(row: Node) -> MakingCall:
    evidence(row)
    return MakingCall(calls=row.get("calls").texts(), settings=_settings(row.get("settings")))


def _command(row: Node) -> WritingCommand:
    evidence(row)
    return WritingCommand(
        starts=row.get("starts").texts(),
        distribution=row.get("distribution").text(),
        form=row.get("form").text(),
        name=row.get("name").text(),
        settings=row.get("settings").texts(),
    )


def _forms_by_word(row: Node, forms: frozenset[str]) -> Mapping[str, str]:
    evidence(row)
    texts = {name: form.text() for name, form in row.items() if name not in ("source", "checked")}
    for name, form in texts.items():
        if form not in forms:
            raise Malformed(f"unknown form: {form}", (*row.route, name))
    return texts


def value_calls() -> ValueCalls:
    """The calls through which names pass. Raises KnowledgeError."""
    return artifact_calls().values


def _values(row: Node) -> ValueCalls:
    evidence(row)
    unknown_keys(row, frozenset((*ValueCalls.__slots__, "source", "checked")))
    return ValueCalls(**{name: frozenset(row.get(name).texts()) for name in ValueCalls.__slots__})


def _forms_of(row: ArtifactCall) -> tuple[str, ...]:
    conditional = (form for *_, form in (*row.suffixes, *row.by_setting, *row.by_object))
    return (row.form, row.loaded_form, *conditional, *row.holds)


def _library(library: Node) -> list[ArtifactCall]:
    unknown_keys(library, _LIBRARY_KEYS)
    proof = evidence(library)
    imports = library.get("imports").texts()
    return [_row(row, library.get("distribution").text(), imports, proof) for row in library.get("call").each()]


def _row(row: Node, distribution: str, imports: tuple[str, ...], proof: tuple[Evidence, ...]) -> ArtifactCall:
    unknown_keys(row, _ROW_KEYS)
    does = row.get("does").text()
    if does not in _DOES:
        raise Malformed(f"expected one of {', '.join(_DOES)}, found {does!r}", row.get("does").route)
    suffixes = [(suffix, form.text()) for suffix, form in row.get("suffixes").items()]
    return ArtifactCall(
        calls=row.get("calls").texts(),
        does=does,
        form=row.get("form").maybe_text() or "",
        distribution=distribution,
        imports=imports,
        name=_arguments(row.get("name")),
        name_kind=row.get("name_kind").maybe_text() or "path",
        scope=row.get("scope").maybe_text() or "",
        in_run=_arguments(row.get("in_run")),
        local=_arguments(row.get("local")),
        object=_arguments(row.get("object")),
        settings=_settings(row.get("settings")),
        suffixes=tuple(sorted(suffixes, key=lambda pair: -len(pair[0]))),
        by_setting=tuple((*_setting(key), form.text()) for key, form in row.get("by_setting").items()),
        by_object=tuple((end, form.text()) for end, form in row.get("by_object").items()),
        loaded_form=row.get("loaded_form").maybe_text() or "",
        loose=row.get("loose").flag(),
        holds=row.get("holds").texts(),
        needs_name=row.get("needs_name").flag(),
        only_objects=row.get("only_objects").flag(),
        ending=row.get("ending").maybe_text() or "",
        buffer=row.get("buffer").flag(),
        distinct=row.get("distinct").flag(),
        not_called=frozenset(row.get("not_called").texts()),
        evidence=proof,
    )


def _settings(node: Node) -> tuple[ArgumentChoice, ...]:
    """`4:target_opset` by position or keyword, `opset` by its keyword alone."""
    texts = node.texts() if node.exists else ()
    return tuple(_argument(text if ":" in text else f":{text}", node) for text in texts)


def _setting(key: str) -> tuple[str, str]:
    name, _, value = key.partition("=")
    return name, value


def _arguments(node: Node) -> tuple[ArgumentChoice, ...]:
    """`1:filename|path` is the second argument or one of these keywords, `0:folder+1:file` a path of two of them."""
    if not node.exists:
        return ()
    texts = (node.text(),) if node.is_text else node.texts()
    choices = []
    for text in texts:
        folder, plus, file = text.partition("+")
        choice = _argument(file if plus else folder, node)
        choices.append(replace(choice, behind=_argument(folder, node)) if plus else choice)
    return tuple(choices)


def _argument(text: str, node: Node) -> ArgumentChoice:
    if text == "receiver":
        return ArgumentChoice(position=None, keywords=(), of_receiver=True)
    match = re.fullmatch(r"(\d*):([\w|]*)", text)
    if match is None:
        raise Malformed(f"expected `position:keyword|keyword` or `receiver`, found {text!r}", node.route)
    position, keywords = match.groups()
    return ArgumentChoice(
        position=int(position) if position else None, keywords=tuple(word for word in keywords.split("|") if word)
    )


def _pickled(row: Node) -> PickledPackage:
    kinds = {stored: kind.text() for stored, kind in row.items() if stored != "imports"}
    return PickledPackage(imports=row.get("imports").texts(), kinds=kinds)


def _entry(kind: str, row: Node) -> EntrySign:
    return EntrySign(
        kind=kind,
        role=row.get("role").maybe_text() or "",
        calls=row.get("calls").texts(),
        decorators=row.get("decorators").texts(),
    )
