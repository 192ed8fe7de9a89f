"""The form that filters the matrix and the findings."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.nouns import Severity, Verdict
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._html.matrix import VERDICTS, Matrix


def filters(of: Matrix) -> Iterator[str]:
    """The form, hidden until the script has wired it; aligned packages are left out at first."""
    present = {crossing.verdict for row in of.rows for crossing in row.crossings} | {row.verdict for row in of.rows}
    verdicts = [verdict for verdict in VERDICTS if verdict in present]
    yield '<form class="filters" id="filters" hidden autocomplete="off">'
    yield '<label class="field">Search everything ( / )<input type="search" id="search"></label>'
    yield '<label class="field">Package<input type="text" id="package" list="names" placeholder="torch*"></label>'
    yield f'<datalist id="names">{"".join(f"<option>{for_html(row.package)}</option>" for row in of.rows)}</datalist>'
    yield "<fieldset><legend>Severity</legend>"
    yield from (_chip("severity", word, word) for word in (*(severity.value for severity in Severity), "none"))
    yield "</fieldset><fieldset><legend>Verdict</legend>"
    only_aligned = present == {Verdict.ALIGNED}
    for verdict in verdicts:
        yield _chip("verdict", verdict.value, verdict.value, on=only_aligned or verdict is not Verdict.ALIGNED)
    yield '</fieldset><details class="menu"><summary>Environments:&nbsp;<span id="environments-shown"></span></summary>'
    yield '<div><button type="button" id="every">All</button> <button type="button" id="no-one">None</button>'
    yield from (_chip("environment", str(number), name) for number, name in enumerate(of.names))
    yield '</div></details><button type="reset">Reset</button></form>'


def _chip(name: str, value: str, text: str, *, on: bool = True) -> str:
    box = f'<input type="checkbox" name="{name}" value="{for_html(value)}"{" checked" if on else ""}>'
    return f'<label class="chip">{box} {for_html(text)}</label>'
