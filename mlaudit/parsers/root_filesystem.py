"""A container image or root file system: every Python environment in it, and the system below them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.lines import line_at
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, platform_facts
from mlaudit.grammars.container import filesystem_environments, filesystem_system
from mlaudit.grammars.container.filesystem_environments import Environments, PythonEnvironment
from mlaudit.grammars.container.filesystem_system import Package, SystemVersion
from mlaudit.grammars.pypi.installed_text import Origin, installed, metadata, origin
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.metadata_names import EGG, distribution_name, release_of_egg
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Root, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser
from mlaudit.sources.images.file_system import HEADER, RECORD, SMALL, FileSystem
from mlaudit.sources.images.layout import machine_of

_METADATA_FILES = ("METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO")
_PATCH_LEVEL = lazy_pattern(r'^#define[ \t]{1,20}PY_VERSION[ \t]{1,20}"(?P<version>3\.\d{1,3}\.\d{1,3})', re.MULTILINE)
_NAMED_BY_FOLDER = lazy_pattern(r"(?:cpython-|pypy-|versions/)(?P<version>3\.\d{1,3}\.\d{1,3})")
_NUMBERS = {Kind.CUDA: 2, Kind.CUDNN: 3}


def _looks_like_it(doc: Document) -> bool:
    return isinstance(doc.tree, FileSystem)


@dataclass(slots=True)
class _Context:
    """The document, its files and environments, and what conda records of each."""

    doc: Document
    system: FileSystem
    environments: Environments
    visible: dict[str, Mapping[str, str]] = field(default_factory=dict)
    conda: dict[str, dict[str, Pin]] = field(default_factory=dict)
    python_records: set[str] = field(default_factory=set)
    wheels: list[Pin] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)

    def parts(self, folder: str, name: str) -> tuple[str, ...]:
        """The environments that take a distribution from a folder."""
        return tuple(
            environment.name
            for environment in self.environments.every
            if self.visible[environment.name].get(name) == folder
        )


@parser(kind="dump", content=_looks_like_it, complete=True, access="tree")
def read(doc: Document) -> Iterator[Statement]:
    """Environments as roots, the one that runs by default; installed packages; CUDA and the libraries that matter."""
    if not isinstance(doc.tree, FileSystem):
        raise Unreadable("an image or root file system was expected")
    context = _Context(doc, doc.tree, Environments(doc.tree))
    for environment in context.environments.every:
        context.visible[environment.name] = filesystem_environments.hidden(
            environment, context.environments.distributions
        )
    for package_row in filesystem_system.packages(doc.tree):
        if isinstance(package_row, Package):
            context.packages.append(package_row)
        else:
            yield doc.unread(package_row[1], doc.tree.place(package_row[0]), what=package_row[0])
    yield from _lost(context)
    yield from _platform(context)
    yield from (
        Root(name=environment.name, kind="environment", default=environment.default)
        for environment in context.environments.every
    )
    yield from _notes(context)
    for environment in context.environments.every:
        yield from _conda(context, environment)
    for environment in context.environments.every:
        yield from _python(context, environment)
    for folder in context.environments.distributions:
        yield from _folder(context, folder)
    yield from _conda_alone(context)
    yield from _system(context)


def _lost(context: _Context) -> Iterator[Statement]:
    doc, system = context.doc, context.system
    empty = not context.environments.every
    for gap in system.gaps:
        yield doc.unread(gap.why, system.place(gap.path), what=gap.what or gap.path)
    if system.lost:
        yield Fact(key="complete", value="no", at=system.place(""))
    if empty:
        why = "what was lost may contain them" if system.lost else "it has neither `*.dist-info` nor `conda-meta`"
        at = system.place("")
        yield Unread(at=at, why=f"no environment with Python packages was found in it; {why}", whole=True)


def _platform(context: _Context) -> Iterator[Fact]:
    stated = context.system.setup.platform
    if not stated:
        return
    at = context.system.place("")
    for key, value in zip(("platform", "machine"), machine_of(stated), strict=True):
        if value:
            yield Fact(key=key, value=value, at=at)


def _notes(context: _Context) -> Iterator[Fact]:
    at = context.system.place("")
    chosen, others = (
        context.environments.chosen,
        [environment.name for environment in context.environments.every if not environment.default],
    )
    note_texts = list(context.system.notes)
    if chosen is not None and others:
        why = (
            f"{context.environments.why} chooses"
            if context.environments.why
            else "nothing selects an environment; selected is"
        )
        note_texts.append(f"{why} {chosen.name}; there is also {', '.join(others[:20])} (`#environment=` chooses)")
    if filesystem_system.has_rpm(context.system):
        note_texts.append("its system libraries are in an RPM database, which is not read")
    required = filesystem_system.required_driver(context.system)
    if required:
        note_texts.append(f"it asks the host's driver for {required} (NVIDIA_REQUIRE_CUDA)")
    yield from (Fact(key="note", value=text, at=at) for text in note_texts)


def _conda(context: _Context, environment: PythonEnvironment) -> Iterator[Statement]:
    """Records of conda; those of distributions that Python finds too are kept to be reported with them."""
    pins = CondaPins(context.doc)
    standing = Standing(layer=Layer.INSTALLED, parts=(environment.name,))
    for path in environment.records:
        try:
            node = Node(json.loads(context.system.read(path, RECORD)))
            yield from _record(context, environment, pins, standing, path, node)
        except (ValueError, Unreadable) as error:
            name = path.rpartition("/")[2].removesuffix(".json").rsplit("-", 2)[0]
            why = error.why if isinstance(error, Unreadable | Malformed) else str(error)
            yield context.doc.unread(why, context.system.place(path), what=path, package=normalized(name) or None)


def _record(
    context: _Context, environment: PythonEnvironment, pins: CondaPins, standing: Standing, path: str, node: Node
) -> Iterator[Statement]:
    file = context.system.files[path]
    at = context.system.place(path, file.line, file.column)
    name, version = node.get("name").text(), node.get("version").text()
    build = node.get("build").maybe_text() or node.get("build_string").maybe_text()
    channel = conda_spec.split_channel(node.get("channel").maybe_text() or "")[0]
    hashes = tuple(f"{key}:{value}" for key in ("md5", "sha256") if (value := node.get(key).maybe_text()))
    if not context.system.setup.platform and environment.default:
        yield from platform_facts(node.get("subdir").maybe_text() or "", at)
    for pin in pins.installed(name, version, build, at, standing, origin=channel, hashes=hashes):
        if pin.kind is Kind.PACKAGE:
            context.conda.setdefault(environment.name, {})[pin.package] = pin
        else:
            context.python_records.update((environment.name,) if pin.kind is Kind.PYTHON else ())
            yield pin


def _python(context: _Context, environment: PythonEnvironment) -> Iterator[Statement]:
    """The Python of an environment, as exactly as it is known."""
    if environment.sees_system and not context.environments.distributions.keys() & set(environment.folders[1:]):
        at = context.system.place(_below(environment.prefix, "pyvenv.cfg"))
        yield Fact(key="note", value=f"{environment.name} also sees the packages of the Python that created it", at=at)
    if environment.name in context.python_records or environment.plain:
        return
    version, at, detail = next(
        (
            (version, at, detail)
            for version, at, detail in _python_versions(context, environment)
            if _fits(version, environment.minor)
        ),
        (
            environment.minor,
            context.system.place(environment.folders[0].rstrip("/") if environment.folders else ""),
            None,
        ),
    )
    if version:
        yield context.doc.pin(
            Layer.INSTALLED,
            "python",
            version,
            at=at,
            kind=Kind.PYTHON,
            scope=PinScope(parts=(environment.name,)),
            detail=detail,
        )


def _fits(version: str, minor: str) -> bool:
    return bool(version) and (not minor or f"{version}.".startswith(f"{minor}."))


def _python_versions(context: _Context, environment: PythonEnvironment) -> Iterator[tuple[str, Place, str | None]]:
    system = context.system
    cfg = _below(environment.prefix, "pyvenv.cfg")
    yield environment.settings.get("version", ""), system.place(cfg), None
    header = _below(environment.prefix, f"include/python{environment.minor}/patchlevel.h")
    if header in system.files:
        text = system.files[header].content.decode("utf-8", "replace")
        match = _PATCH_LEVEL.search(text)
        if match:
            yield match["version"], system.place(header, line_at(text, match.start())), None
    if environment.prefix == "usr/local":
        stated = system.setup.env.get("PYTHON_VERSION", "")
        yield stated, system.place(""), f"the variable PYTHON_VERSION of {system.setup.source}"
    if environment.prefix == "usr":
        pythons = filesystem_system.pythons(system, context.packages)
        yield from ((version, at, "its distribution's package") for version, at in pythons)
    named = _NAMED_BY_FOLDER.search(environment.prefix)
    if named:
        yield named["version"], system.place(environment.prefix), None


def _below(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name


def _folder(context: _Context, folder: str) -> Iterator[Statement]:
    """Every distribution of one package folder."""
    doc, system = context.doc, context.system
    for name, paths in sorted(context.environments.distributions[folder].items()):
        files = [path for path in paths if path == folder + name or path.endswith(_METADATA_FILES)]
        place = system.place(folder + name)
        if name.startswith("~"):
            yield Fact(key="note", value=f"`{name}` is left over from an interrupted uninstall", at=place)
        elif not files:
            yield doc.unread("it contains no metadata file", place, what=name, package=distribution_name(name))
        elif files == [folder + name] and name.lower().endswith(EGG):
            yield from _with_parts(context, folder, name, _egg(doc, name, place))
        else:
            yield from _with_parts(context, folder, name, _distribution(context, files[0], folder + name, name))


def _egg(doc: Document, name: str, at: Place) -> Pin | Unread:
    """A zipped egg: its file's name shows name and version."""
    named = release_of_egg(name)
    if named is None:
        return doc.unread("an egg is named `name-version-pyX.Y.egg`", at, what=name)
    return doc.pin(Layer.INSTALLED, named.name, named.version, at=at)


