"""pyproject.toml: what a project requires, with its extras and groups (PEP 621, PEP 735, Poetry's and uv's tables)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TypeVar

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import pyproject_tools, rewriting, waivers
from mlaudit.grammars.conda import pixi_manifest
from mlaudit.grammars.pypi import hatch_environments, overrides, pyproject_text, requirement, uv_scoped, uv_sources
from mlaudit.grammars.pypi.pyproject_text import Declared
from mlaudit.grammars.pypi.uv_sources import UvSource
from mlaudit.grammars.pypi.wheel_indexes import WheelIndex, wheel_index
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.markers import both_markers
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Include, Kind, Layer, Pin, Place, Root, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

T = TypeVar("T")

_TABLES = (
    *("[dependency-groups]", "[build-system]"),
    *(f"[tool.{name}" for name in ("poetry", "uv", "pixi", "pdm", "hatch")),
)
_PIXI_PROJECT = ("channels =", "platforms =")


def _looks_like_it(doc: Document) -> bool:
    """Whether one of its tables begins a line."""
    lines = doc.text[:65536].split("\n")
    if any(line.startswith(_TABLES) for line in lines):
        return True
    # An old pixi.toml has a [project] too, with its channels and platforms.
    return any(line.startswith("[project]") for line in lines) and not any(
        line.startswith(_PIXI_PROJECT) for line in lines
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """What is needed to place one requirement: the project's name, its sources and indexes by name."""

    name: str | None
    sources: Mapping[str, tuple[UvSource, ...]]
    indexes: Mapping[str, str]
    default: str | None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="manifest",
    files=["pyproject.toml"],
    content=_looks_like_it,
    marks=[b"[dependency-groups]", b"[build-system]", b"[tool.", b"[project]"],
)
def read(doc: Document) -> Iterator[Statement]:
    """The project as a root, its Python, and every requirement, overrides applied to them."""
    yield from overrides.applied(_statements(doc))


def _statements(doc: Document) -> Iterator[Statement]:
    problems: list[Unread] = []
    project = _Project(
        name=_tolerant(doc, problems, pyproject_text.name, None),
        sources=_tolerant(doc, problems, uv_sources.uv_sources, {}),
        indexes=_tolerant(doc, problems, uv_sources.indexes, {}),
        default=_tolerant(doc, problems, _default_index, None),
    )
    root = _tolerant(doc, problems, _root, None)
    if root is not None:
        yield root
    python = _tolerant(doc, problems, _python, None)
    if python is not None:
        yield python
    # One wrong value is met by several of these.
    yield from dict.fromkeys(problems)
    for entry in chain(pyproject_text.declarations(doc), uv_scoped.scoped(doc)):
        yield from _pins(doc, project, entry) if isinstance(entry, Declared) else (entry,)
    yield from _guarded_dynamic(doc)
    yield from _tools(doc)
    yield from waivers.in_comments(doc)


def _tools(doc: Document) -> Iterator[Statement]:
    """What pixi, Hatch and other tools declare in tables of their own."""
    tool = doc.toml.dig("tool")
    if not tool.is_table:
        return
    if tool.get("pixi").is_table:
        yield from pixi_manifest.statements(doc, tool.get("pixi"))
    if tool.get("hatch").is_table:
        yield from hatch_environments.statements(doc, tool.get("hatch"))
    yield from pyproject_tools.statements(doc, tool)


def _tolerant(doc: Document, problems: list[Unread], read_part: Callable[[Document], T], default: T) -> T:
    """A part of the document; where it is malformed the default, and the problem is noted."""
    try:
        return read_part(doc)
    except Malformed as error:
        problems.append(doc.unread(str(error), doc.at(*error.route)))
        return default


def _root(doc: Document) -> Root | None:
    """The project; None for a file that only configures tools."""
    root = pyproject_text.root(doc, with_edges=False)
    return root if pyproject_text.name(doc) or root.groups or root.extras else None


def _python(doc: Document) -> Pin | None:
    requires_python = pyproject_text.requires_python(doc)
    if requires_python is None:
        return None
    return doc.pin(
        Layer.DECLARED, "python", kind=Kind.PYTHON, specifier=requires_python[0] or None, at=doc.at(*requires_python[1])
    )


def _default_index(doc: Document) -> str | None:
    """The index that packages without a source come from, where uv's settings name one."""
    uv = doc.toml.dig("tool", "uv")
    if not uv.exists:
        return None
    named = (node.get("url").text() for node in uv.get("index").each() if node.get("default").flag())
    return next(named, None) or uv.get("index-url").maybe_text()


def _pins(doc: Document, project: _Project, entry: Declared) -> Iterator[Pin | Unread]:
    """One pin, or as many as the package has sources by marker, extra or group."""
    at = doc.at(*entry.route)
    called = normalized(requirement.leading_name(entry.text))
    sources = [source for source in project.sources.get(called, ()) if _applies(source, entry)]
    if not sources or entry.kind is Kind.BOUND:
        yield _pin(doc, project, entry, at, _index_of(project, entry, called))
        return
    for source in sources:
        yield _sourced(doc, project, entry, at, source)
    rest = _remainder([source.marker for source in sources])
    if rest is not None:
        yield _pin(doc, project, entry, at, None, marker=rest)


