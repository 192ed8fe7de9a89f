"""conda's explicit lists (`conda list --explicit`, rendered locks): `@EXPLICIT`, then one package's address a line."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import waivers
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, platform_facts
from mlaudit.grammars.pypi import requirement, requirements_text
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Layer, Place, Statement
from mlaudit.model.scope import PinScope
from mlaudit.parsers._registry import parser

_MARKER = lazy_pattern(rb"(?m)^@EXPLICIT\s*$")
_PLATFORM = lazy_pattern(r"#\s*platform:\s*([\w-]{1,40})\s*")
_PIP = lazy_pattern(r"#\s*pip\s+(\S.*)")
_AFTER_CONDA = PinScope(step=1)
_STANDING = Standing(layer=Layer.LOCKED)


def _looks_like_it(doc: Document) -> bool:
    return _MARKER.search(doc.head) is not None


@parser(
    kind="lock",
    files=["conda-*.lock", "conda-explicit*.txt", "*explicit*.txt"],
    content=_looks_like_it,
    marks=[b"@EXPLICIT"],
    complete=True,
)
def read(doc: Document) -> Iterator[Statement]:
    """One locked package per address; comments of conda-lock that name pip's packages are read too."""
    if not doc.text.strip():
        raise Unreadable("it is empty; an explicit list has `@EXPLICIT` and addresses of packages")
    pins = CondaPins(doc)
    start, has_platform = 0, False
    for number, raw in enumerate(doc.text.split("\n"), start=1):
        line = raw.strip()
        column = len(raw) - len(raw.lstrip()) + 1
        at = doc.place(number, column, start + column - 1, start + column - 1 + len(line))
        start += len(raw) + 1
        platform = _PLATFORM.fullmatch(line)
        if platform and not has_platform:
            has_platform = True
            yield from platform_facts(platform.group(1), at)
        elif line.startswith("#"):
            yield from _comment(doc, line, at)
        elif line and line != "@EXPLICIT":
            yield from _package(doc, pins, line, at)


def _comment(doc: Document, line: str, at: Place) -> Iterator[Statement]:
    """A waiver, or a package of pip that conda-lock writes as `# pip name @ address --hash=sha256:...`."""
    yield from waivers.waiver(doc, line, at)
    named = _PIP.fullmatch(line)
    if named:
        parsed = requirements_text.parsed(named.group(1))
        yield requirement.pin(doc, parsed.requirement, at, layer=Layer.LOCKED, hashes=parsed.hashes, scope=_AFTER_CONDA)


def _package(doc: Document, pins: CondaPins, line: str, at: Place) -> Iterator[Statement]:
    url, _, digest = line.partition("#")
    dist = conda_spec.dist_of(url)
    if dist is None:
        yield doc.unread("expected the address of a conda package, `.../name-version-build.conda`", at, what=line)
        return
    name, version, build = dist
    channel, subdir = conda_spec.split_channel(url.rpartition("/")[0]) if "://" in url else (None, None)
    hashes = (digest if ":" in digest else f"md5:{digest}",) if digest else ()
    source = "index" if subdir else ("url" if "://" in url else "path")
    yield from pins.installed(
        name, version, build, at, _STANDING, origin=channel, hashes=hashes, source=source, detail=f"build {build}"
    )