def _distribution(context: _Context, path: str, folder: str, name: str) -> Pin | Unread:
    doc, system = context.doc, context.system
    try:
        read_metadata = metadata(system.read(path, HEADER))
    except Unreadable as error:
        return doc.unread(error.why, system.place(path), what=path, package=distribution_name(name))
    came = Origin()
    direct = f"{folder}/direct_url.json"
    if direct in system.files:
        try:
            came = origin(Node(json.loads(system.read(direct, SMALL))))
        except (ValueError, RecursionError, Unreadable):
            # The distribution is installed whatever its origin says; only where it came from is not known.
            came = Origin(detail="its direct_url.json cannot be read")
    at = system.place(path, read_metadata.version_line, read_metadata.version_column)
    return installed(doc, read_metadata.name or "", read_metadata.version, at, came, Layer.INSTALLED, read_metadata)


def _with_parts(context: _Context, folder: str, name: str, statement: Pin | Unread) -> Iterator[Statement]:
    """A distribution for the environments that import it; one that another folder hides is only mentioned."""
    if isinstance(statement, Unread):
        yield statement
        return
    parts = context.parts(folder, distribution_name(name))
    if not parts:
        value = f"{statement.name} {statement.version} is hidden by another one that is found first"
        yield Fact(key="note", value=value, at=statement.at)
        return
    for part in parts:
        record = context.conda.get(part, {}).pop(statement.package, None)
        if record is not None:
            statement = replace(statement, variant=statement.variant or record.variant)
            yield from _overwritten(statement, record)
    statement = replace(statement, parts=parts)
    context.wheels += [statement] if statement.name in filesystem_system.wheels() else []
    yield statement


