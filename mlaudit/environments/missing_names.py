"""What the artifacts that an environment loads require of the packages installed there, and these do not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.code.package.code import PackageCode
from mlaudit.code.package.defined_names import NameAnswer
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.layered_code import LayeredCode
from mlaudit.code.package.object_code import ObjectCode
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.environments.missing_states import StateSearch
from mlaudit.environments.reader_packages import CodePlaces, notes_on_code, package_code
from mlaudit.grammars.model_file.formats import formats
from mlaudit.model.artifacts import PickledName
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.missing_names import Lack, MissingName
from mlaudit.model.missing_states import MissingState, RefusedByCode, WhenRead
from mlaudit.model.nouns import Kind, Pin, Place
from mlaudit.model.report import Environment
from mlaudit.request.options import Options

MAX_ASKED = 2_000
"""Names of one artifact that are looked for."""

_LACKS = {NameAnswer.NO_MODULE: Lack.MODULE, NameAnswer.NO_NAME: Lack.NAME}


def with_missing_names(
    environments: Sequence[Environment], files: ArtifactFiles, options: Options
) -> list[Environment]:
    """The environments, those whose code is available with what it lacks for their artifacts."""
    named = {environment.name: environment for environment in environments}
    codes = _Codes(named, CodePlaces(root=options.root, tops=_tops(environments, named), caches=options.caches))
    return [_with_installed(environment, named, codes, files) for environment in environments]


def loaded_artifacts(environment: Environment, named: Mapping[str, Environment]) -> Iterator[tuple[str, Pin]]:
    """The pickles that an environment loads, each with the environment that writes it."""
    writers = [(name, named[name].writes) for name in environment.follows if name in named]
    for writer, readings in (*writers, (environment.name, environment.reads)):
        pins = (pin for reading in readings for pin in reading.pins)
        yield from ((writer, pin) for pin in pins if pin.artifact is not None and pin.artifact.names)


def _tops(environments: Iterable[Environment], named: Mapping[str, Environment]) -> frozenset[str]:
    """The packages whose modules the artifacts of some environments name."""
    asked = (
        name for environment in environments for _, pin in loaded_artifacts(environment, named) for name in _asked(pin)
    )
    return frozenset(name.module.partition(".")[0] for name in asked)


class _Codes:
    """The code of the packages of each environment, read and followed once."""

    def __init__(self, named: Mapping[str, Environment], places: CodePlaces) -> None:
        self._named, self._places = named, places
        self._objects: dict[str, ObjectCode | None] = {}

    def of(self, name: str) -> ObjectCode | None:
        """The code of an environment, None if it is not available."""
        if name not in self._objects:
            code = package_code(self._named[name], self._places) if name in self._named else None
            self._objects[name] = ObjectCode(PackageSymbols(code), repairs=True) if code is not None else None
        return self._objects[name]


def _with_installed(
    environment: Environment, named: Mapping[str, Environment], codes: _Codes, files: ArtifactFiles
) -> Environment:
    artifacts = list(loaded_artifacts(environment, named))
    if not artifacts:
        return environment
    code = codes.of(environment.name)
    without = _without_code(artifacts, code.symbols.modules.code if code is not None else None)
    environment = replace(environment, without_code=tuple(dict.fromkeys((*environment.without_code, *without))))
    if code is None:
        return environment
    by_loader = {own: InstalledNames(code.symbols, has_own_loader=own) for own in (False, True)}
    missing = [name for writer, pin in artifacts for name in _missing(writer, pin, by_loader, code.symbols)]
    searches = [
        StateSearch(
            writer, pin, code, codes.of(maker) if (maker := _maker(writer, pin, environment, named)) else None, files
        )
        for writer, pin in artifacts
    ]
    states = [missing_state for search in searches for missing_state in search.missing_states()]
    refused = [refused_call for search in searches for refused_call in search.refused_calls()]
    agreeing = agreeing_code(
        searches, (*missing, *refused, *(state for state in states if state.when is not WhenRead.UPKEEP))
    )
    return replace(
        environment,
        notes=(*environment.notes, *notes_on_code(code.symbols.modules.code)),
        missing_names=(*environment.missing_names, *missing),
        missing_states=(*environment.missing_states, *states),
        refused_calls=(*environment.refused_calls, *refused),
        agreeing_code=agreeing,
    )


def _maker(writer: str, pin: Pin, environment: Environment, named: Mapping[str, Environment]) -> str | None:
    """The environment that wrote an artifact: of one that lies in its reader, the followed one of the same versions."""
    if writer != environment.name:
        return writer
    pins = next((reading.pins for reading in environment.reads if pin in reading.pins), ())
    recorded = [(other.package, other.version) for other in pins if other.kind is Kind.PACKAGE and other.version]
    for name in environment.follows:
        other = named.get(name)
        if other is not None and recorded and all(other.cell(package).version == had for package, had in recorded):
            return name
    return None


def agreeing_code(
    searches: Iterable[StateSearch], lacks: Iterable[MissingName | MissingState | RefusedByCode]
) -> tuple[tuple[str, str], ...]:
    """Writers with the packages of all their pickles of which nothing was found, though all of each was followed."""
    lacking = {(lack.writer, lack.artifact.path) for lack in lacks}
    agreeing: dict[tuple[str, str], bool] = {}
    for search in searches:
        is_good = search.is_whole and (search.writer, search.pin.at.path) not in lacking
        for package in _packages_of(search.pin):
            agreeing[search.writer, package] = agreeing.get((search.writer, package), True) and is_good
    return tuple(key for key, is_good in agreeing.items() if is_good)


def _packages_of(pin: Pin) -> frozenset[str]:
    names = pin.artifact.names if pin.artifact is not None else ()
    tops = {name.module.partition(".")[0] for name in names}
    return frozenset(family.package for top in tops if (family := formats().families.get(top)) is not None)


def _without_code(artifacts: Iterable[tuple[str, Pin]], code: PackageCode | None) -> Iterator[str]:
    """The packages that wrote artifacts and whose code is not available; of what is installed all code is."""
    if code is not None and not isinstance(code, LayeredCode):
        return
    tops = (code.names("") if code is not None else None) or frozenset()
    for _, pin in artifacts:
        kind = (pin.artifact.kind if pin.artifact is not None else None) or ""
        for top in dict.fromkeys(name.module.partition(".")[0] for name in _asked(pin)):
            family = formats().families.get(top)
            is_of_kind = family is not None and family.kind.partition(".")[0] == kind.partition(".")[0]
            if family is not None and is_of_kind and top not in tops:
                yield family.package


def _missing(
    writer: str, pin: Pin, by_loader: Mapping[bool, InstalledNames], symbols: PackageSymbols
) -> Iterator[MissingName]:
    kind = pin.artifact.kind if pin.artifact is not None else None
    for name in _asked(pin):
        family = formats().families.get(name.module.partition(".")[0])
        # A file of the package's own objects may be read by its own function, which knows names of old releases.
        names = by_loader[family is None or family.kind == kind]
        lack = _LACKS.get(names.answer(name.module, name.name))
        if lack is not None:
            yield MissingName(
                writer=writer,
                artifact=pin.at,
                module=name.module,
                name=name.name,
                lack=lack,
                searched=Place(path=symbols.modules.code.shown(names.path_of(name.module))),
                package=family.package if family is not None else None,
            )


def _asked(pin: Pin) -> Iterable[PickledName]:
    return pin.artifact.names[:MAX_ASKED] if pin.artifact is not None else ()
