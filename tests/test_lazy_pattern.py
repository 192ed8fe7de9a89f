"""Patterns that are compiled late behave as `re` does, and every one of the package compiles."""

from __future__ import annotations

import importlib
import re
from pkgutil import walk_packages

import pytest

import mlaudit
from mlaudit.model.lazy_pattern import lazy_pattern
from tests.checkout import ROOT


def test_a_pattern_is_compiled_when_it_is_first_used() -> None:
    pattern = lazy_pattern("(unclosed")
    with pytest.raises(re.error, match="unterminated subpattern"):
        pattern.match("a")


def test_a_pattern_does_what_a_compiled_one_does() -> None:
    late, compiled = lazy_pattern(r"(?P<word>[a-z]+)(\d)", re.IGNORECASE), re.compile(r"(?P<word>[a-z]+)(\d)", re.I)
    text = "Ab1 cd2"
    assert late.findall(text) == compiled.findall(text)
    assert late.sub(r"\2", text) == compiled.sub(r"\2", text)
    assert (late.pattern, late.flags, late.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert [one["word"] for one in late.finditer(text)] == ["Ab", "cd"]
    assert late.fullmatch("a1") is not None
    assert lazy_pattern(rb"\d").search(b"a1") is not None


def test_every_pattern_of_the_package_compiles() -> None:
    patterns = 0
    for module in walk_packages(mlaudit.__path__, "mlaudit."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if type(value).__name__ == "lazy_pattern":
                assert value.groups >= 0
                patterns += 1
    assert patterns > 300


def test_no_module_asks_a_match_for_the_very_pattern_that_it_states() -> None:
    """A match knows the compiled pattern, which is another object than the late one: their texts are to be compared."""
    identity = re.compile(r"\.re is (?:not )?\w")
    sources = sorted((ROOT / "mlaudit").rglob("*.py"))
    assert [path.name for path in sources if identity.search(path.read_text(encoding="utf-8"))] == []
