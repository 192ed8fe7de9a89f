"""What releases declare, out of the tags of their projects' repositories: no package index is asked.

`[project]` of a pyproject.toml is what METADATA says by its specification, where `dependencies` is not dynamic
(https://packaging.python.org/en/latest/specifications/pyproject-toml/#dynamic). Of setup.cfg and setup.py that is taken
which mlaudit's own parsers read without running anything; a release that computes its requirements is left undeclared.
"""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.grammars.ini_text import IniOption, options
from mlaudit.lab.release_rows import GatheredRelease, canonical, canonical_requirements, kept_versions
from mlaudit.lab.setup_call import INSTALL, UNKNOWN_NAME, required_texts, setup_arguments
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.parsers._read import read

MANIFESTS = ("pyproject.toml", "setup.cfg", "setup.py")
MAX_BYTES = 2_000_000
_MAIN = frozenset({"main"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedProject:
    """Where a package is developed.

    Attributes:
        repository: its address, as evidence.
        clone: a clone of it on this machine, bare or not.
        tags: how its tags are called, with `{version}`; of two tags of a version that of the first form counts.
        folder: where its manifest is.
        requirements: files that its build reads its requirements from, newest layout first; the first that is there
            counts, where setup.py computes what a parser cannot tell.
        loosened: whether its build drops the upper bounds in those files that no comment `# strict` keeps.
    """

    package: str
    repository: str
    clone: Path
    tags: tuple[str, ...] = ("v{version}", "{version}")
    folder: str = ""
    requirements: tuple[str, ...] = ()
    loosened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _ManifestContent:
    requires: tuple[str, ...]
    requires_python: str | None
    manifest: str


def tagged_releases(project: TaggedProject) -> Iterator[GatheredRelease]:
    """Each tag that names a version of this package: a repository's name, and what it holds, changes with the years.

    Raises CalledProcessError if there is no clone.
    """
    tags = tuple(_tags(project))
    kept = frozenset(map(str, kept_versions({Version(version) for _, version, _ in tags})))
    for tag, version, day in tags:
        if version not in kept:
            continue
        document = _asker(project, tag)
        if _stated_name(document, project.folder) not in (project.package, None):
            continue
        declared = _declared_or_none(document, project.folder) or _called(document, project.folder)
        declared = declared or _listed(document, project)
        path = posixpath.join(project.folder, declared.manifest if declared else "")
        yield GatheredRelease(
            package=project.package,
            version=version,
            source=f"{project.repository}/blob/{tag.replace(version, '{version}')}/{path}".rstrip("/"),
            from_metadata=False,
            day=day,
            requires_python=declared.requires_python if declared else None,
            requires=declared.requires if declared else None,
        )


def _git(clone: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(clone), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - own arguments


def last_day(clone: Path) -> str:
    """The day of the newest commit of a clone. Raises CalledProcessError."""
    return _git(clone, "log", "-1", "--format=%cs", "HEAD").decode().strip()


def _tags(project: TaggedProject) -> Iterator[tuple[str, str, str]]:
    names = (re.escape(name).replace(r"\{version\}", "([0-9][0-9A-Za-z.!+-]*)") for name in project.tags)
    patterns = [re.compile(name) for name in names]
    listed = _git(project.clone, "for-each-ref", "--format=%(creatordate:short) %(refname:strip=2)", "refs/tags")
    best: dict[str, tuple[int, str, str]] = {}
    for line in sorted(listed.decode().splitlines()):
        day, _, tag = line.partition(" ")
        named = next(((at, match) for at, pattern in enumerate(patterns) if (match := pattern.fullmatch(tag))), None)
        version = _version(named[1][1]) if named is not None else None
        if named is not None and version is not None and best.get(version, (len(patterns),))[0] >= named[0]:
            best[version] = (named[0], tag, day)
    yield from ((tag, version, day) for version, (_, tag, day) in best.items())


def _version(text: str) -> str | None:
    """The version in PEP 440's own spelling, None for builds and development versions: they are no releases."""
    try:
        read = Version(text)
    except InvalidVersion:
        return None
    return None if read.local or read.is_devrelease else str(read)


def _asker(project: TaggedProject, tag: str) -> Callable[[str], Document | None]:
    @cache
    def document(path: str) -> Document | None:
        plain = posixpath.normpath(path)
        if plain.startswith(("..", "/")):
            return None
        try:
            data = _git(project.clone, "cat-file", "blob", f"refs/tags/{tag}:{plain}")
        except subprocess.CalledProcessError:
            return None
        folder = posixpath.dirname(plain)
        return Document(plain, data[:MAX_BYTES], ask=lambda near: document(posixpath.join(folder, near)))

    return document


def _texts_in(document: Callable[[str], Document | None], folder: str) -> Callable[[str], str | None]:
    def text_of(path: str) -> str | None:
        doc = document(posixpath.join(folder, path))
        return doc.text if doc is not None else None

    return text_of


def _stated_name(document: Callable[[str], Document | None], folder: str) -> str | None:
    """The normalized name under which a tag's manifest is published, None where the source does not tell it."""
    try:
        stated = next(_stated_names(document, folder), None)
    except (Malformed, Unreadable):
        return None
    return canonicalize_name(stated) if stated else None


def _stated_names(document: Callable[[str], Document | None], folder: str) -> Iterator[str]:
    """Names in pyproject.toml, setup.cfg and setup.py. Raises Malformed, Unreadable."""
    project, cfg = (document(posixpath.join(folder, manifest)) for manifest in MANIFESTS[:2])
    if project is not None:
        tool = project.toml.get("tool")
        tables = (project.toml.get("project"), tool.get("poetry") if tool.is_table else tool)
        yield from (name for table in tables if table.is_table and (name := table.get("name").maybe_text()))
    if cfg is not None:
        rows = (row for row in options(cfg) if isinstance(row, IniOption))
        yield from (row.text.strip() for row in rows if (row.section, row.key) == ("metadata", "name"))
    text_of = _texts_in(document, folder)
    script = text_of(MANIFESTS[2])
    given = (setup_arguments(script, text_of) or {}) if script is not None else {}
    called = given.get("name")
    if isinstance(called, str):
        yield called


def _declared_or_none(document: Callable[[str], Document | None], folder: str) -> _ManifestContent | None:
    """What is declared, None also where a manifest is broken: such a release was built from something else."""
    try:
        return _declared(document, folder)
    except (Malformed, Unreadable):
        return None


def _declared(document: Callable[[str], Document | None], folder: str) -> _ManifestContent | None:
    """What the first manifest that declares requirements says, None if none does or one cannot be read."""
    python: str | None = None
    optional: list[Pin] = []
    for manifest in MANIFESTS:
        doc = document(posixpath.join(folder, manifest))
        if doc is None:
            continue
        if manifest == MANIFESTS[0] and _is_whole(doc):
            return _of_project(doc, manifest)
        reading = read(doc, manifest.removesuffix(".toml").replace(".", "-"))
        if _is_unread(reading):
            return None
        python = python or _python(reading)
        pins = [pin for pin in reading.pins if _is_declared(pin)]
        optional += [pin for pin in pins if pin.under_extras]
        if len(pins) > len(optional):
            every = dict.fromkeys((*(pin for pin in pins if not pin.under_extras), *optional))
            texts = canonical_requirements(text for pin in every for text in _texts(pin))
            return _ManifestContent(requires=texts, requires_python=python, manifest=manifest)
    return None


def _of_project(doc: Document, manifest: str) -> _ManifestContent:
    """What `[project]` says and nothing else: tables of tools (pixi, uv) are for those who develop it."""
    project = doc.toml.get("project")
    texts = list(project.get("dependencies").texts())
    for extra, members in project.get("optional-dependencies").items():
        texts += (_under(text, extra) for text in members.texts())
    return _ManifestContent(
        requires=canonical_requirements(texts),
        requires_python=project.get("requires-python").maybe_text(),
        manifest=manifest,
    )


def _under(text: str, extra: str) -> str:
    """A requirement as METADATA says it of an extra."""
    bare, _, marker = text.partition(";")
    own = f"({marker.strip()}) and " if marker.strip() else ""
    return f'{bare.strip()} ; {own}extra == "{canonicalize_name(extra)}"'


def _listed(document: Callable[[str], Document | None], project: TaggedProject) -> _ManifestContent | None:
    """What the requirements file of a release says, None if it has none or one that is not understood."""
    for path in project.requirements:
        doc = document(posixpath.join(project.folder, path))
        if doc is None:
            continue
        reading = read(_loosened(doc) if project.loosened else doc, "requirements")
        if reading.unread:
            return None
        texts = canonical_requirements(text for pin in reading.pins if _is_declared(pin) for text in _texts(pin))
        return _ManifestContent(requires=texts, requires_python=None, manifest=path)
    return None


def _called(document: Callable[[str], Document | None], folder: str) -> _ManifestContent | None:
    """What setup.py gives to `setup()` where its source tells all of it, or where no manifest names any requirement."""
    text_of = _texts_in(document, folder)
    try:
        script = text_of(MANIFESTS[2])
        given = setup_arguments(script, text_of) if script is not None else None
        if given is None or (INSTALL not in given and (UNKNOWN_NAME in given or _names_requirements(text_of))):
            return None
    except (Malformed, Unreadable):
        return None
    texts = required_texts(given)
    if texts is None or any(canonical(text) is None and "extra ==" not in text for text in texts):
        return None
    python = given.get("python_requires")
    return _ManifestContent(
        requires=canonical_requirements(texts),
        requires_python=python if isinstance(python, str) else None,
        manifest=MANIFESTS[2],
    )


def _names_requirements(text_of: Callable[[str], str | None]) -> bool:
    """Whether a manifest beside setup.py may say what setup.py does not."""
    texts = (text_of(manifest) or "" for manifest in MANIFESTS[:2])
    return any(
        word in text for text in texts for word in ("[project]", "install_requires", "[tool.poetry", "[tool.flit")
    )


def _loosened(doc: Document) -> Document:
    """Requirements without the upper bounds that a build drops: where a lower one stands beside and no `# strict`."""
    lines = (line if "# strict" in line else _without_upper_bound(line) for line in doc.text.splitlines())
    return Document(doc.path, "\n".join(lines).encode())


def _without_upper_bound(line: str) -> str:
    requirement, semicolon, marker = line.partition("#")[0].partition(";")
    clauses = [clause for clause in requirement.split(",") if not clause.strip().startswith("<")]
    return f"{','.join(clauses)}{semicolon}{marker}"


def _is_whole(doc: Document) -> bool:
    """Whether `[project]` says everything, so that no requirements means none."""
    project = doc.toml.get("project")
    return project.is_table and project.get("name").exists and "dependencies" not in project.get("dynamic").texts()


def _is_unread(reading: Reading) -> bool:
    """Whether something that counts was not understood; what only extras hold is missing, not wrong."""
    return any("extras" not in f"{unread.why} {unread.what}" for unread in reading.unread)


def _is_declared(pin: Pin) -> bool:
    in_main = not pin.groups or not _MAIN.isdisjoint(pin.groups)
    return pin.kind is Kind.PACKAGE and pin.ecosystem == "pypi" and in_main and not pin.parts


def _python(reading: Reading) -> str | None:
    return next((pin.specifier for pin in reading.pins if pin.kind is Kind.PYTHON and pin.specifier), None)


def _texts(pin: Pin) -> Iterator[str]:
    """The pin as `Requires-Dist` says it, once for each extra under which it is."""
    asked = f"[{','.join(pin.extras)}]" if pin.extras else ""
    clauses = f"=={pin.version}" if pin.version else pin.specifier or ""
    for extra in pin.under_extras or (None,):
        markers = [f"({pin.marker})"] if pin.marker else []
        markers += [f'extra == "{extra}"'] if extra else []
        yield f"{pin.name}{asked}{clauses}" + (f" ; {' and '.join(markers)}" if markers else "")
