"""The configurations in and beside the models of an audit: what each asks for, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.grammars.model_file.configuration_words import AskedWord, asked_words, part_documents, words_of_part
from mlaudit.knowledge.configurations import ConfigurationForm, forms_beside
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Reading, Unread
from mlaudit.model.report import Environment
from mlaudit.model.secrets import masked

FORMAT = "configuration"
"""What the reading of a configuration is called of which nothing but a reason is known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Configuration:
    """A configuration and what it asks for; `unread` if that is not known."""

    doc: Document
    form: ConfigurationForm
    words: tuple[AskedWord, ...] = ()
    unread: Unread | None = None


class ModelConfigurations:
    """The configurations of the models of an audit, each read once."""

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._found: dict[str, tuple[Configuration, ...]] = {}

    def asked(self, environment: Environment, named: Mapping[str, Environment]) -> Iterator[tuple[str, Configuration]]:
        """The configurations that an environment loads, each with the environment that writes it."""
        writers = [named[name] for name in environment.follows if name in named]
        for writer in writers:
            yield from ((writer.name, configuration) for configuration in self._of((*writer.writes, *writer.readings)))
        yield from ((environment.name, configuration) for configuration in self._of(environment.reads))

    def with_unread(self, environment: Environment) -> Environment:
        """An environment with what cannot be read of the configurations of its models, and reading them did not say."""
        known = {entry.at.path for entry in environment.unread}
        readings = {}
        for configuration in self._of((*environment.writes, *environment.reads, *environment.readings)):
            if configuration.unread is not None and configuration.doc.path not in known:
                readings[configuration.doc.path] = Reading(
                    path=configuration.doc.path, format=FORMAT, complete=False, unread=(configuration.unread,)
                )
        return replace(environment, reads=(*environment.reads, *readings.values())) if readings else environment

    def _of(self, readings: Iterable[Reading]) -> Iterator[Configuration]:
        """The configurations in and beside the models of some readings, each once."""
        seen = set()
        for reading in readings:
            for path, kind in _models(reading):
                for configuration in self._beside(path, kind):
                    key = (configuration.doc.path, id(configuration.form))
                    if key not in seen:
                        seen.add(key)
                        yield configuration

    def _beside(self, path: str, kind: str) -> tuple[Configuration, ...]:
        forms = forms_beside(kind)
        key = f"{kind}\n{path}"
        if forms and key not in self._found:
            self._found[key] = tuple(configuration for form in forms for configuration in self._read(path, form))
        return self._found.get(key, ())

    def _read(self, path: str, form: ConfigurationForm) -> Iterator[Configuration]:
        try:
            model = self._files.document(path)
        except Unreadable:
            # It vanished after it was read.
            return
        for doc in (model.beside(name) for name in form.files) if form.files else (model,):
            if doc is not None and form.folder:
                yield from (_configuration(part, form, name) for name, part in part_documents(doc, form))
            elif doc is not None:
                yield _configuration(doc, form)


def _models(reading: Reading) -> Iterator[tuple[str, str]]:
    """The models that a reading is of: paths and kinds, or formats of what describes a model."""
    yield reading.path, reading.format
    for pin in reading.pins:
        if pin.artifact is not None and pin.artifact.kind:
            yield pin.at.path, pin.artifact.kind


def _configuration(doc: Document, form: ConfigurationForm, part: str = "") -> Configuration:
    """What a configuration asks for; `part`: the class of the part that it is of."""
    try:
        words = words_of_part(doc, part) if part else asked_words(doc, form)
        return Configuration(doc=doc, form=form, words=words)
    except Unreadable as error:
        at, why = doc.place(error.line, error.column), error.why
    except Malformed as error:
        at, why = doc.at(*error.route), str(error)
    return Configuration(
        doc=doc, form=form, unread=Unread(at=at, why=masked(f"which code it needs could not be read: {why}"))
    )