def _applies(source: UvSource, entry: Declared) -> bool:
    """Whether a source for one extra or group is the one of this requirement."""
    in_extra = source.extra is None or normalized(source.extra) in entry.extras
    return in_extra and (source.group is None or normalized(source.group) in entry.groups)


def _index_of(project: _Project, entry: Declared, called: str) -> WheelIndex | None:
    """The index that decides the build, from the entry's own source or the project's default."""
    url = project.indexes.get(entry.index, "") if entry.index else project.default
    index = wheel_index(url) if url else None
    return index if index is not None and called in index.packages and "+" not in entry.text else None


def _pin(
    doc: Document,
    project: _Project,
    entry: Declared,
    at: Place,
    index: WheelIndex | None,
    marker: str | None = None,
    origin: str | None = None,
) -> Pin | Unread:
    own = project.name is not None and normalized(requirement.leading_name(entry.text)) == project.name
    pin = requirement.pin(
        doc,
        entry.text,
        at,
        kind=Kind.PROJECT if own and entry.kind is Kind.PACKAGE else entry.kind,
        scope=PinScope(
            marker=marker,
            groups=entry.groups,
            under_extras=entry.extras,
            optional=entry.optional or entry.excluded,
        ),
        origin=index.url if index else origin or project.indexes.get(entry.index or ""),
        variant=index.variant if index else None,
        detail=entry.detail,
    )
    return replace(pin, overrides=True) if entry.overrides and isinstance(pin, Pin) else pin


def _sourced(doc: Document, project: _Project, entry: Declared, at: Place, source: UvSource) -> Pin | Unread:
    if source.kind == "index":
        index = wheel_index(source.origin) if source.origin else None
        decided = index if index is not None and "+" not in entry.text else None
        return _pin(doc, project, entry, at, decided, source.marker, source.origin)
    parsed = requirement.parse(entry.text)
    if parsed.problem is not None:
        return _pin(doc, project, entry, at, None)
    in_address = requirement.version_in_url(source.origin) if source.origin and source.kind != "git" else None
    # uv checks that a member of the workspace satisfies the range that is declared beside it.
    ranged = parsed.specifier if source.workspace and parsed.version is None else None
    return doc.pin(
        Layer.DECLARED,
        parsed.name,
        in_address or (parsed.version if source.workspace else None),
        at=at,
        specifier=ranged,
        kind=Kind.LOCAL if source.kind == "path" else entry.kind,
        scope=PinScope(
            marker=both_markers(parsed.marker, source.marker),
            groups=entry.groups,
            under_extras=entry.extras,
            optional=entry.optional,
        ),
        extras=parsed.extras,
        source=source.kind,
        origin=source.origin,
        detail="a member of the workspace" if source.workspace else entry.detail,
    )


def _remainder(markers: list[str | None]) -> str | None:
    """The marker for where no source applies; None if one always does, or where that cannot be said plainly."""
    left = [requirement.negated(marker) if marker else None for marker in markers]
    stated = [marker for marker in left if marker is not None]
    if len(stated) < len(left):
        return None
    return " and ".join(f"({marker})" if " or " in marker else marker for marker in stated)


def _guarded_dynamic(doc: Document) -> Iterator[Statement]:
    try:
        yield from _dynamic(doc)
    except Malformed as error:
        yield doc.unread(str(error), doc.at(*error.route))


def _dynamic(doc: Document) -> Iterator[Statement]:
    """What `dynamic` leaves to the build: files that setuptools or a hook of hatch reads, or what nobody shows."""
    dynamic = doc.toml.dig("project", "dynamic").texts()
    setuptools = doc.toml.dig("tool", "setuptools", "dynamic")
    if "dependencies" in dynamic:
        files = [*_files(setuptools.dig("dependencies")), *_hook_files(doc)]
        yield from (_include(doc, node) for node in files)
        if not files and not doc.toml.dig("tool", "poetry", "dependencies").exists:
            at = doc.at("project", "dynamic")
            yield doc.unread("its dependencies are dynamic: the build determines them", at, what="dynamic")
    if "optional-dependencies" in dynamic:
        for extra, node in setuptools.dig("optional-dependencies").items():
            yield from (_include(doc, file, (normalized(extra),)) for file in _files(node))


def _files(node: Node) -> list[Node]:
    if not node.exists:
        return []
    file = node.get("file")
    return [file] if file.is_text else list(file.each())


def _hook_files(doc: Document) -> list[Node]:
    """The files of the plugin hatch-requirements-txt."""
    return list(doc.toml.dig("tool", "hatch", "metadata", "hooks", "requirements_txt", "files").each())


def _include(doc: Document, node: Node, under_extras: tuple[str, ...] = ()) -> Include | Unread:
    try:
        return Include(target=node.text(), at=doc.at(*node.route), format="requirements", under_extras=under_extras)
    except Malformed as error:
        return doc.unread(str(error), doc.at(*error.route))
