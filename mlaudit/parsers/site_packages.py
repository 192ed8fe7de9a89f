"""An installed environment: a virtual environment or site-packages folder, read from its metadata files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.files import Files, read_start
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.pypi.installed_text import HEADER_LIMIT, Origin, installed, metadata, origin
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.parsers._registry import parser
from mlaudit.sources.images.file_system import FileSystem

SMALL = 64 * 1024
"""Bytes of `direct_url.json` and `pyvenv.cfg` that are read."""

_WITHIN = lazy_pattern(
    r"(?P<folder>(?:.{0,4096}/)?(?P<distribution>[^/]{1,512}\.(?:dist-info|egg-info|egg)))"
    r"(?:$|/(?P<file>(?:METADATA|PKG-INFO|EGG-INFO/PKG-INFO)$)?)",
    re.IGNORECASE,
)
_PYTHON = lazy_pattern(r"(?:^|/)lib(?:64)?/python(\d\.\d{1,3})t?(?:/|$)")
_EGG = lazy_pattern(
    r"(?P<name>[A-Za-z0-9_.]{1,200})-(?P<version>[0-9][A-Za-z0-9_.!+]{0,64})(?:-py[0-9.]{1,8})?(?:-.{1,128})?\.egg",
    re.IGNORECASE,
)


def _looks_like_it(doc: Document) -> bool:
    if doc.tree is None or isinstance(doc.tree, FileSystem):
        return False
    return any(name == "pyvenv.cfg" or _WITHIN.match(name) for name in doc.tree.list())


@dataclass(frozen=True, slots=True, kw_only=True)
class _SitePackages:
    """The document, its files, and the settings in pyvenv.cfg."""

    doc: Document
    tree: Files
    names: frozenset[str]
    settings: Mapping[str, str]

    def place(self, name: str, line: int | None = None, column: int | None = None) -> Place:
        """The place of a file, or of something in it."""
        path = name if self.doc.path in ("", ".") else f"{self.doc.path}/{name}"
        return Place(path=path.rstrip("/"), line=line, column=column)


@parser(kind="dump", files=["site-packages", "dist-packages"], content=_looks_like_it, complete=True, access="tree")
def read(doc: Document) -> Iterator[Statement]:
    """Every installed distribution, the Python they are for, and what is left of broken installs."""
    if doc.tree is None:
        raise Unreadable("a folder of installed packages was expected")
    names = sorted(doc.tree.list())
    environment = _SitePackages(doc=doc, tree=doc.tree, names=frozenset(names), settings=_settings(doc.tree, names))
    yield from _python(environment)
    release = ".".join(environment.settings.get("version", "").split(".")[:2])
    described: set[str] = set()
    mentioned: dict[str, None] = {}
    for name in names:
        within = _WITHIN.match(name)
        if within is None or not _belongs(name, release):
            continue
        mentioned[within["folder"]] = None
        if name == within["folder"] or within["file"]:
            described.add(within["folder"])
            yield from _distribution(environment, name, within)
    for folder in mentioned:
        if folder not in described:
            yield doc.unread("it contains no metadata file", environment.place(folder), what=folder.rpartition("/")[2])


def _belongs(name: str, release: str) -> bool:
    """Whether a path is of the Python that the environment runs; an upgrade leaves the old folders behind."""
    folder = _PYTHON.search(name)
    return folder is None or not release or folder.group(1) == release


def _settings(tree: Files, names: list[str]) -> dict[str, str]:
    """The keys of pyvenv.cfg, with `version` for what virtualenv and uv call `version_info`."""
    if "pyvenv.cfg" not in names:
        return {}
    try:
        text = read_start(tree, "pyvenv.cfg", SMALL).decode("utf-8", "replace")
    except Unreadable:
        return {}
    pairs = (line.partition("=") for line in text.split("\n") if "=" in line)
    settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
    settings.setdefault("version", ".".join(settings.get("version_info", "").split(".")[:3]))
    return settings


def _python(environment: _SitePackages) -> Iterator[Statement]:
    doc, settings = environment.doc, environment.settings
    at = environment.place("pyvenv.cfg")
    if settings.get("version"):
        yield doc.pin(Layer.INSTALLED, "python", settings["version"], kind=Kind.PYTHON, at=at)
    else:
        paths = (f"{doc.path}/", *environment.names)
        named = {match.group(1) for match in map(_PYTHON.search, paths) if match}
        if len(named) == 1:
            yield doc.pin(Layer.INSTALLED, "python", named.pop(), kind=Kind.PYTHON, at=doc.place())
    if settings.get("include-system-site-packages", "").lower() == "true":
        yield Fact(key="complete", value="no", at=at)
        yield Fact(key="note", value="it also sees the packages of the system's Python", at=at)


def _distribution(environment: _SitePackages, name: str, match: re.Match[str]) -> Iterator[Statement]:
    distribution = match["distribution"]
    zipped = distribution.lower().endswith(".egg")
    if distribution.startswith("~"):
        note = f"`{distribution}` is left over from an interrupted uninstall"
        yield Fact(key="note", value=note, at=environment.place(name))
    elif zipped and not match["file"]:
        yield _egg(environment, name, distribution)
    else:
        yield from _read(environment, name, match["folder"] if match["file"] else None)


def _egg(environment: _SitePackages, name: str, distribution: str) -> Pin | Unread:
    """A zipped egg: its file's name shows name and version."""
    named = _EGG.fullmatch(distribution)
    at = environment.place(name)
    if named is None:
        return environment.doc.unread("an egg is named `name-version-pyX.Y.egg`", at, what=distribution)
    return environment.doc.pin(Layer.INSTALLED, named["name"], named["version"], at=at)


def _read(environment: _SitePackages, name: str, folder: str | None) -> Iterator[Pin | Unread]:
    """The pin of one metadata file; `folder` holds its direct_url.json."""
    doc = environment.doc
    came = Origin()
    try:
        read_metadata = metadata(read_start(environment.tree, name, HEADER_LIMIT))
    except Unreadable as error:
        yield doc.unread(error.why, environment.place(name), what=name)
        return
    try:
        came = _origin(environment, folder) if folder else came
    except (Unreadable, Malformed) as error:
        at = environment.place(f"{folder}/direct_url.json")
        yield doc.unread(f"where {read_metadata.name or name} came from: {error}", at, what="direct_url.json")
    at = environment.place(name, read_metadata.version_line, read_metadata.version_column)
    yield installed(doc, read_metadata.name or "", read_metadata.version, at, came, Layer.INSTALLED, read_metadata)


def _origin(environment: _SitePackages, folder: str) -> Origin:
    """What `direct_url.json` shows. Raises Unreadable and Malformed."""
    name = f"{folder}/direct_url.json"
    if name not in environment.names:
        return Origin()
    try:
        data: object = json.loads(read_start(environment.tree, name, SMALL))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"it is not valid JSON: {error}") from None
    return origin(Node(data))
