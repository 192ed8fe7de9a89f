"""What the reports in JSON share: how values are arranged, and the data of places and targets."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.model.nouns import Edit, Place, Target
from mlaudit.reporters._escape import for_json

Json = dict[str, object]
"""An object of JSON."""


def lines(data: Json) -> str:
    """JSON with a line for each key and each member of a list: as fast as without line breaks, and it diffs well.

    A generator counts as a list whose members are made one at a time: there may be many.
    """
    return for_json("{\n" + ",\n".join(f"{json.dumps(key)}: {_value(value)}" for key, value in data.items()) + "\n}\n")


def _value(value: object) -> str:
    if not isinstance(value, (list, Iterator)):
        return json.dumps(value)
    members = ",\n ".join(map(json.dumps, value))
    return f"[\n {members}\n]" if members else "[]"


def target(of: Target) -> Json:
    """A target as the contract writes it; `pythons` holds every Python that was evaluated."""
    return {
        "python": of.pythons[0] if len(of.pythons) == 1 else None,
        "pythons": list(of.pythons),
        "platform": of.platform,
        "machine": of.machine,
        "extras": list(of.extras),
        "groups": list(of.groups),
        "assumed": list(of.assumed),
    }


def place(at: Place) -> Json:
    """A place as the contract writes it."""
    return {"path": at.path, "line": at.line, "column": at.column}


def edit_object(edit: Edit) -> Json:
    """One edit for a program: lines and columns count from 1, the end is behind the last character."""
    lines = edit.old.split("\n")
    last = len(lines[-1]) + (edit.column if len(lines) == 1 else 1)
    return {
        "path": edit.path,
        "start": {"line": edit.line, "column": edit.column},
        "end": {"line": edit.line + len(lines) - 1, "column": last},
        "old": edit.old,
        "new": edit.new,
    }
