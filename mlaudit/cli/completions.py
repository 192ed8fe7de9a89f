"""Values that a shell completes; each is read only when a shell asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def _beginning(incomplete: str, values: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, about) for value, about in values if value.startswith(incomplete)]


def complete_severity(incomplete: str) -> list[tuple[str, str]]:
    """What `--fail-on` takes."""
    words = ("error", "warning", "info", "never")
    return _beginning(incomplete, ((word, "") for word in words))


def complete_output_format(incomplete: str) -> list[tuple[str, str]]:
    """What `--format` takes."""
    from mlaudit.reporters._registry import formats

    return _beginning(incomplete, ((name, "") for name in formats()))


def complete_source_format(incomplete: str) -> list[tuple[str, str]]:
    """What `--as` takes."""
    from mlaudit.parsers._registry import parsers

    return _beginning(incomplete, ((name, "") for name in parsers()))


def complete_code(incomplete: str) -> list[tuple[str, str]]:
    """What `--select` and `--ignore` take: codes, and names of rules behind the last comma."""
    done, comma, last = incomplete.rpartition(",")
    return [(f"{done}{comma}{value}", about) for value, about in _beginning(last, _rules())]


def complete_subject(incomplete: str) -> list[tuple[str, str]]:
    """What `explain` takes: codes and names of rules, packages, kinds of artifacts."""
    from mlaudit.knowledge.kinds import artifact_kinds
    from mlaudit.knowledge.load import packages

    kinds = ((kind.name, kind.title) for kind in artifact_kinds().values())
    return _beginning(incomplete, (*_rules(), *((name, "package") for name in packages()), *kinds))


def _rules() -> Iterator[tuple[str, str]]:
    from mlaudit.rules._registry import rules

    for rule in rules().values():
        yield rule.code, rule.title
        yield rule.name, rule.title
