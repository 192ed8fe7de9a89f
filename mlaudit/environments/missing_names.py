"""What the artifacts that an environment loads import and the packages installed there do not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlaudit.code.defined_names import NameAnswer
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.grammars.model_file.formats import formats
from mlaudit.model.artifacts import PickledName
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.missing_names import Lack, MissingName
from mlaudit.model.nouns import Pin, Place
from mlaudit.model.report import Environment
from mlaudit.sources.package_sources import PackageSources
from mlaudit.sources.virtualenv import package_folders

MAX_ASKED = 2_000
"""Names of one artifact that are looked for."""

_INSTALLED = "site-packages"
_LACKS = {NameAnswer.NO_MODULE: Lack.MODULE, NameAnswer.NO_NAME: Lack.NAME}


def with_missing_names(made: Sequence[Environment], root: Path) -> list[Environment]:
    """The environments, those that are installed below a folder with the names that they lack."""
    named = {one.name: one for one in made}
    return [_with_installed(one, named, root) for one in made]


def loaded_artifacts(one: Environment, named: Mapping[str, Environment]) -> Iterator[tuple[str, Pin]]:
    """The pickles that an environment loads, each with the environment that writes it."""
    writers = [(name, named[name].writes) for name in one.follows if name in named]
    for writer, readings in (*writers, (one.name, one.reads)):
        pins = (pin for reading in readings for pin in reading.pins)
        yield from ((writer, pin) for pin in pins if pin.artifact is not None and pin.artifact.names)


def _with_installed(one: Environment, named: Mapping[str, Environment], root: Path) -> Environment:
    artifacts = list(loaded_artifacts(one, named))
    folder = _package_folder(one, root) if artifacts else None
    if folder is None:
        return one
    path, shown = folder
    names = InstalledNames(PackageSymbols(PackageSources(path)))
    missing = (found for writer, pin in artifacts for found in _missing(writer, pin, names, shown))
    return replace(one, missing_names=(*one.missing_names, *missing))


def _package_folder(one: Environment, root: Path) -> tuple[Path, str] | None:
    """The folder of the packages of an installed environment and how it is shown; None where there is not just one."""
    paths = [reading.path for reading in one.readings if reading.format == _INSTALLED]
    if len(paths) != 1:
        return None
    inner = package_folders(root / paths[0])
    return (root / paths[0] / inner[0], "/".join(filter(None, (paths[0], inner[0])))) if len(inner) == 1 else None


def _missing(writer: str, pin: Pin, names: InstalledNames, shown: str) -> Iterator[MissingName]:
    for name in _asked(pin):
        lack = _LACKS.get(names.answer(name.module, name.name))
        if lack is not None:
            family = formats().families.get(name.module.partition(".")[0])
            yield MissingName(
                writer=writer,
                artifact=pin.at,
                module=name.module,
                name=name.name,
                lack=lack,
                searched=Place(path=f"{shown}/{names.path_of(name.module)}"),
                package=family.package if family is not None else None,
            )


def _asked(pin: Pin) -> Iterable[PickledName]:
    return pin.artifact.names[:MAX_ASKED] if pin.artifact is not None else ()
