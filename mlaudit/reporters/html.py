"""The report as one HTML file that people open and forward: no network, no other file, readable without a script."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from mlaudit import __version__
from mlaudit.model.packaged import packaged
from mlaudit.model.report import Report
from mlaudit.reporters._branch import branch_html
from mlaudit.reporters._escape import for_html, for_json, for_script, for_terminal
from mlaudit.reporters._facts import compared, counts, incomplete, unknown_images
from mlaudit.reporters._groups import some
from mlaudit.reporters._html.breaks import MEANING
from mlaudit.reporters._html.filters import filters
from mlaudit.reporters._html.findings import environments, findings, not_compared
from mlaudit.reporters._html.history import history_section
from mlaudit.reporters._html.matrix import WIDE, Matrix, data, labels, matrix, table
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """The matrix with its filters, the findings, what was not compared, and the environments."""
    of = matrix(report)
    css = _style(of)
    script = _part("page.js")
    parts = [*_head(report, css, script), *_body(report, of), f"<script>{script}</script>", "</body>", "</html>"]
    return "\n".join(parts) + "\n"


def _part(name: str) -> str:
    return packaged(f"reporters/_html/{name}")


def _style(of: Matrix) -> str:
    """The style sheet; a phone shows the matrix as cards, and so does the print of a wide one."""
    narrow = "(max-width: 40rem)" + (", print" if len(of.environments) > WIDE else "")
    sizes = f".wide {{ width: {13 + 8 * len(of.environments)}rem; }}\n"
    return f"{_part('page.css')}{sizes}@media {narrow} {{\n{_part('cards.css')}{labels(of)}\n}}\n"


def _head(report: Report, css: str, script: str) -> Iterator[str]:
    allowed = f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; base-uri 'none'"
    yield from ("<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">')
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    yield f"<title>mlaudit: {counts(report)}</title>"
    yield from (f"<style>{css}</style>", "</head>")


def _hash(text: str) -> str:
    """A source expression that allows this inline text and no other (https://www.w3.org/TR/CSP3/#framework-policy)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"


def _body(report: Report, of: Matrix) -> Iterator[str]:
    names = for_html(some(of.names, 4))
    yield from ("<body>", "<header>", f"<h1>mlaudit: {names}</h1>", f'<p class="total">{counts(report)}</p>')
    yield from (
        f"<p>{for_html(text)}</p>"
        for text in (compared(report), incomplete(report.environments), unknown_images(report))
        if text
    )
    yield "</header><main>"
    if of.rows:
        yield from _matrix(of)
    yield from branch_html(report)
    yield from findings(report, of.groups)
    yield from history_section(report.history)
    yield from not_compared(report)
    yield from environments(report)
    yield "</main>"
    yield f"<footer>mlaudit {__version__}, knowledge of {for_html(report.knowledge)}</footer>"
    yield '<dialog id="panel" aria-label="Details"><button class="close" id="close">Close</button>'
    yield '<div id="panel-body"></div></dialog>'
    yield f'<script type="application/json" id="data">{for_script(_json(of))}</script>'


def _json(of: Matrix) -> str:
    """The data as JSON in ASCII; its texts are spelled out as everywhere on the page."""
    return for_json(json.dumps(_spelled(data(of)), separators=(",", ":")))


def _spelled(value: object) -> object:
    if isinstance(value, str):
        return for_terminal(value)
    if isinstance(value, list):
        return [_spelled(member) for member in value]
    if isinstance(value, dict):
        return {for_terminal(key): _spelled(member) for key, member in value.items()}
    return value


def _matrix(of: Matrix) -> Iterator[str]:
    yield '<section><h2>Packages and environments <small id="count"></small></h2>'
    yield from filters(of)
    yield '<div class="legend"><span>Colour: what breaks.</span>'
    for name, said in MEANING.items():
        yield f'<span><span class="tag b-{name} s-warning">{name}</span> {said}</span>'
    yield '</div><div class="scroll">'
    yield from table(of)
    yield '<p class="empty" id="nothing" hidden>No package passes these filters.</p></div></section>'
