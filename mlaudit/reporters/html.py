"""The report as one HTML file that people open and forward: no network, no other file, readable without a script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256

from mlaudit import __version__
from mlaudit.model.packaged import packaged
from mlaudit.model.report import Report
from mlaudit.reporters._escape import for_html
from mlaudit.reporters._facts import compared, counts, unknown_images, unknown_requirements
from mlaudit.reporters._groups import some
from mlaudit.reporters._html.pair_views import PageView, page_view
from mlaudit.reporters._html.sections._registry import PageSection, sections
from mlaudit.reporters._registry import Style, reporter


@reporter
def render(report: Report, style: Style) -> str:
    """A summary, and every section that has something to show."""
    view = page_view(report)
    shown = [(section, parts) for section in sections() if (parts := list(section.content(view)))]
    css = _part("page.css") + "".join(_part(f"sections/{section.style}") for section, _ in shown if section.style)
    scripts = [_part(f"sections/{section.script}") for section, _ in shown if section.script] + [_part("page.js")]
    script = '"use strict";\n' + "".join(f"(() => {{\n{text}}})();\n" for text in scripts)
    parts = [*_head(report, css, script), *_body(view, shown), f"<script>{script}</script>", "</body>", "</html>"]
    return "\n".join(parts) + "\n"


def _part(name: str) -> str:
    return packaged(f"reporters/_html/{name}")


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


def _body(view: PageView, shown: Sequence[tuple[PageSection, list[str]]]) -> Iterator[str]:
    report = view.report
    paired = dict.fromkeys(name for pair in report.pairs for name in pair)
    names = for_html(some(list(paired) or [environment.name for environment in report.environments], 4))
    yield from ("<body>", "<header>", f"<h1>mlaudit: {names}</h1>", f'<p class="total">{counts(report)}</p>')
    sentences = (compared(report), unknown_images(report), unknown_requirements(report))
    yield from (f"<p>{for_html(sentence)}</p>" for sentence in sentences if sentence)
    yield '</header><nav aria-label="Sections"><ul>'
    yield from (f'<li><a href="#{section.key}">{section.title}{_count(section, view)}</a></li>' for section, _ in shown)
    yield "</ul></nav><main>"
    for section, parts in shown:
        yield f'<section id="{section.key}"><h2>{section.title}{_count(section, view)}</h2>'
        yield from parts
        yield "</section>"
    yield f"</main><footer>mlaudit {__version__}, knowledge of {for_html(report.knowledge)}</footer>"


def _count(section: PageSection, view: PageView) -> str:
    return f" <small>{section.count(view):,}</small>" if section.count else ""
