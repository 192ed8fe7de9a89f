"""A container image or root file system: every Python environment in it, and the system below them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, platform_facts
from mlaudit.grammars.container import filesystem_environments, filesystem_system
from mlaudit.grammars.container.filesystem_environments import Environments, PythonEnvironment, distribution_name
from mlaudit.grammars.container.filesystem_system import Package, SystemVersion
from mlaudit.grammars.pypi.installed_text import Origin, installed, metadata, origin
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Root, Statement, Unread
from mlaudit.model.platforms import platform_of
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser
from mlaudit.sources.images.file_system import HEADER, RECORD, SMALL, FileSystem

_METADATA_FILES = ("METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO")
_EGG = lazy_pattern(
    r"(?P<name>[A-Za-z0-9_.]{1,200})-(?P<version>[0-9][A-Za-z0-9_.!+]{0,64})(?:-py[0-9.]{1,8})?(?:-.{1,128})?\.egg",
    re.IGNORECASE,
)
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
    found: Environments
    visible: dict[str, Mapping[str, str]] = field(default_factory=dict)
    conda: dict[str, dict[str, Pin]] = field(default_factory=dict)
    python_records: set[str] = field(default_factory=set)
    wheels: list[Pin] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)

    def parts(self, folder: str, name: str) -> tuple[str, ...]:
        """The environments that take a distribution from a folder."""
        return tuple(one.name for one in self.found.every if self.visible[one.name].get(name) == folder)


@parser(kind="dump", content=_looks_like_it, complete=True, access="tree")
def read(doc: Document) -> Iterator[Statement]:
    """Environments as roots, the one that runs by default; installed packages; CUDA and the libraries that matter."""
    if not isinstance(doc.tree, FileSystem):
        raise Unreadable("an image or root file system was expected")
    context = _Context(doc, doc.tree, Environments(doc.tree))
    for one in context.found.every:
        context.visible[one.name] = filesystem_environments.hidden(one, context.found.distributions)
    for said in filesystem_system.packages(doc.tree):
        if isinstance(said, Package):
            context.packages.append(said)
        else:
            yield doc.unread(said[1], doc.tree.place(said[0]), what=said[0])
    yield from _lost(context)
    yield from _platform(context)
    yield from (Root(name=one.name, kind="environment", default=one.default) for one in context.found.every)
    yield from _notes(context)
    for one in context.found.every:
        yield from _conda(context, one)
    for one in context.found.every:
        yield from _python(context, one)
    for folder in context.found.distributions:
        yield from _folder(context, folder)
    yield from _conda_alone(context)
    yield from _system(context)


def _lost(context: _Context) -> Iterator[Statement]:
    doc, system = context.doc, context.system
    empty = not context.found.every
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
    words = stated.split("/")
    if words[1:] and words[1] == "arm":
        words = [words[0], f"arm{words[2] if words[2:] else 'v7'}l"]
    at = context.system.place("")
    for key, value in zip(("platform", "machine"), platform_of("-".join(words)), strict=True):
        if value:
            yield Fact(key=key, value=value, at=at)


def _notes(context: _Context) -> Iterator[Fact]:
    at = context.system.place("")
    chosen, others = context.found.chosen, [one.name for one in context.found.every if not one.default]
    told = list(context.system.notes)
    if chosen is not None and others:
        why = f"{context.found.why} chooses" if context.found.why else "nothing selects an environment; selected is"
        told.append(f"{why} {chosen.name}; there is also {', '.join(others[:20])} (`#environment=` chooses)")
    if filesystem_system.has_rpm(context.system):
        told.append("its system libraries are in an RPM database, which is not read")
    required = filesystem_system.required_driver(context.system)
    if required:
        told.append(f"it asks the host's driver for {required} (NVIDIA_REQUIRE_CUDA)")
    yield from (Fact(key="note", value=said, at=at) for said in told)


def _conda(context: _Context, one: PythonEnvironment) -> Iterator[Statement]:
    """Records of conda; those of distributions that Python finds too are kept to be reported with them."""
    pins = CondaPins(context.doc)
    standing = Standing(layer=Layer.INSTALLED, parts=(one.name,))
    for path in one.records:
        try:
            node = Node(json.loads(context.system.read(path, RECORD)))
            yield from _record(context, one, pins, standing, path, node)
        except (ValueError, Unreadable) as error:
            name = path.rpartition("/")[2].removesuffix(".json").rsplit("-", 2)[0]
            why = error.why if isinstance(error, Unreadable | Malformed) else str(error)
            yield context.doc.unread(why, context.system.place(path), what=path, package=normalized(name) or None)


def _record(
    context: _Context, one: PythonEnvironment, pins: CondaPins, standing: Standing, path: str, node: Node
) -> Iterator[Statement]:
    held = context.system.files[path]
    at = context.system.place(path, held.line, held.column)
    name, version = node.get("name").text(), node.get("version").text()
    build = node.get("build").maybe_text() or node.get("build_string").maybe_text()
    channel = conda_spec.split_channel(node.get("channel").maybe_text() or "")[0]
    hashes = tuple(f"{key}:{value}" for key in ("md5", "sha256") if (value := node.get(key).maybe_text()))
    if not context.system.setup.platform and one.default:
        yield from platform_facts(node.get("subdir").maybe_text() or "", at)
    for pin in pins.installed(name, version, build, at, standing, origin=channel, hashes=hashes):
        if pin.kind is Kind.PACKAGE:
            context.conda.setdefault(one.name, {})[pin.package] = pin
        else:
            context.python_records.update((one.name,) if pin.kind is Kind.PYTHON else ())
            yield pin


def _python(context: _Context, one: PythonEnvironment) -> Iterator[Statement]:
    """The Python of an environment, as exactly as it is known."""
    if one.sees_system and not context.found.distributions.keys() & set(one.folders[1:]):
        at = context.system.place(_below(one.prefix, "pyvenv.cfg"))
        yield Fact(key="note", value=f"{one.name} also sees the packages of the Python that created it", at=at)
    if one.name in context.python_records or one.plain:
        return
    version, at, detail = next(
        ((version, at, detail) for version, at, detail in _python_told(context, one) if _fits(version, one.minor)),
        (one.minor, context.system.place(one.folders[0].rstrip("/") if one.folders else ""), None),
    )
    if version:
        yield context.doc.pin(
            Layer.INSTALLED,
            "python",
            version,
            at=at,
            kind=Kind.PYTHON,
            scope=PinScope(parts=(one.name,)),
            detail=detail,
        )


def _fits(version: str, minor: str) -> bool:
    return bool(version) and (not minor or f"{version}.".startswith(f"{minor}."))


def _python_told(context: _Context, one: PythonEnvironment) -> Iterator[tuple[str, Place, str | None]]:
    system = context.system
    cfg = _below(one.prefix, "pyvenv.cfg")
    yield one.settings.get("version", ""), system.place(cfg), None
    header = _below(one.prefix, f"include/python{one.minor}/patchlevel.h")
    if header in system.files:
        text = system.files[header].content.decode("utf-8", "replace")
        found = _PATCH_LEVEL.search(text)
        if found:
            yield found["version"], system.place(header, text.count("\n", 0, found.start()) + 1), None
    if one.prefix == "usr/local":
        stated = system.setup.env.get("PYTHON_VERSION", "")
        yield stated, system.place(""), f"the variable PYTHON_VERSION of {system.setup.source}"
    if one.prefix == "usr":
        told = filesystem_system.pythons(system, context.packages)
        yield from ((version, at, "its distribution's package") for version, at in told)
    named = _NAMED_BY_FOLDER.search(one.prefix)
    if named:
        yield named["version"], system.place(one.prefix), None


def _below(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name


def _folder(context: _Context, folder: str) -> Iterator[Statement]:
    """Every distribution of one package folder."""
    doc, system = context.doc, context.system
    for name, paths in sorted(context.found.distributions[folder].items()):
        files = [path for path in paths if path == folder + name or path.endswith(_METADATA_FILES)]
        place = system.place(folder + name)
        if name.startswith("~"):
            yield Fact(key="note", value=f"`{name}` is left over from an interrupted uninstall", at=place)
        elif not files:
            yield doc.unread("it contains no metadata file", place, what=name, package=distribution_name(name))
        elif files == [folder + name] and name.lower().endswith(".egg"):
            yield from _told(context, folder, name, _egg(doc, name, place))
        else:
            yield from _told(context, folder, name, _distribution(context, files[0], folder + name, name))


def _egg(doc: Document, name: str, at: Place) -> Pin | Unread:
    """A zipped egg: its file's name shows name and version."""
    named = _EGG.fullmatch(name)
    if named is None:
        return doc.unread("an egg is named `name-version-pyX.Y.egg`", at, what=name)
    return doc.pin(Layer.INSTALLED, named["name"], named["version"], at=at)


