"""A Python environment as JSON: what is really installed, to be stored beside the model that it trains."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlaudit.sources.installed import Distribution, direct_url, distributions
from mlaudit.sources.interpreter import Interpreter, asked, running

if TYPE_CHECKING:
    from mlaudit.document.document import Document
    from mlaudit.model.nouns import Pin, Reading

SCHEMA = "mlaudit.snapshot/1"


def dumps(executable: str | None = None) -> str:
    """The environment of this interpreter, or of another one, a package a line. Raises Unreadable.

    Of two copies of one package the first on the path counts, since that is the one that is imported.
    """
    interpreter = running() if executable is None else asked(executable)
    return text(interpreter, distributions(interpreter.paths).values())


def text(interpreter: Interpreter, installed: Iterable[Distribution]) -> str:
    """The snapshot of an interpreter and what is installed for it."""
    lines = ",\n  ".join(json.dumps(_package(distribution)) for distribution in sorted(installed))
    head = {
        "schema": SCHEMA,
        "python": interpreter.python,
        "implementation": interpreter.implementation,
        "platform": interpreter.platform,
        "machine": interpreter.machine,
    }
    return f'{json.dumps(head)[:-1]}, "packages": [\n  {lines}\n]}}\n'


def _package(distribution: Distribution) -> dict[str, str]:
    source, address = _came_from(distribution)
    shown = {"name": distribution.name, "version": distribution.version}
    if source != "index":
        shown["source"] = source
    if address is not None:
        shown["origin"] = address
    return shown


def _came_from(distribution: Distribution) -> tuple[str, str | None]:
    """Where a package came from; the address only where it decides the code, since a path means nothing elsewhere."""
    source, address = came_from(distribution)
    return source, address if source == "git" else None


def came_from(distribution: Distribution) -> tuple[str, str | None]:
    """Where a package came from, `index`, `git`, `url` or `path`, and the address (PEP 610), credentials masked."""
    if not distribution.direct:
        return "index", None
    from mlaudit.document.node import Malformed, Node
    from mlaudit.grammars.pypi.installed_text import origin
    from mlaudit.model.secrets import masked

    try:
        known = origin(Node(json.loads(direct_url(distribution))))
    except (OSError, ValueError, Malformed, RecursionError):
        return "url", None
    return known.source, masked(known.origin) if known.origin else None


def reading(interpreter: Interpreter, installed: Iterable[Distribution]) -> Reading:
    """The same as a reading, each package placed at its metadata folder."""
    from mlaudit.document.document import Document
    from mlaudit.model.nouns import Fact, Kind, Layer, Reading

    document = Document(interpreter.executable)
    at = document.place()
    python = document.pin(Layer.INSTALLED, "python", interpreter.python, at=at, kind=Kind.PYTHON)
    stated = {
        "platform": interpreter.platform,
        "machine": interpreter.machine,
        "implementation": interpreter.implementation,
    }
    return Reading(
        path=document.path,
        format="snapshot",
        complete=True,
        pins=(python, *(_pin(document, distribution) for distribution in installed)),
        facts=tuple(Fact(key=key, value=value, at=at) for key, value in stated.items()),
    )


def _pin(document: Document, distribution: Distribution) -> Pin:
    from mlaudit.model.nouns import Kind, Layer, Place

    source, address = _came_from(distribution)
    kind = Kind.LOCAL if source == "path" else Kind.PACKAGE
    at = Place(path=distribution.folder)
    return document.pin(
        Layer.INSTALLED, distribution.name, distribution.version, at=at, kind=kind, source=source, origin=address
    )
