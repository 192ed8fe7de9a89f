"""Text from audited content, made safe for the medium in which it is printed."""

from __future__ import annotations

import re
import unicodedata

from mlaudit.model.lazy_pattern import lazy_pattern

# What no reader sees, or what reorders the text around it: every character of these categories (Unicode TR 36, 39),
# and those of other categories that are drawn as nothing (DerivedCoreProperties, Default_Ignorable_Code_Point; U+2800).
_UNSEEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_UNSEEN = (
    *(("\u034f", "\u034f"), ("\u115f", "\u1160"), ("\u17b4", "\u17b5"), ("\u180b", "\u180f"), ("\u2800", "\u2800")),
    *(("\u3164", "\u3164"), ("\ufe00", "\ufe0f"), ("\uffa0", "\uffa0"), ("\ufff0", "\ufff8")),
    ("\U000e0000", "\U000e0fff"),
)
"""The first and the last of each range; to compile them as one set of a pattern takes longer than to print a report."""
# Runners of workflows take commands from any line that they print: GitHub `::error::` at the start of a line, behind
# blanks too, and `##[...]` anywhere (actions/runner, ActionCommand.cs), Azure `##vso[`, TeamCity `##teamcity[`. A text
# may be wrapped before any word, and may follow another text.
_COMMAND = lazy_pattern(r"(?<!\S):(?=:)|#(?=[#\[])")


def for_terminal(text: str) -> str:
    r"""The text for terminals and logs: controls, line breaks, unseen marks, runners' commands as escapes (`\x1b`)."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(character if _plain(character) else _escaped(character) for character in text)
    if "::" in text or "##" in text or "#[" in text:
        text = _COMMAND.sub(lambda sign: _escaped_ascii(sign[0]), text)
    return text


def _plain(character: str) -> bool:
    if unicodedata.category(character) in _UNSEEN_CATEGORIES:
        return False
    return character < _UNSEEN[0][0] or not any(first <= character <= last for first, last in _UNSEEN)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _escaped_ascii(character: str) -> str:
    return f"\\x{ord(character):02x}"


def for_json(json_text: str) -> str:
    r"""JSON that a runner may print: a second `#` becomes `\u0023`, so that no string contains `##[command]`."""
    return json_text.replace("##", "#\\u0023").replace("#[", "\\u0023[")


_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def for_html(text: str) -> str:
    """The text as content or quoted attribute of HTML and XML; it has no character that XML 1.0 forbids."""
    return for_terminal(text).translate(_MARKUP)


def for_prose(text: str) -> str:
    """Running text as HTML; parts in backquotes become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", for_html(text))


def for_script(json_text: str) -> str:
    r"""JSON (in ASCII) as content of a `<script>` element: `<`, `>` and `&` become `\u003c` and the like."""
    return json_text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


# Inside a string, as in `content: "..."`, every character but these is written by its number.
_CSS_UNSAFE = lazy_pattern(r"[^A-Za-z0-9_./ -]")


def for_css(text: str) -> str:
    """The text as content of a quoted CSS string (https://www.w3.org/TR/css-syntax-3/#escaping)."""
    return _CSS_UNSAFE.sub(lambda match: f"\\{ord(match[0]):06x}", for_terminal(text))


ADDRESS = lazy_pattern(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")
"""What may become a link."""
_MARKDOWN = lazy_pattern(r"[\\`*_\[\]|~#$!]")
# What begins a list, a heading's underline, a quotation or code at the start of a line (CommonMark 0.31, 4 and 5).
_BLOCK = lazy_pattern(r" *(?:[-+=]|\d{1,9}[.)](?=\s|$))")
_MENTION = lazy_pattern(r"@(?=[A-Za-z0-9_-])")
_CODE = lazy_pattern(r"`([^`]+)`")
_SIMPLE = lazy_pattern(
    r"[A-Za-z0-9_.,:;/()\[\]{}+*<>=!~@#$%^&?'\"-][A-Za-z0-9_.,:;/()\[\]{}+*<>=!~@#$%^&?'\" -]*(?<! )"
)


def for_markdown(text: str) -> str:
    """Running text for GitHub's and GitLab's Markdown, inside or outside a table; parts in backquotes stay code."""
    safe = for_terminal(text)
    parts = []
    end = 0
    for match in _CODE.finditer(safe):
        parts += [_running(safe[end : match.start()]), as_code(match[1])]
        end = match.end()
    return _as_paragraph("".join((*parts, _running(safe[end:]))))


def _as_paragraph(text: str) -> str:
    """Markdown that begins no block of another kind, at the start of any line."""
    text = f"&#32;{text[1:]}" if text.startswith("    ") else text
    block = _BLOCK.match(text)
    if block is None:
        return text
    mark = block.end() - 1
    return f"{text[:mark]}\\{text[mark:]}"


def _running(text: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\g<0>", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    # The comment vanishes in the page, and keeps `@name` from notifying somebody.
    return _MENTION.sub("@<!-- -->", escaped)


def as_code(text: str) -> str:
    """The text as a Markdown code span; as `<code>` with character references where a code span could not hold it."""
    safe = for_terminal(text)
    if _SIMPLE.fullmatch(safe):
        return f"`{safe}`"
    return f"<code>{''.join(_referenced(character) for character in safe)}</code>"


def _referenced(character: str) -> str:
    return character if character.isalnum() else f"&#{ord(character)};"


def as_link(text: str) -> str:
    """An address as a Markdown link, any other text as running text."""
    return f"<{text}>" if ADDRESS.fullmatch(text) else for_markdown(text)


def for_workflow(text: str) -> str:
    """The data of a GitHub workflow command; a line break stays one (actions/toolkit, packages/core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def for_workflow_property(text: str) -> str:
    """A property of a GitHub workflow command, such as `title`."""
    return for_workflow(text).replace(":", "%3A").replace(",", "%2C")


def for_uri(path: str) -> str:
    """A path with `/` as a relative URI reference; bytes that are no UTF-8 keep their value (RFC 3986)."""
    from urllib.parse import quote

    return quote(_bytes(path), safe="/")


def _bytes(path: str) -> bytes:
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def for_sarif(text: str) -> str:
    """A message of SARIF 2.1.0 (3.11): what would be a link `[text](target)` or a placeholder `{0}` is escaped."""
    safe = for_terminal(text)
    if "](" in safe:
        safe = re.sub(r"[\\\[\]]", r"\\\g<0>", safe)
    return re.sub(r"\{(\d+)\}", r"{{\1}}", safe)


# A formula begins at the start of a cell, and behind what a spreadsheet of another locale reads as a separator.
_FORMULA = lazy_pattern(r"(^|[;|])([ \u3000]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def for_spreadsheet(text: str) -> str:
    """A cell that no spreadsheet evaluates as a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return _FORMULA.sub(r"\1'\2", for_terminal(text))


# Inside a quoted label these begin markup, Markdown, icons, entities or the label's end; Mermaid reads `#NUMBER;`.
_MERMAID_UNSAFE = lazy_pattern(r"[^A-Za-z0-9_./:,()@+= -]")


def for_mermaid(text: str) -> str:
    """The text inside a quoted label of Mermaid (https://mermaid.js.org/syntax/flowchart.html#entity-codes)."""
    return _MERMAID_UNSAFE.sub(lambda match: f"#{ord(match[0])};", for_terminal(text))


def for_dot(text: str) -> str:
    """The text inside a quoted string of DOT, whose labels take a backslash for the start of an escape."""
    return for_terminal(text).replace("\\", "\\\\").replace('"', '\\"')
