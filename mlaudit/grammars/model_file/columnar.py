"""What writers of Parquet and Arrow files record of themselves: Arrow's own text, and the metadata that pandas adds.

pandas: https://pandas.pydata.org/docs/development/developer.html#storing-pandas-dataframe-objects-in-apache-parquet-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement

_PANDAS = lazy_pattern(rb'"pandas_version"\s{0,4}:\s{0,4}"([0-9A-Za-z.+]{1,40})"')
_CREATOR = lazy_pattern(
    rb'"creator"\s{0,4}:\s{0,4}\{"library"\s{0,4}:\s{0,4}"pyarrow",\s{0,4}"version"\s{0,4}:\s{0,4}"([0-9A-Za-z.+]{1,40})"'
)
_WRITERS = (
    (re.compile(rb"parquet-cpp-arrow version ([0-9][0-9A-Za-z.+]{0,39})"), "pyarrow"),
    (re.compile(rb"Polars \(python\) version ([0-9][0-9A-Za-z.+]{0,39})"), "polars"),
    (re.compile(rb"fastparquet-python version ([0-9][0-9A-Za-z.+]{0,39})"), "fastparquet"),
)


def columnar(doc: Document, metadata: bytes, kind: str) -> Iterator[Statement]:
    """The file itself, the library that wrote it, and the pandas whose frame it was."""
    yield artifact(doc, kind)
    own = dict(_writers(metadata))
    for package, version in own.items():
        yield exact(doc, package, version, kind, detail="the writer")
    frame = _PANDAS.search(metadata)
    if frame is not None:
        yield exact(doc, "pandas", frame.group(1).decode("ascii"), "pandas.columnar", detail="the frame's own")


def _writers(metadata: bytes) -> Iterator[tuple[str, str]]:
    creator = _CREATOR.search(metadata)
    if creator is not None:
        yield "pyarrow", creator.group(1).decode("ascii")
        return
    for pattern, package in _WRITERS:
        found = pattern.search(metadata)
        if found is not None:
            yield package, found.group(1).decode("ascii")
