"""What reports go where, settled before anything is read: a run of minutes must not end at a misspelled option."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlaudit.cli.output import demand_writable, is_device
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""Targets that are standard output by another name."""
DEFAULT = "table"
"""The format of a report for which none was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOutput:
    """A format and its file, None for standard output."""

    format: str
    target: Path | None = None


def wanted_outputs(
    formats: Sequence[str] | None, output: Path | None, known: Sequence[str], *, others: Iterable[Path | None] = ()
) -> tuple[WantedOutput, ...]:
    """The outputs that `--format` and `--output` ask for. Raises UsageError.

    Args:
        known: names of formats.
        others: further files that the command writes, which no report may replace.
    """
    outputs = tuple(_wanted(text, output, known) for text in formats or (DEFAULT,))
    if output is not None and all("=" in text for text in formats or ("",)):
        raise UsageError(f"--output {output}: every --format names a file of its own, so nothing would go there")
    targets = [wanted_output.target for wanted_output in outputs]
    _demand_apart([*targets, *(target for target in others if target is not None)], output)
    for target in (*targets, *others):
        if target is not None:
            demand_writable(target)
    return outputs


def _wanted(text: str, output: Path | None, known: Sequence[str]) -> WantedOutput:
    name, equals, file = text.partition("=")
    if name not in known:
        from mlaudit.model.nearest import nearest

        near = nearest(name, known)
        meant = f"; did you mean {near}?" if near else ""
        raise UsageError(f"--format {name}: expected one of {', '.join(known)}{meant}")
    if equals and not file:
        raise UsageError(f"--format {text}: expected a file after the =; without it, the report goes to --output")
    return WantedOutput(format=name, target=file_of(Path(file) if file else output))


def file_of(target: Path | None) -> Path | None:
    """The file that a target names, None if it is standard output."""
    return None if target is None or target.as_posix() in STANDARD_OUTPUT else target


def _demand_apart(targets: Sequence[Path | None], output: Path | None) -> None:
    """Raises UsageError where two reports go to one place: the second would replace the first, or follow it."""
    seen: set[str] = set()
    for target, place in zip(targets, _places(targets), strict=True):
        if place in seen:
            where = "standard output" if target is None else f"--output {target}" if target == output else str(target)
            raise UsageError(
                f"{where} takes one format; give each its own file: --format json=a.json --format sarif=b.sarif"
            )
        if target is None or not is_device(target):
            seen.add(place)


def _places(targets: Iterable[Path | None]) -> Iterator[str]:
    for target in targets:
        yield "" if target is None else os.path.normcase(os.path.realpath(target))
