"""A Python environment as JSON: what is really installed, to be stored beside the model that it trains."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mlaudit.model import Kind, Pin
from mlaudit.reading import read
from mlaudit.sources.interpreter import Interpreter, asked, documents, running

SCHEMA = "mlaudit.snapshot/1"


def dumps(executable: str | None = None) -> str:
    """The environment of this interpreter, or of another one, a package a line. Raises Unreadable.

    Of two copies of one package the first on the path counts, since that is the one that is imported.
    """
    interpreter = running() if executable is None else asked(executable)
    pins = [pin for document in documents(interpreter) for pin in read(document).pins]
    return text(interpreter, pins)


def text(interpreter: Interpreter, pins: Iterable[Pin]) -> str:
    """The snapshot of an interpreter and what is installed for it."""
    packages: dict[str, dict[str, str]] = {}
    for pin in pins:
        if pin.kind in (Kind.PACKAGE, Kind.LOCAL, Kind.PROJECT) and pin.version is not None:
            packages.setdefault(pin.name, _package(pin))
    lines = ",\n  ".join(json.dumps(packages[name]) for name in sorted(packages))
    head = {
        "schema": SCHEMA,
        "python": interpreter.python,
        "implementation": interpreter.implementation,
        "platform": interpreter.platform,
        "machine": interpreter.machine,
    }
    return f'{json.dumps(head)[:-1]}, "packages": [\n  {lines}\n]}}\n'


def _package(pin: Pin) -> dict[str, str]:
    shown = {"name": pin.name, "version": pin.version or ""}
    if pin.source != "index":
        shown["source"] = pin.source
    if pin.origin is not None and pin.source == "git":
        shown["origin"] = pin.origin
    return shown