def _overwritten(pin: Pin, record: Pin) -> Iterator[Fact]:
    if record.version != pin.version:
        says = f"conda records {record.name} {record.version}, but {pin.version} was installed over it"
        yield Fact(key="note", value=says, at=record.at)


def _conda_alone(context: _Context) -> Iterator[Pin]:
    for records in context.conda.values():
        yield from records.values()


def _system(context: _Context) -> Iterator[Statement]:
    system = context.system
    versions = list(filesystem_system.accelerators(system))
    versions += filesystem_system.libraries(system, context.packages)
    if not system.setup.platform:
        yield from _undescribed(context)
    yield from _once_each(context, versions)
    yield from _of_wheels(context, {version.kind for version in versions})


def _undescribed(context: _Context) -> Iterator[Fact]:
    """Platform and machine of a root file system without a configuration that says them."""
    system = context.system
    machine = filesystem_system.machine(system, context.packages)
    yield from (machine,) if machine else ()
    sign = next((path for path in system.list() if path.endswith("os-release")), None)
    if sign:
        yield Fact(key="platform", value="linux", at=system.place(sign))


def _once_each(context: _Context, versions: Iterable[SystemVersion]) -> Iterator[Statement]:
    """Each accelerator by its surest statement; one that contradicts it is a note."""
    first: dict[Kind, SystemVersion] = {}
    for version in versions:
        if version.kind is Kind.SYSTEM or version.kind not in first:
            first.setdefault(version.kind, version)
            yield _pin(context.doc, version)
        elif _major(version.version) != _major(first[version.kind].version):
            says = f"{version.detail} states {version.name} {version.version}, next to {first[version.kind].version}"
            yield Fact(key="note", value=says, at=version.at)


def _major(version: str) -> list[str]:
    return version.split(".")[:2]


def _pin(doc: Document, version: SystemVersion) -> Pin:
    pin = doc.pin(
        Layer.INSTALLED,
        version.name,
        version.version,
        at=version.at,
        kind=version.kind,
        derived_from=version.at if version.derived else None,
        detail=version.detail,
    )
    return replace(pin, package=version.row or pin.package, variant=None)


def _of_wheels(context: _Context, kinds: set[Kind]) -> Iterator[Statement]:
    """CUDA and cuDNN that NVIDIA's wheels bring, where the system has none of its own."""
    for pin in context.wheels:
        kind, version = filesystem_system.wheels()[pin.name], pin.version or ""
        if kind not in kinds:
            short = ".".join(version.split(".")[: _NUMBERS[kind]])
            yield context.doc.pin(
                Layer.INSTALLED,
                kind.value,
                short,
                at=pin.at,
                kind=kind,
                scope=PinScope(parts=pin.parts),
                derived_from=pin.at,
            )
