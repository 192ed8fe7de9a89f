"""What was requested and is not there, or cannot be had together: Pythons, platforms, parts, extras and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.environments.target import chosen_roots, python_pins, some_patch_admitted, wanted_pythons
from mlaudit.grammars.pypi.selected import ALWAYS
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Layer, Problem, ProjectPart, Reading, Root, Severity, Target
from mlaudit.request.wanted import Wanted


def problems(readings: Sequence[Reading], wanted: Wanted, target: Target) -> tuple[Problem, ...]:
    """What was requested and is not there: an excluded Python, unknown parts, extras, groups or platforms."""
    return (
        *_python_problems(readings, wanted, target),
        *_platform_problems(wanted),
        *part_problems(readings, wanted.parts),
        *(_unknown("extra", wanted.extras, _offered_extras(readings)) if wanted.extras else ()),
        *(_unknown("group", wanted.groups, _offered_groups(readings)) if wanted.groups else ()),
        *_conflicts(readings, target),
    )


def _python_problems(readings: Sequence[Reading], wanted: Wanted, target: Target) -> Iterator[Problem]:
    if wanted.python is not None and not wanted_pythons(wanted):
        yield Problem(says=f"`{wanted.python}` is not a Python version such as 3.11 or 3.11.7")
    installed = [pin for pin in python_pins(readings, wanted.parts) if pin.layer is Layer.INSTALLED and pin.version]
    for asked in wanted_pythons(wanted):
        if installed and not any(f"{python}.".startswith(f"{asked}.") for python in target.pythons):
            says = f"Python {asked} was requested, but the source states {installed[0].version}"
            yield Problem(says=says, at=installed[0].at)
    for reading in readings:
        for root in chosen_roots(reading, wanted.parts):
            refused = [
                python for python in target.pythons if not some_patch_admitted(root.requires_python or "", python)
            ]
            if refused:
                yield _excluded(reading, root, refused, asked=bool(wanted.python))
                break


def _excluded(reading: Reading, root: Root, refused: Sequence[str], *, asked: bool) -> Problem:
    """A lock that is not for the target's Python; sources that only disagree among themselves are less sure of it."""
    pythons = ", ".join(refused)
    stated = (pin.at for pin in reading.pins if pin.kind is Kind.PYTHON and pin.specifier == root.requires_python)
    return Problem(
        says=f"{reading.path} is for Python {root.requires_python}, the target is {pythons}",
        at=next(stated, root.at),
        about=("python", root.requires_python or "", pythons),
        severity=Severity.ERROR if asked else Severity.WARNING,
    )


def _platform_problems(wanted: Wanted) -> Iterator[Problem]:
    if wanted.platform is None:
        return
    from mlaudit.model.platforms import platform_of

    if platform_of(wanted.platform)[0] is None:
        yield Problem(says=f"`{wanted.platform}` is not a platform such as linux-x86_64, macos-arm64 or win-amd64")


def part_problems(readings: Sequence[Reading], parts: Mapping[str, str]) -> Iterator[Problem]:
    """Parts that were chosen behind `#` and that none of the readings has."""
    for word, name in parts.items():
        known = {root.name for reading in readings for root in reading.roots if root.kind == word}
        yield from _unknown(word, [name], known)


def _offered_extras(readings: Sequence[Reading]) -> set[str]:
    rooted = {extra for reading in readings for root in reading.roots for extra in root.extras}
    return rooted | {extra for reading in readings for pin in reading.pins for extra in pin.under_extras}


def _offered_groups(readings: Sequence[Reading]) -> set[str]:
    rooted = {group for reading in readings for root in reading.roots for group in root.groups}
    return rooted | {group for reading in readings for pin in reading.pins for group in pin.groups}


def _unknown(word: str, names: Iterable[str], offered: Iterable[str]) -> Iterator[Problem]:
    known = {normalized(name): name for name in sorted(offered)}
    for name in names:
        if normalized(name) in known or (word == "group" and normalized(name) in ALWAYS):
            continue
        from difflib import get_close_matches

        near = get_close_matches(normalized(name), known, n=1)
        hint = f"; did you mean `{known[near[0]]}`?" if near else _all_of(known)
        yield Problem(
            says=f"there is no {word} `{name}`{hint}", about=(word, normalized(name)), severity=Severity.ERROR
        )


def _all_of(known: Mapping[str, str]) -> str:
    return f"; there is {', '.join(f'`{name}`' for name in known.values())}" if known else ""


def _conflicts(readings: Sequence[Reading], target: Target) -> Iterator[Problem]:
    """Extras and groups of which the lock states that they exclude one another, asked for together."""
    for reading in readings:
        ours = {normalized(root.name) for root in chosen_roots(reading, target.parts) if root.kind == "package"}
        for conflict in reading.conflicts:
            on = [str(member) for member in conflict.members if _is_asked_for(member, ours, target)]
            if len(on) > 1:
                yield Problem(
                    says=f"{' and '.join(on)} conflict according to {reading.path}: they cannot be installed together",
                    at=conflict.at,
                    about=("conflict", *on),
                    severity=Severity.ERROR,
                )


def _is_asked_for(member: ProjectPart, ours: set[str], target: Target) -> bool:
    if normalized(member.package) not in ours:
        return False
    if member.extra:
        return normalized(member.extra) in target.extras
    return member.group is None or normalized(member.group) in target.groups
