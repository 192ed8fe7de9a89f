"""A repair as text: a unified diff, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff

from mlaudit.model.secrets import masked
from mlaudit.repair.nouns import FileChange, Move, RepairOutcome, RepairPlan
from mlaudit.reporters._escape import for_json, for_terminal
from mlaudit.reporters._json_text import edit_object

SCHEMA = "mlaudit.fix/1"


def as_diff(plan: RepairPlan, *, exact: bool, terminal: bool) -> str:
    """All changes as one unified diff, which `git apply` takes.

    Args:
        exact: credentials in lines beside a change stay, for a file that only their owner reads; else they are masked.
        terminal: characters that a terminal would act on are escaped.
    """
    lines = (line for change in plan.files for line in _diff_lines(change))
    return "".join(line if exact else _shown(line, terminal=terminal) for line in lines)


def _shown(line: str, *, terminal: bool) -> str:
    text = masked(line.removesuffix("\n"))
    return (for_terminal(text.removesuffix("\r")) if terminal else text) + "\n"


def _diff_lines(change: FileChange) -> Iterator[str]:
    old, new = (_text_lines(data, change.encoding) for data in (change.old, change.new))
    for line in unified_diff(old, new, f"a/{change.path}", f"b/{change.path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _text_lines(data: bytes, encoding: str) -> list[str]:
    """Lines with their ends; they end at a line feed alone, as for git."""
    *lines, rest = data.decode(encoding, "replace").split("\n")
    return [*(f"{line}\n" for line in lines), *([rest] if rest else [])]


def as_json(outcome: RepairOutcome) -> str:
    """The moves with their edits, what was refused, and what happened to it."""
    payload = {
        "schema": SCHEMA,
        "written": outcome.written,
        "put_back": list(outcome.why),
        "files": [change.path for change in outcome.plan.files],
        "moves": [_move(move) for move in outcome.plan.moves],
        "commands": [{"folder": command.folder, "words": list(command.words)} for command in outcome.plan.commands],
        "remarks": list(outcome.remarks),
    }
    return for_json(json.dumps(payload, indent=2)) + "\n"


def _move(move: Move) -> dict[str, object]:
    change = move.change
    return {
        "environment": change.environment,
        "package": change.package,
        "was": move.was,
        "to": change.to,
        "safe": not move.hazard,
        "hazard": move.hazard or None,
        "refused": move.refusal or None,
        "findings": sorted(move.fingerprints),
        "edits": [edit_object(edit) for edit in move.edits],
    }
