"""Which formats can be rewritten, and which locks be updated: a parser's module says so by a name beside `read`.

`rewrite` is a rewriter of `mlaudit.grammars.rewriting`; `lock_tool` is what writes the lock. Only the module of the
format that is asked about is imported.
"""

from __future__ import annotations

from importlib import import_module

from mlaudit.grammars.relocking import LockTool
from mlaudit.grammars.rewriting import Rewriter
from mlaudit.parsers._registry import index


def rewriter_of(format_name: str) -> Rewriter | None:
    """What proposes edits of a format's documents; None if they cannot be edited."""
    rewrite: Rewriter | None = getattr(_module(format_name), "rewrite", None)
    return rewrite


def lock_tool_of(format_name: str) -> LockTool | None:
    """The tool that makes a lock of this format; None for what is no lock, or made by no tool that is known."""
    tool: LockTool | None = getattr(_module(format_name), "lock_tool", None)
    return tool


def _module(format_name: str) -> object:
    if format_name not in index().formats:
        return None
    return import_module(f"mlaudit.parsers.{format_name.replace('-', '_')}")
