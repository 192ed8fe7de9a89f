"""Syntax trees of Python texts that are made to end the process that reads them."""

from __future__ import annotations

import ast
import sys

import pytest

from mlaudit.grammars.python_tree import MAX_CHAIN, _longest_chain, parse_tree

CHAINS = {
    "a sum": "+".join(["1"] * 200_000),
    "a sum in brackets over many lines": "x = (\n" + "1 +\n" * 150_000 + "1)",
    "attributes": "x" + ".y" * 200_000,
    "calls": "x" + "()" * 150_000,
}


@pytest.mark.parametrize("text", CHAINS.values(), ids=CHAINS)
def test_a_long_chain_is_a_tree_or_an_error_that_can_be_caught(text: str) -> None:
    assert _longest_chain(text) > MAX_CHAIN
    if sys.version_info < (3, 11):
        with pytest.raises(RecursionError, match="operators"):
            parse_tree(text)
        return
    try:
        assert parse_tree(text).body
    except (MemoryError, RecursionError, SyntaxError):
        assert len(text) > MAX_CHAIN


@pytest.mark.parametrize(
    ("text", "longest"),
    [("a + b\nc + d + e\n", 2), ("f(a,\n  b) + 1\n", 3), ("x = 1\n" * 50, 0), (")\n) + 1", 2)],
)
def test_a_chain_ends_with_its_line_outside_of_brackets(text: str, longest: int) -> None:
    assert _longest_chain(text) == longest


@pytest.mark.parametrize(
    "text", ["x = 0x" + "f" * 5_000, "f(-0b" + "1" * 20_000 + ")", "x = [0o" + "7_7" * 3_000 + "]"]
)
def test_a_number_that_cannot_be_written_out_is_an_error(text: str) -> None:
    with pytest.raises(SyntaxError, match="a whole number has more than 14,000 bits"):
        parse_tree(text)


@pytest.mark.parametrize("text", ["x = '0x" + "f" * 9_000 + "'", "x = 0x" + "f" * 3_400, "# 0x" + "f" * 9_000])
def test_a_number_that_can_and_a_text_are_read(text: str) -> None:
    ast.unparse(parse_tree(text))
