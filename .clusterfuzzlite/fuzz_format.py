"""Feeds bytes to the reader of one format, whose name `build.sh` writes here."""

from __future__ import annotations

import sys

import atheris

FORMAT = "pickle"

with atheris.instrument_imports(include=["mlaudit"]):
    from benchmarks.fuzz import reader_of

    audited = reader_of(FORMAT, "document")

atheris.Setup(sys.argv, audited)
atheris.Fuzz()
