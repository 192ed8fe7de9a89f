"""Text from audited content, made safe for the medium in which it is printed."""

from __future__ import annotations

import re
import unicodedata

# Marks that reorder or hide what stands around them (Unicode TR 36), besides every control character.
_DECEPTIVE = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def for_terminal(text: str) -> str:
    r"""The text with control characters, line breaks, reordering marks and lone surrogates spelled out (`\x1b`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _plain(character) else _spelled(character) for character in text)


def _plain(character: str) -> bool:
    return character not in _DECEPTIVE and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


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
_CSS_UNSAFE = re.compile(r"[^A-Za-z0-9_./ -]")


def for_css(text: str) -> str:
    """The text as content of a quoted CSS string (https://www.w3.org/TR/css-syntax-3/#escaping)."""
    return _CSS_UNSAFE.sub(lambda found: f"\\{ord(found[0]):06x}", for_terminal(text))


ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")
"""What may become a link."""
_MARKDOWN = re.compile(r"[\\`*_\[\]|~#$!]")
_MENTION = re.compile(r"@(?=[A-Za-z0-9_-])")
_CODE = re.compile(r"`([^`]+)`")
_SIMPLE = re.compile(r"[A-Za-z0-9_.,:;/()\[\]{}+*<>=!~@#$%^&?'\"-][A-Za-z0-9_.,:;/()\[\]{}+*<>=!~@#$%^&?'\" -]*(?<! )")


def for_markdown(text: str) -> str:
    """Running text for GitHub's and GitLab's Markdown, inside or outside a table; parts in backquotes stay code."""
    safe = for_terminal(text)
    parts = []
    end = 0
    for found in _CODE.finditer(safe):
        parts += [_running(safe[end : found.start()]), as_code(found[1])]
        end = found.end()
    return "".join((*parts, _running(safe[end:])))


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


def for_spreadsheet(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    safe = for_terminal(text)
    return f"'{safe}" if safe.startswith(("=", "+", "-", "@")) else safe
