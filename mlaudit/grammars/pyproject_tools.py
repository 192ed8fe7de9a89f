"""Tables of pyproject.toml in which Rye, Flit, PDM and conda-lock declare what no standard table holds.

https://rye.astral.sh/guide/pyproject/, https://flit.pypa.io/en/stable/pyproject_toml.html (old style),
https://pdm-project.org/latest/reference/pep621/, https://conda.github.io/conda-lock/src_pyproject/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import bento_build
from mlaudit.grammars.conda.conda_pins import CondaPins
from mlaudit.grammars.pypi import poetry_text, python_text, requirement
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Statement, Unread
from mlaudit.model.scope import PinScope
from mlaudit.model.secrets import masked

_EDITABLE = lazy_pattern(r"^-e\s{1,8}([^#\s]{1,2048})#egg=([\w.-]{1,128}).*$")


def statements(doc: Document, tool: Node) -> Iterator[Statement]:
    """What the tables say, one bad entry at a time."""
    tables = {
        "rye": _rye,
        "flit": _flit,
        "pdm": _pdm,
        "conda-lock": _conda_lock,
        "bentoml": _bentoml,
    }
    for name, read in tables.items():
        if tool.get(name).is_table:
            yield from doc.guarded([tool.get(name)], partial(read, doc))


def _listed(doc: Document, node: Node, groups: tuple[str, ...] = (), extra: str | None = None) -> Iterator[Statement]:
    """A list of requirements; an editable line begins with `-e`."""
    scope = PinScope(groups=groups, under_extras=(normalized(extra),) if extra else ())

    def read(member: Node) -> Iterator[Pin | Unread]:
        line = _EDITABLE.sub(r"\2 @ \1", member.text())
        yield requirement.pin(doc, line, doc.at(*member.route), scope=scope)

    yield from doc.guarded(node.each(), read)


def _rye(doc: Document, node: Node) -> Iterator[Statement]:
    yield from _listed(doc, node.get("dev-dependencies"), groups=("dev",))


def _flit(doc: Document, node: Node) -> Iterator[Statement]:
    metadata = node.get("metadata")
    yield from _listed(doc, metadata.dig("requires"))
    for extra, members in metadata.dig("requires-extra").items():
        yield from _listed(doc, members, extra=extra)
    python = metadata.dig("requires-python")
    if python.exists:
        yield python_text.statement(doc, python.text(), doc.at(*python.route))


def _pdm(doc: Document, node: Node) -> Iterator[Statement]:
    """Development groups, and `[tool.pdm.resolution.overrides]`, where a bare version is meant exactly."""
    for group, members in node.get("dev-dependencies").items():
        yield from _listed(doc, members, groups=(normalized(group),))
    for name, stated in node.dig("resolution", "overrides").items():
        version = stated.text().strip()
        text = f"{name}{'' if version[:1] in '<>=!~' else ' @ ' if '://' in version else '=='}{version}"
        pin = requirement.pin(doc, text, doc.at(*stated.route), kind=Kind.BOUND, detail="an override")
        yield replace(pin, overrides=True) if isinstance(pin, Pin) else pin
    yield from doc.guarded(node.dig("resolution", "excludes").each(), partial(_excluded, doc))


def _excluded(doc: Document, node: Node) -> Iterator[Pin]:
    at = doc.at(*node.route)
    pin = doc.pin(Layer.DECLARED, node.text(), at=at, kind=Kind.BOUND, scope=PinScope(optional=True), detail="excluded")
    yield replace(pin, overrides=True)


def _conda_lock(doc: Document, node: Node) -> Iterator[Statement]:
    for channel in node.get("channels").each():
        yield Fact(key="index", value=masked(channel.text()), at=doc.at(*channel.route))
    pins = CondaPins(doc)
    entries = (entry for _, entry in node.get("dependencies").items())
    yield from doc.guarded(entries, lambda entry: _conda_lock_entry(doc, pins, entry))


def _conda_lock_entry(doc: Document, pins: CondaPins, entry: Node) -> Iterator[Pin | Unread]:
    """A match spec, or a requirement of pip in Poetry's words where the table says `source = "pypi"`."""
    name, at = str(entry.route[-1]), doc.at(*entry.route)
    if entry.is_table and entry.get("source").maybe_text() == "pypi":
        for text, _ in poetry_text.dependency(name, entry):
            yield requirement.pin(doc, text, at)
        return
    stated = entry if entry.is_text else entry.get("version")
    version = (stated.maybe_text() or "*").strip()
    if version[0] in "^~" and not version.startswith("~="):
        version = poetry_text.specifier(stated)
    channel = entry.get("channel").maybe_text() if entry.is_table else None
    called = f"{channel}::{name}" if channel else name
    yield from pins.declared([(called if version == "*" else f"{called} {version}", at)])


def _bentoml(doc: Document, node: Node) -> Iterator[Statement]:
    if node.get("build").is_table:
        yield from bento_build.statements(doc, node.get("build"))
