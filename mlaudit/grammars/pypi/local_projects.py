"""Projects that another one requires by their folder (`-e ./lib`, `{ path = "../core" }`, `{ workspace = true }`).

A tool installs what such a project requires too, of its extras those that are requested, of its groups none.
https://pip.pypa.io/en/stable/topics/local-project-installs/, https://docs.astral.sh/uv/concepts/projects/workspaces/,
https://python-poetry.org/docs/dependency-specification/#path-dependencies
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.model.globs import glob
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Fact, Include, InstallSelection, Kind, Layer, Pin, Statement, Unread

MANIFESTS = ("pyproject.toml", "setup.cfg", "setup.py")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "pylock.toml")
MAX_PARENTS = 6
"""Folders above a member of a workspace in which the workspace may begin."""
MAX_PATTERNS = 50
"""Patterns of members that are tried."""

MAX_MANIFEST = 64 * 1024
"""Characters of a manifest in which the project's name is looked for."""

_NAME = lazy_pattern(
    r"(?m)^[ \t]{0,16}name[ \t]{0,8}=[ \t]{0,8}[\"']?([A-Za-z0-9][\w.-]{0,120})[\"']?[ \t]{0,8},?[ \t]{0,8}\r?$"
)
_PROJECT_ROOT = lazy_pattern(r"^(?:file:/{0,3})?(?:\$\{PROJECT_ROOT\}|\{root:(?:uri|real)\})/?")
_ARCHIVE = lazy_pattern(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|conda)(?=$|[#?])")
_IN_FOLDERS = frozenset((Kind.LOCAL, Kind.PROJECT))
_INSTALLED = frozenset((Kind.PACKAGE, Kind.LOCAL))


def is_followed(pin: Pin) -> bool:
    """Whether a pin requires a project of a folder, and nothing beside it names what that one requires."""
    in_folder = pin.kind in _IN_FOLDERS and pin.source == "path" and not _ARCHIVE.search(pin.origin or "")
    return in_folder and pin.layer is Layer.DECLARED


def own_projects(doc: Document) -> Mapping[str, str]:
    """The projects in the folder of a document and above it: their names, and what leads to them."""
    projects: dict[str, str] = {}
    for above in range(MAX_PARENTS + 1):
        folder = "../" * above
        names = [name for file in MANIFESTS if (name := _stated_name(doc.beside(f"{folder}{file}")))]
        if names:
            projects.setdefault(names[0], folder or ".")
    return projects


def _stated_name(doc: Document | None) -> str | None:
    """The name of a project by its manifest, None if it is computed or there is none."""
    if doc is None:
        return None
    if doc.path.endswith("pyproject.toml"):
        return _name(doc)
    try:
        named = _NAME.search(doc.text, 0, MAX_MANIFEST)
    except Unreadable:
        return None
    return normalized(named[1]) if named is not None else None


def is_named_alone(pin: Pin) -> bool:
    """Whether a pin asks for any version of what an index has under a name."""
    if pin.version or pin.specifier:
        return False
    return pin.kind is Kind.PACKAGE and pin.layer is Layer.DECLARED and pin.source == "index"


def of_tree(pin: Pin, own: Mapping[str, str]) -> Pin:
    """The pin; one of a project of the tree itself (`pip install shop`) as that project."""
    folder = own.get(pin.package)
    return pin if folder is None else replace(pin, kind=Kind.LOCAL, source="path", origin=folder)


def includes(doc: Document, pin: Pin) -> tuple[Include, ...] | Unread:
    """The manifests of the project that a pin requires, or why none can be read."""
    if pin.origin is None and _stated_name(doc) == normalized(pin.name):
        # A group that asks for extras of its own project (`shop[dev]`): the manifest is being read.
        return ()
    folder = member_folder(doc, pin.name) if pin.origin is None else _folder(pin.origin)
    paths = [path for name in MANIFESTS if (path := _manifest(doc, folder, name))] if folder is not None else []
    if not paths and (pin.kind is Kind.PROJECT or any(doc.beside(name) is not None for name in _LOCKS)):
        # A lock beside the manifest names what every part of the project requires.
        return ()
    if not paths:
        return doc.unread(_why(pin, folder), pin.at, what=pin.origin or pin.name)
    selection = InstallSelection(extras=pin.extras)
    return tuple(
        Include(
            target=path,
            at=pin.at,
            step=pin.step,
            groups=pin.groups,
            under_extras=pin.under_extras,
            parts=pin.parts,
            selection=selection,
        )
        for path in paths
    )


def _manifest(doc: Document, folder: str, name: str) -> str | None:
    path = posixpath.normpath(posixpath.join(folder, name))
    return path if doc.beside(path) is not None else None


def _folder(origin: str) -> str | None:
    """A folder relative to the document's own, None for one of the machine (`/srv/lib`, `~/lib`)."""
    plain = _PROJECT_ROOT.sub("./", origin).partition("#")[0].replace("\\", "/")
    plain = plain.removeprefix("file:")
    return None if plain.startswith(("/", "~")) or "$" in plain or ":" in plain[:2] else plain or "."


def _why(pin: Pin, folder: str | None) -> str:
    if pin.origin is None:
        return f"what `{pin.name}` of the workspace requires is not read: no member of that name can be read"
    where = f"the folder `{pin.origin[:120]}`"
    if folder is None:
        return f"what the project `{pin.name}` requires is not read: {where} is one of another machine"
    names = f"{', '.join(MANIFESTS[:-1])} or {MANIFESTS[-1]}"
    return f"what the project `{pin.name}` requires is not read: {where} has no {names} that can be read"


def required(statement: Statement, pin: Pin) -> Iterator[Statement]:
    """A statement of a required project, as far as it is installed with it: under the same marker, extra and group.

    What its own tool would do beside that (its development groups, its overrides, its Python) does not travel.
    """
    if pin.kind is Kind.PROJECT:
        yield statement
    elif isinstance(statement, Pin):
        statement = statement.replaced or statement
        stands_elsewhere = statement.under_extras != pin.under_extras or statement.groups != pin.groups
        if statement.kind in _INSTALLED and not stands_elsewhere and not statement.optional:
            from mlaudit.model.markers import both_markers

            marker = both_markers(pin.marker, statement.marker)
            yield replace(statement, marker=marker, optional=pin.optional, platforms=pin.platforms)
    elif isinstance(statement, Unread) or (isinstance(statement, Fact) and statement.key == "note"):
        yield statement


# Members of a workspace of uv


def member_folder(doc: Document, name: str) -> str | None:
    """The folder of a member of the workspace that a document belongs to, relative to the document's own."""
    for above in range(MAX_PARENTS + 1):
        folder = "../" * above
        root = doc.beside(f"{folder}pyproject.toml")
        if root is None:
            continue
        try:
            workspace = root.toml.dig("tool", "uv", "workspace")
            if not workspace.exists:
                continue
            patterns, excluded = workspace.get("members").texts(), workspace.get("exclude").texts()
        except (Malformed, Unreadable):
            return None
        within = _member(root, name, patterns[:MAX_PATTERNS], excluded)
        return folder + within if within is not None else None
    return None


def _member(root: Document, name: str, patterns: tuple[str, ...], excluded: tuple[str, ...]) -> str | None:
    """The member whose project has a name; of a pattern, folders of that name are looked into."""
    folders = [".", *(folder for pattern in patterns for folder in _of_pattern(pattern, name))]
    for folder in dict.fromkeys(folders):
        beside = root.beside(f"{folder}/pyproject.toml")
        if beside is not None and not _is_excluded(folder, excluded) and _name(beside) == normalized(name):
            return folder
    return None


def _of_pattern(pattern: str, name: str) -> Iterator[str]:
    plain = pattern.rstrip("/")
    if not any(sign in plain for sign in "*?["):
        yield plain
        return
    head, _, last = plain.rpartition("/")
    if any(sign in head for sign in "*?["):
        return
    matcher = glob(last)
    parts = normalized(name).split("-")
    spellings = ["-".join(parts), "_".join(parts), ".".join(parts)]
    # A member is often called after its workspace too: `acme-core` in `packages/core`.
    spellings += [sign.join(parts[first:]) for first in range(1, len(parts)) for sign in "-_"]
    yield from (
        f"{head or '.'}/{spelling}" for spelling in spellings if matcher is not None and matcher.matches(spelling)
    )


def _is_excluded(folder: str, patterns: tuple[str, ...]) -> bool:
    return any(matcher.matches(folder) for pattern in patterns if (matcher := glob(pattern.rstrip("/"))) is not None)


def _name(doc: Document) -> str | None:
    from mlaudit.grammars.pypi import pyproject_text

    try:
        return pyproject_text.name(doc)
    except (Malformed, Unreadable):
        return None
