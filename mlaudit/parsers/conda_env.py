"""conda environment files (environment.yml, conda.yaml, `conda env export`), with what pip installs on top."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.document.yaml import repeated_keys
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.pypi import requirements_file
from mlaudit.grammars.variables import is_template
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Include, Layer, Pin, Place, Root, Statement, Unread
from mlaudit.model.secrets import masked
from mlaudit.parsers._registry import parser

EXPORTED_FROM = 5
"""Entries from which a file whose every entry has version and build is the export of a whole environment."""

_DEPENDENCIES = lazy_pattern(
    rb"(?m)^[\"']?dependencies[\"']?:[ \t]*(?:\[|(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n){0,50}[ \t]*-(?! *name:))"
)
_JSON_ENVIRONMENT = lazy_pattern(rb'\A\s*\{[^{}]{0,4096}"dependencies"\s*:\s*\[')
_OTHER_FORMATS = lazy_pattern(
    rb"(?m)^(?:apiVersion|build_dependencies|python|package|environments|spec|build|\$schema):"
)
_EXPORTED = lazy_pattern(r"[^\s=<>!~\[:]{1,128}=[^=\s*<>,|]{1,64}(=[^=\s*]{1,128})?")
_JINJA = lazy_pattern(r"\{[%{]")
_SELECTOR = lazy_pattern(r"sel\(\s*(linux|osx|win|unix)\s*\)")
_PIP_STEP = 1


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if head.lstrip()[:1] == b"{":
        return _JSON_ENVIRONMENT.search(head) is not None and b'"channels"' in head
    return _DEPENDENCIES.search(head) is not None and _OTHER_FORMATS.search(head) is None


rewrite = rewriting.conda_or_pip
"""How a version in it is replaced, in its conda part and in its pip part."""


@parser(
    kind="list",
    files=[
        "environment.yml",
        "environment.yaml",
        "environment.json",
        "environment[-_]*.yml",
        "environment[-_]*.yaml",
        "*[-_]environment.yml",
        "*[-_]environment.yaml",
        "conda.yml",
        "conda.yaml",
        "*conda[-_]env*.yml",
        "*conda[-_]env*.yaml",
        "conda[-_]dependencies.y*ml",
    ],
    usual_files=["*conda*.y*ml", "*environment*.y*ml", "env.y*ml"],
    content=_looks_like_it,
    marks=[b"dependencies"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Match specs first, then what pip installs on top of them (conda/env/installers runs pip last)."""
    try:
        root = doc.yaml
    except Unreadable as error:
        yield _broken(doc, error)
        return
    if not root.exists:
        raise Unreadable("it is empty; an environment file has a list `dependencies`")
    if not root.get("dependencies").exists:
        raise Malformed("it has no list `dependencies`, which every conda environment file has", root.route)
    yield from waivers.in_comments(doc)
    yield from _second(doc)
    yield from _repeated(doc, root)
    for node in root.get("channels").each():
        yield Fact(key="index", value=masked(node.text()), at=doc.at(*node.route))
    entries = list(root.get("dependencies").each())
    exported = _is_exported(root, entries)
    if exported == "whole":
        yield Fact(key="complete", value="yes", at=doc.at("dependencies"))
    layer = Layer.LOCKED if exported else Layer.DECLARED
    yield from _conda_part(doc, entries, layer)
    for node in entries:
        yield from doc.guarded([node], lambda entry: _installers(doc, entry, layer))
    if root.get("pip").exists:
        why = "conda ignores a section `pip` beside `dependencies`; it belongs in that list, as `- pip:`"
        yield doc.unread(why, doc.at("pip"), what="pip:")


def _broken(doc: Document, error: Unreadable) -> Unread:
    """A text that is no YAML; one with Jinja's statements becomes YAML when it is rendered."""
    at = doc.place(error.line, error.column)
    if _JINJA.search(doc.text):
        return Unread(
            at=at, why="it is a template; render it, and give the result as a source", template=True, whole=True
        )
    return Unread(at=at, why=error.why, whole=True)


