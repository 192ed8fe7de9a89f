"""The form that narrows pairs, rows, columns and findings."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Severity

COLUMNS = {"at": "places", "apart": "difference", "codes": "findings"}
"""Columns and lines of the matrices that can be hidden, by their style class."""


def filters() -> Iterator[str]:
    """The form, hidden until the script works."""
    yield '<details id="narrow" hidden><summary>Search and filter</summary>'
    yield '<form class="filters" id="filters" autocomplete="off">'
    yield '<label class="field">Search everything ( / )<input type="search" id="search"></label>'
    yield '<label class="field">Package<input type="text" id="package" placeholder="torch*, numpy"></label>'
    yield '<label class="field">Environment<input type="text" id="environment" placeholder="serving-*"></label>'
    yield "<fieldset><legend>Severity</legend>"
    yield from (_box("severity", word, word) for word in (*(severity.value for severity in Severity), "none"))
    yield "</fieldset><fieldset><legend>Columns</legend>"
    yield from (_box("column", name, label) for name, label in COLUMNS.items())
    yield "</fieldset><fieldset><legend>Also</legend>"
    yield f"{_box('agree', 'agree', 'what agrees', on=False)}</fieldset>"
    yield '<span class="buttons"><button type="button" id="open-all">Open all</button> '
    yield '<button type="button" id="close-all">Close all</button> <button type="reset">Reset</button></span>'
    yield '<output id="count" role="status"></output></form></details>'


def _box(name: str, value: str, label: str, *, on: bool = True) -> str:
    box = f'<input type="checkbox" name="{name}" value="{value}"{" checked" if on else ""}>'
    return f'<label class="chip">{box} {label}</label>'
