"""Writes what is made from decorators: the index of names and the pre-commit hook's file pattern, the index of rules.

    python -m mlaudit.lab.generate

It also writes the day of the newest row of knowledge, and the files of knowledge as JSON, which is quicker to read. Run
it whenever a parser or a rule comes, goes or says something else of itself, and whenever a file of knowledge changes;
`tests/test_registry.py` fails until then.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from mlaudit.knowledge.dates import newest_row
from mlaudit.lab.prepared_knowledge import PREPARED, write_prepared
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.packaged import HOME
from mlaudit.parsers._names import IndexedFormat, hook_pattern, index_data
from mlaudit.parsers._registry import Parser, parsers
from mlaudit.request.config_file import OWN_FILE
from mlaudit.rules._registry import index_of_rules

INDEX = HOME / "parsers" / "_index.json"
RULES = HOME / "rules" / "_index.json"
DATE = HOME / "knowledge" / "_date.txt"
HOOKS = HOME.parent / ".pre-commit-hooks.yaml"
_PATTERN = lazy_pattern(r"(?<=\(\?ix\)\(\^\|/\)\(\n).*?(?=^ {4}\)\$$)", re.DOTALL | re.MULTILINE)


def index_text(every: Iterable[Parser]) -> str:
    """The text of `_index.json`."""
    parsers_by_name = {parser.format: parser for parser in every}
    data = index_data(
        {name: _indexed(parser) for name, parser in parsers_by_name.items()},
        {name: parser.files for name, parser in parsers_by_name.items()},
    )
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _indexed(parser: Parser) -> IndexedFormat:
    return IndexedFormat(
        kind=parser.kind,
        access=parser.access,
        artifact=parser.artifact,
        has_content=parser.content is not None,
        starts=[start.decode("latin-1") for start in parser.starts],
        marks=[mark.lower().decode("latin-1") for mark in parser.marks],
        sniffed=parser.sniffed,
        suggested=parser.suggested,
    )


def hook_lines(every: Iterable[Parser]) -> str:
    """The alternatives of the hook's pattern, one a line: names of all formats that state versions, and of our own.

    Artifacts are left out: many are called like any data (`*.json`, `*.bin`), and data never starts the hook.
    """
    stating = (
        parser for parser in every if (not parser.artifact or parser.kind == "descriptor") and parser.access != "tree"
    )
    patterns = [pattern for parser in stating for pattern in (*parser.files, *parser.usual_files)]
    return "".join(f"      {line}|\n" for line in hook_pattern([*patterns, OWN_FILE]))[:-2] + "\n"


def hook_text(text: str, every: Iterable[Parser]) -> str:
    """The text of `.pre-commit-hooks.yaml` with its pattern renewed."""
    lines = hook_lines(every)
    return _PATTERN.sub(lambda _: lines, text, count=1)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote {path.name}\n")


def main() -> int:
    """Write every file; the hook's only in a checkout."""
    every = tuple(parsers().values())
    _write(INDEX, index_text(every))
    _write(RULES, index_of_rules())
    _write(DATE, newest_row() + "\n")
    write_prepared()
    sys.stdout.write(f"wrote {PREPARED.name}\n")
    if HOOKS.is_file():
        _write(HOOKS, hook_text(HOOKS.read_text(encoding="utf-8"), every))
    return 0


if __name__ == "__main__":
    sys.exit(main())