def _distribution(context: _Context, path: str, folder: str, name: str) -> Pin | Unread:
    doc, system = context.doc, context.system
    try:
        found = metadata(system.read(path, HEADER))
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
    at = system.place(path, found.version_line, found.version_column)
    return installed(doc, found.name or "", found.version, at, came, Layer.INSTALLED, found)


def _told(context: _Context, folder: str, name: str, said: Pin | Unread) -> Iterator[Statement]:
    """A distribution for the environments that import it; one that another folder hides is only mentioned."""
    if isinstance(said, Unread):
        yield said
        return
    parts = context.parts(folder, distribution_name(name))
    if not parts:
        value = f"{said.name} {said.version} is hidden by another one that is found first"
        yield Fact(key="note", value=value, at=said.at)
        return
    for part in parts:
        record = context.conda.get(part, {}).pop(said.package, None)
        if record is not None:
            said = replace(said, variant=said.variant or record.variant)
            yield from _overwritten(said, record)
    said = replace(said, parts=parts)
    context.wheels += [said] if said.name in filesystem_system.wheels() else []
    yield said


def _overwritten(pin: Pin, record: Pin) -> Iterator[Fact]:
    if record.version != pin.version:
        says = f"conda records {record.name} {record.version}, but {pin.version} was installed over it"
        yield Fact(key="note", value=says, at=record.at)


