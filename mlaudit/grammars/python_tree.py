"""The syntax tree of a Python text, on every Python without a warning and without an end of the process."""

from __future__ import annotations

import ast
import sys
import warnings

from mlaudit.model.lazy_pattern import lazy_pattern

MAX_CHAIN = 40_000
"""Operators of one expression on Python 3.10, whose stack ends beyond 100,000 of them."""
_CHAINED = lazy_pattern(r"[\n()\[\]{}+\-*/%@&|^.<>]")


MAX_BITS = 14_000
"""Of a whole number: Python reads longer ones in hexadecimal, and raises an error wherever it is to write them out."""
_LONG_NUMBER = lazy_pattern(r"0[xXoObB][0-9a-fA-F_]{3000}")


def parse_tree(text: str) -> ast.Module:
    """`ast.parse`, quiet about escapes, and safe from chains of operators that end a process of Python 3.10.

    The tree has no whole number that could not be written out.

    Raises SyntaxError, ValueError, MemoryError and RecursionError.
    """
    if sys.version_info < (3, 11) and len(text) > MAX_CHAIN and _longest_chain(text) > MAX_CHAIN:
        # Its compiler makes a tree of a long sum by recursion in C, without a limit.
        raise RecursionError(f"an expression has more than {MAX_CHAIN:,} operators")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    # Such a word may stand in a text as well.
    if _LONG_NUMBER.search(text) and any(map(_is_long_number, ast.walk(tree))):
        raise SyntaxError(f"a whole number has more than {MAX_BITS:,} bits")
    return tree


def _is_long_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > MAX_BITS


def _longest_chain(text: str) -> int:
    """How many operators at most are between two ends of a line outside of brackets, those in texts among them."""
    longest = chain = depth = 0
    for match in _CHAINED.finditer(text):
        sign = match[0]
        if sign == "\n":
            chain = chain if depth else 0
            continue
        depth = depth + 1 if sign in "([{" else max(0, depth - 1) if sign in ")]}" else depth
        chain += 1
        longest = max(longest, chain)
    return longest
