"""Formats are found by their files' names without importing every parser, and that finds what importing would."""

from __future__ import annotations

import pytest

from mlaudit.knowledge.roles import words
from mlaudit.parsers._registry import Parser, _declared_files, parsers
from mlaudit.reporters._registry import formats, render


@pytest.mark.parametrize("parser", parsers().values(), ids=lambda parser: parser.format)
def test_names_read_off_the_source_are_those_that_are_registered(parser: Parser) -> None:
    declared = _declared_files()[parser.read.__module__]
    assert declared is None or set(declared) >= set(parser.files)


def test_most_parsers_need_no_import_to_be_named() -> None:
    assert sum(patterns is None for patterns in _declared_files().values()) <= 2


@pytest.mark.parametrize("name", formats())
def test_every_reporter_is_named_after_its_module(name: str) -> None:
    assert callable(render(name))


def test_discovery_knows_formats_by_the_names_they_have() -> None:
    assert set(words().kinds) | set(words().descriptors) <= set(parsers())