def _conda_alone(context: _Context) -> Iterator[Pin]:
    for records in context.conda.values():
        yield from records.values()


def _system(context: _Context) -> Iterator[Statement]:
    system = context.system
    found = list(filesystem_system.accelerators(system))
    found += filesystem_system.libraries(system, context.packages)
    if not system.setup.platform:
        yield from _undescribed(context)
    yield from _said_once(context, found)
    yield from _of_wheels(context, {one.kind for one in found})


def _undescribed(context: _Context) -> Iterator[Fact]:
    """Platform and machine of a root file system without a configuration that says them."""
    system = context.system
    machine = filesystem_system.machine(system, context.packages)
    yield from (machine,) if machine else ()
    sign = next((path for path in system.list() if path.endswith("os-release")), None)
    if sign:
        yield Fact(key="platform", value="linux", at=system.place(sign))


def _said_once(context: _Context, found: Iterable[SystemVersion]) -> Iterator[Statement]:
    """Each accelerator by its surest statement; one that contradicts it is a note."""
    first: dict[Kind, SystemVersion] = {}
    for one in found:
        if one.kind is Kind.SYSTEM or one.kind not in first:
            first.setdefault(one.kind, one)
            yield _pin(context.doc, one)
        elif _major(one.version) != _major(first[one.kind].version):
            says = f"{one.detail} states {one.name} {one.version}, next to {first[one.kind].version}"
            yield Fact(key="note", value=says, at=one.at)


def _major(version: str) -> list[str]:
    return version.split(".")[:2]


def _pin(doc: Document, one: SystemVersion) -> Pin:
    pin = doc.pin(
        Layer.INSTALLED,
        one.name,
        one.version,
        at=one.at,
        kind=one.kind,
        derived_from=one.at if one.derived else None,
        detail=one.detail,
    )
    return replace(pin, package=one.row or pin.package, variant=None)


def _of_wheels(context: _Context, told: set[Kind]) -> Iterator[Statement]:
    """CUDA and cuDNN that NVIDIA's wheels bring, where the system has none of its own."""
    for pin in context.wheels:
        kind, version = filesystem_system.wheels()[pin.name], pin.version or ""
        if kind not in told:
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
