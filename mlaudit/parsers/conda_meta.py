"""A record of conda's (`conda-meta/numpy-1.26.4-py310hb13e2d6_0.json`): one package that is installed."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing, platform_facts
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Layer, Statement
from mlaudit.parsers._registry import parser

_KEYS = lazy_pattern(rb'"(?:build_string|build|build_number)"\s*:')


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return head.lstrip()[:1] == b"{" and b'"depends"' in head and _KEYS.search(head) is not None


@parser(kind="dump", files=["conda-meta/*.json"], content=_looks_like_it, marks=[b'"depends"'])
def read(doc: Document) -> Iterator[Statement]:
    """The package, and what its build shows."""
    if not doc.text.strip():
        raise Unreadable("it is empty; a record of conda names one package")
    record = doc.json
    name, version = record.get("name").text(), record.get("version").text()
    at = doc.at("version")
    build = record.get("build").maybe_text() or record.get("build_string").maybe_text()
    hashes = tuple(f"{key}:{value}" for key in ("md5", "sha256") for value in [record.get(key).maybe_text()] if value)
    subdir = record.get("subdir").maybe_text() or ""
    yield from platform_facts(subdir, at)
    channel = conda_spec.split_channel(record.get("channel").maybe_text() or "")[0]
    standing = Standing(layer=Layer.INSTALLED)
    yield from CondaPins(doc).installed(name, version, build, at, standing, origin=channel, hashes=hashes)
