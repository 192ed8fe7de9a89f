"""A rule's documentation in its parts: the first line, and the sections by their titles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import cleandoc

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.rules._registry import Rule

_TITLE = lazy_pattern(r"([A-Z][A-Za-z ]+):")


def title(rule: Rule) -> str:
    """The first line of the documentation, the rule's name if there is none."""
    return cleandoc(rule.documentation).partition("\n")[0] or rule.name


def sections(rule: Rule) -> Mapping[str, str]:
    """The text of every section, each paragraph on one line."""
    by_name: dict[str, list[str]] = {}
    here: list[str] = []
    for line in cleandoc(rule.documentation).splitlines()[1:]:
        heading = _TITLE.fullmatch(line)
        if heading:
            here = by_name.setdefault(heading[1], [])
        else:
            here.append(line.strip())
    return {name: _joined(lines) for name, lines in by_name.items()}


def _joined(lines: list[str]) -> str:
    paragraphs = "\n".join(lines).strip().split("\n\n")
    return "\n\n".join(re.sub(r"\n(?!https?://)", " ", paragraph) for paragraph in paragraphs)


def plain(rule: Rule) -> str:
    """The whole documentation as plain text."""
    return cleandoc(rule.documentation) or rule.name


def markdown(rule: Rule) -> str:
    """The whole documentation as Markdown; a section's title is a heading."""
    parts = [title(rule), *(f"## {name}\n\n{_linked(text)}" for name, text in sections(rule).items())]
    return "\n\n".join(parts) + "\n"


def _linked(text: str) -> str:
    return re.sub(r"^(https?://\S+)$", r"<\1>", text, flags=re.MULTILINE)
