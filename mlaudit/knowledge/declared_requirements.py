"""What a release requires, text by text as the index holds it: each is parsed when its name is asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

_REQUIRED_NAME = lazy_pattern(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_CANONICAL = lazy_pattern(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?(?:\[[^\]]{0,400}\])?"
    r"(?P<clauses>[^;@()\s]{0,1000})(?:; (?P<marker>.+))?"
)
"""A requirement as the lab writes it, the way packaging spells it, but for one on an address."""
_NUMBERS = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}"
_RANGE = lazy_pattern(
    rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,100}}(?:\[[A-Za-z0-9._, -]{{0,200}}\])?"
    rf"(?P<clauses>(?:>=|<){_NUMBERS}(?:,(?:>=|<|!=){_NUMBERS}){{0,8}})"
)
"""A requirement between release numbers that always holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRequirement:
    """One `Requires-Dist`: `specifier` may be empty, `marker` is None if it always holds."""

    name: str
    specifier: str
    marker: str | None
    text: str


def common_requirements(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """What two releases require alike; of one that each bounds in another way, the bounds that both keep to."""
    same = frozenset(before)
    ranges = {required_name(text): match for text in before if (match := _RANGE.fullmatch(text))}
    alike = [text for text in after if text in same]
    often = Counter(map(required_name, (*before, *after)))
    for text in after:
        name, match = required_name(text), _RANGE.fullmatch(text)
        other = ranges.get(name)
        if match is None or other is None or text in same or often[name] > 2:
            continue
        clauses = _wider_bounds(match["clauses"], other["clauses"])
        if clauses:
            alike.append(f"{name}{clauses}")
    return alike


def _wider_bounds(first: str, second: str) -> str:
    """The clauses that hold wherever either of two ranges does."""
    bounds = []
    for sign, pick in ((">=", min), ("<", max)):
        both = [
            [clause.removeprefix(sign) for clause in clauses.split(",") if re.match(f"{sign}[0-9]", clause)]
            for clauses in (first, second)
        ]
        if all(len(versions) == 1 for versions in both):
            bounds.append(sign + pick((versions[0] for versions in both), key=_numbers))
    return ",".join(bounds)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


class LazyRequirements(Mapping[str, tuple[DeclaredRequirement, ...]]):
    """Requirements by name; a text is parsed when its name is requested, since most names never are."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts: dict[str, list[str]] = {}
        for text in texts:
            self._texts.setdefault(required_name(text), []).append(text)

    def everything(self, name: str) -> str | None:
        """The clauses of all requirements on a name, as if every marker held; None if that takes a parser."""
        matches = [_CANONICAL.fullmatch(text) for text in self._texts[name]]
        return ",".join(match["clauses"] for match in matches if match and match["clauses"]) if all(matches) else None

    def is_optional(self, name: str) -> bool:
        """Whether a name is required for extras alone, or not at all; that takes no parser."""
        return all("extra ==" in text for text in self._texts.get(name, ()))

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __getitem__(self, name: str) -> tuple[DeclaredRequirement, ...]:
        return tuple(declared for text in self._texts[name] if (declared := declared_requirement(text)) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@lru_cache(maxsize=8192)
def required_name(text: str) -> str:
    """The normalized name at the head of a requirement, empty if there is none."""
    head = _REQUIRED_NAME.match(text)
    return re.sub(r"[-_.]+", "-", head.group(1)).lower() if head else ""


@lru_cache(maxsize=8192)
def plain_clauses(text: str) -> str | None:
    """The clauses of a requirement, whatever its marker says; None if that takes a parser."""
    match = _CANONICAL.fullmatch(text)
    return match["clauses"] if match else None


@lru_cache(maxsize=8192)
def declared_requirement(text: str) -> DeclaredRequirement | None:
    """A requirement of the index, None if PEP 508 does not read it: it accuses nobody."""
    match = _CANONICAL.fullmatch(text)
    if match is None:
        return _parsed_requirement(text)
    specifier = ",".join(sorted({*match["clauses"].split(",")} - {""}))
    return DeclaredRequirement(name=required_name(text), specifier=specifier, marker=match["marker"], text=text)


def _parsed_requirement(text: str) -> DeclaredRequirement | None:
    """The same by packaging, whose grammar takes long to load."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        read = Requirement(text)
    except InvalidRequirement:
        return None
    marker = str(read.marker) if read.marker else None
    return DeclaredRequirement(name=required_name(text), specifier=str(read.specifier), marker=marker, text=text)
