"""What the configurations of models require of the code of the environments that load them, and it surely refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlaudit.code.package.classes import ClassCode
from mlaudit.code.package.constructors import RefusedKeys, makes_by_keywords, makes_of_file, refused_keys
from mlaudit.code.package.defined_names import NameAnswer
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.environments.model_configurations import Configuration, ModelConfigurations
from mlaudit.environments.reader_packages import CodePlaces, notes_on_code, package_code
from mlaudit.grammars.model_file.configuration_words import AskedWord
from mlaudit.knowledge.configurations import ConfigurationCheck, ConfigurationForm
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.refused_configurations import Refusal, RefusedConfiguration
from mlaudit.model.report import Environment
from mlaudit.request.options import Options

_FROM_CONFIG = "from_config"


def with_refused_configurations(
    environments: Sequence[Environment], files: ArtifactFiles, options: Options
) -> list[Environment]:
    """The environments with the configurations that cannot be read, and with what their code refuses of the others."""
    configurations = ModelConfigurations(files)
    named = {environment.name: environment for environment in environments}
    judged = [_with_refused(environment, named, configurations, options) for environment in environments]
    return [configurations.with_unread(environment) for environment in judged]


def _with_refused(
    environment: Environment, named: Mapping[str, Environment], configurations: ModelConfigurations, options: Options
) -> Environment:
    asked = list(configurations.asked(environment, named))
    tops = {configuration.form.package.replace("-", "_") for _, configuration in asked}
    tops.update(name for _, configuration in asked for name in configuration.form.within)
    places = CodePlaces(root=options.root, tops=tops, caches=options.caches)
    code = package_code(environment, places) if asked else None
    if code is None:
        return environment
    judge = _ConfigurationJudge(PackageSymbols(code))
    refused = [replace(configuration, writer=writer) for writer, each in asked for configuration in judge.refused(each)]
    notes = [note for note in notes_on_code(code) if note not in environment.notes]
    every = (*environment.refused_configurations, *dict.fromkeys(refused))
    return replace(environment, notes=(*environment.notes, *notes), refused_configurations=every)


class _ConfigurationJudge:
    """Configurations, compared with the code of one reader."""

    def __init__(self, symbols: PackageSymbols) -> None:
        self._symbols = symbols
        # Of a configuration no loader of pickles looks names up.
        self._names = InstalledNames(symbols, has_own_loader=False)

    def refused(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        """What is refused of a configuration."""
        return _CHECKS[asked.form.check](self, asked)

    def _arguments(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        form = asked.form
        for word in asked.words:
            cls = self._class(word.value)
            if cls is not None and not self._drops_keys(form):
                keys = refused_keys(self._symbols, cls, word.keys, form.plain_bases)
                if keys is not None:
                    yield self._keys(form, asked.doc.at(keys.keys[0]), word, keys)

    def _drops_keys(self, form: ConfigurationForm) -> bool:
        """Whether what makes the object drops keys that the class does not take, or is not known."""
        if not form.loader:
            return False
        module, _, path = form.loader.partition(":")
        owner, _, method = path.partition(".")
        cls = self._class(f"{module}.{owner}")
        member = self._symbols.lineage(cls).member(method) if cls is not None else None
        if member is None or member[1] is None:
            return True
        import ast

        names = {node.id for node in ast.walk(member[1].node) if isinstance(node, ast.Name)}
        return not names.isdisjoint(form.drops)

    def _layers(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        for word in asked.words:
            yield from self._layer(word, asked.form)

    def _layer(self, word: AskedWord, form: ConfigurationForm) -> Iterator[RefusedConfiguration]:
        cls = self._class(word.value)
        for old, new in form.moved.items():
            if cls is None and word.value.startswith(old):
                cls = self._class(new + word.value[len(old) :])
        if cls is None:
            return
        handled = makes_by_keywords(self._symbols, cls, _FROM_CONFIG)
        keys = [key for key in word.keys if handled is not None and key not in handled]
        refused = refused_keys(self._symbols, cls, keys)
        if refused is not None:
            yield self._keys(form, word.at, word, refused)

    def _listed(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        form = asked.form
        texts = {path: data for path in form.listed_in if (data := self._symbols.modules.code.read(path)) is not None}
        for word in asked.words if texts else ():
            names = {word.value, word.value.removeprefix(form.leaves_off)}
            if not any(_is_quoted(name, text) for name in names for text in texts.values()):
                yield RefusedConfiguration(
                    writer="",
                    artifact=word.at,
                    refusal=Refusal.VALUE,
                    what=word.field,
                    values=(word.value[:200],),
                    searched=self._shown(next(iter(texts))),
                    package=form.package,
                )

    def _named(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        for word in asked.words:
            module, _, name = word.value.rpartition(".")
            if module and word.value.partition(".")[0] == asked.form.package.replace("-", "_"):
                is_module = asked.form.modules
                answer = self._names.answer_of_module(word.value) if is_module else self._names.answer(module, name)
                if answer in (NameAnswer.NO_MODULE, NameAnswer.NO_NAME):
                    yield self._missing(word, self._names.path_of(module), asked.form)

    def _parts(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        for word in asked.words:
            cls = self._class(word.value)
            handled = makes_of_file(self._symbols, cls, asked.form.method) if cls is not None else None
            if cls is not None and handled is not None:
                keys = refused_keys(self._symbols, cls, [key for key in word.keys if key not in handled])
                if keys is not None:
                    yield self._keys(asked.form, asked.doc.at(keys.keys[0]), word, keys)

    def _registered(self, asked: Configuration) -> Iterator[RefusedConfiguration]:
        code, form = self._symbols.modules.code, asked.form
        tops = code.names("") or frozenset()
        if not asked.words or not set(form.within[:2]) <= tops:
            return
        texts = [text for top in form.within if top in tops for text in code.sources(top)]
        if any(text is None for text in texts):
            return
        joined = [text for text in texts if text is not None]
        for word in asked.words:
            if not any(_is_quoted(word.value, text) for text in joined):
                yield self._missing(word, form.within[0], form)

    def _class(self, name: str) -> ClassCode | None:
        module, _, last = name.rpartition(".")
        code = self._symbols.find(module, last) if module and last else None
        return code if isinstance(code, ClassCode) else None

    def _keys(self, form: ConfigurationForm, at: Place, word: AskedWord, keys: RefusedKeys) -> RefusedConfiguration:
        return RefusedConfiguration(
            writer="",
            artifact=at,
            refusal=Refusal.KEYS,
            what=word.value,
            values=keys.keys,
            searched=replace(self._shown(keys.path), line=keys.line),
            package=form.package,
        )

    def _missing(self, word: AskedWord, where: str, form: ConfigurationForm) -> RefusedConfiguration:
        return RefusedConfiguration(
            writer="",
            artifact=word.at,
            refusal=Refusal.NAME,
            what=word.value[:300],
            values=(),
            searched=self._shown(where),
            package=form.package,
        )

    def _shown(self, path: str) -> Place:
        return Place(path=self._symbols.modules.code.shown(path))


_CHECKS: Mapping[ConfigurationCheck, Callable[[_ConfigurationJudge, Configuration], Iterator[RefusedConfiguration]]] = {
    ConfigurationCheck.ARGUMENTS: _ConfigurationJudge._arguments,
    ConfigurationCheck.LAYERS: _ConfigurationJudge._layers,
    ConfigurationCheck.LISTED: _ConfigurationJudge._listed,
    ConfigurationCheck.NAMED: _ConfigurationJudge._named,
    ConfigurationCheck.PARTS: _ConfigurationJudge._parts,
    ConfigurationCheck.REGISTERED: _ConfigurationJudge._registered,
}


def _is_quoted(value: str, text: bytes) -> bool:
    word = value.encode("utf-8", "replace")
    return word in text and re.search(rb"['\"]" + re.escape(word) + rb"['\"]", text) is not None