def _second(doc: Document) -> Iterator[Unread]:
    begun = False
    for number, line in enumerate(doc.text.split("\n"), start=1):
        if begun and line.startswith("---"):
            why = "a second YAML document begins here; conda reads only the first, so what follows is not read"
            yield doc.unread(why, doc.place(number, 1), what=line)
            return
        begun = begun or (bool(line.strip()) and not line.startswith(("---", "#", "%")))


def _repeated(doc: Document, root: Node) -> Iterator[Unread]:
    for key in repeated_keys(root.value):
        why = f"the key `{key}` appears more than once; the last one is read here, and conda refuses such a file"
        yield doc.unread(why, doc.at(key), what=key)


def _is_exported(root: Node, entries: list[Node]) -> str:
    """`whole` for `conda env export`, `pins` for its `--no-builds` form, else nothing."""
    texts = [str(node.value) for node in entries if node.is_text]
    matches = [_EXPORTED.fullmatch(text) for text in texts]
    if len(texts) < EXPORTED_FROM or not all(matches):
        return ""
    if all(match and match.group(1) for match in matches):
        return "whole"
    return "pins" if root.get("prefix").exists else ""


def _conda_part(doc: Document, entries: list[Node], layer: Layer) -> Iterator[Pin | Unread]:
    """The match specs, those under mamba's `sel(linux)` for their platform."""
    specs: list[tuple[str, Place]] = [(str(node.value), doc.at(*node.route)) for node in entries if node.is_text]
    pins = CondaPins(doc)
    standing = Standing(layer=layer)
    for statement in pins.declared(specs, standing):
        exact = isinstance(statement, Pin) and layer is Layer.LOCKED
        yield _as_exported(statement) if exact and isinstance(statement, Pin) else statement
    for node in entries:
        if not node.is_table:
            continue
        for key, value in node.items():
            selector = _SELECTOR.fullmatch(key)
            if selector and value.is_text:
                yield from pins.declared(
                    [(value.text(), doc.at(*value.route))], replace(standing, platforms=(selector.group(1),))
                )


def _as_exported(pin: Pin) -> Pin:
    """`--no-builds` writes `numpy=1.26.4` for the version that is installed."""
    match = re.fullmatch(r"==([^,*]{1,64})\.\*", pin.specifier or "")
    return replace(pin, version=match.group(1), specifier=None) if match else pin


def _installers(doc: Document, node: Node, layer: Layer) -> Iterator[Statement]:
    """An entry that is no match spec: what pip installs, or nothing that is known here."""
    if node.is_text:
        return
    if not node.exists:
        raise Malformed("expected a match spec, found nothing", node.route)
    for key, value in node.items():
        if key == "pip":
            yield from _pip_part(doc, value, layer)
        elif not (_SELECTOR.fullmatch(key) and value.is_text):
            template = is_template(key) or key.startswith("{")
            why = "a placeholder in it has no value here" if template else "expected a match spec or a list `pip:`"
            yield doc.unread(why, doc.at(*node.route), what=key, template=template)


def _pip_part(doc: Document, node: Node, layer: Layer) -> Iterator[Statement]:
    """The lines of a requirements file that conda gives to pip, each at its own place."""
    if node.is_text:
        raise Malformed("expected a list of pip's lines, found a string", node.route)
    places: list[Place] = []
    lines: list[str] = []
    for entry in doc.guarded(node.each(), lambda item: ((item.text(), item.route),)):
        if isinstance(entry, Unread):
            yield entry
            continue
        text, route = entry
        lines.append(" ".join(text.split()))
        places.append(doc.at(*route))
    inner = Document(doc.path, "\n".join(lines).encode("utf-8"), ask=doc.beside, defines=doc.defines)
    for statement in requirements_file.statements(inner, layer):
        yield _moved(statement, places)


def _moved(statement: Statement, places: list[Place]) -> Statement:
    """A statement of the pip part at its place in the YAML, installed behind the conda part."""
    if isinstance(statement, Root):
        return statement
    at = places[(statement.at.line or 1) - 1]
    if isinstance(statement, (Pin, Include, Unread)):
        return replace(statement, at=at, step=_PIP_STEP)
    return replace(statement, at=at)
