"""Twice the input takes twice the steps: counted calls of functions, for every text format."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial

import pytest

from mlaudit.document.document import Document
from mlaudit.model.nouns import Reading
from mlaudit.parsers._parse import parsed_documents
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from tests.growing import growing, name_of

FORMATS = sorted(name for name, parser in parsers().items() if parser.access == "text")
MOST = 2.2
"""Steps for twice the input, as a multiple."""


ONE_STATEMENT = frozenset(
    (
        "azureml",
        "buildspec",
        "conda-meta",
        "devcontainer",
        "egg-info",
        "mlproject",
        "nvidia-smi",
        "python-version",
        "wandb-metadata",
    )
)
"""Formats of which the input below states no more when it is longer: what grows is a part of one statement."""


class TooManySteps(Exception):
    """Work was ended because it took more steps than a test allows."""


def steps_of(work: Callable[[], object], most: int = sys.maxsize) -> int:
    """How many functions are called, those written in C too. Raises TooManySteps."""
    steps = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")
        if steps > most:
            raise TooManySteps(most)

    parsed_documents.cache_clear()
    # What other tests left behind must not be taken apart, and counted, in the middle of this.
    gc.collect()
    gc.disable()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return steps


def reading(format_name: str, text: str) -> Reading:
    return read(Document(name_of(format_name), text.encode()), format_name)


def statements(found: Reading) -> int:
    lists = (found.roots, found.pins, found.includes, found.facts, found.waivers, found.unread)
    return sum(map(len, lists))


@pytest.mark.parametrize("format_name", FORMATS)
def test_twice_the_input_takes_twice_the_steps(format_name: str) -> None:
    text = growing(format_name)
    few, many = text(16), text(32)
    reading(format_name, many)  # fills the caches that every document shares
    if format_name not in ONE_STATEMENT:
        assert statements(reading(format_name, many)) > 1.5 * statements(reading(format_name, few)), "it does not grow"
    before, after = (steps_of(partial(reading, format_name, text)) for text in (few, many))
    assert after <= MOST * before, f"{before:,} steps for {len(few):,} characters, {after:,} for {len(many):,}"
