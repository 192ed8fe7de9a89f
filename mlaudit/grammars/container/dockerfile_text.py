"""The language of Dockerfiles: instructions with continuations, comments, here-documents, flags; stages and variables.

https://docs.docker.com/reference/dockerfile/ (parser directives, ARG and ENV scopes, here-documents).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.lines import line_and_column
from mlaudit.grammars.dump_text import limited_text
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import BODIES, Lexer, Word
from mlaudit.grammars.variables import expanded, within
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread

HEREDOC_LINES = Limit(name="lines searched for the ends of here-documents", most=400_000)
"""A here-document that nothing closes is searched for to the end of the document."""

MAX_INSTRUCTIONS = 20_000
"""Instructions that are read of one document."""

KEYWORDS = frozenset(
    (
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    )
)  # fmt: skip
_WITH_HEREDOCS = frozenset(("RUN", "COPY", "ADD"))
_DIRECTIVE = lazy_pattern(r"#\s*([A-Za-z]+)\s*=\s*(\S+)\s*$")
_INSTRUCTION = lazy_pattern(r"[ \t]*([A-Za-z]+)(?:[ \t\r]+|$)")
_FLAG = lazy_pattern(r"--([A-Za-z][\w-]{0,63})(?:=(\"[^\"]*\"|\S*))?(?:[ \t]+|$)")
# The quoted strings come first: `<<` in one begins no here-document (moby/buildkit: parser.go, heredocsFromLine).
_HEREDOC = lazy_pattern(
    r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\."
    r"|(?:(?<=\s)|^)\d{0,2}<<(?P<tabs>-?)[ \t]{0,8}"
    r"(?P<name>(?:'[^'\n]{1,128}'|\"[^\"\n]{1,128}\"|\\.|[^\s'\"\\<>|;&()]){1,128})"
)
_QUOTING = lazy_pattern(r"'([^']*)'|\"([^\"]*)\"|\\(.)")
_ASSIGNMENT = lazy_pattern(r"([A-Za-z_][\w.-]{0,127})=(.*)", re.DOTALL)
_JSON_ITEM = lazy_pattern(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """The body of a here-document and the word that ends it."""

    name: str
    body: Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: its keyword in upper case, its flags, what follows them, the here-document left open.

    A trigger, behind ONBUILD, runs where another stage or image is built from this one, and not before.
    """

    keyword: str
    flags: tuple[tuple[str, str], ...]
    rest: Script
    line: int
    heredocs: tuple[Heredoc, ...] = ()
    unclosed: str = ""
    is_trigger: bool = False

    def flag(self, name: str) -> str | None:
        """The value of the first flag of a name."""
        return next((value for key, value in self.flags if key == name), None)

    def items(self) -> tuple[Word, ...] | None:
        """The strings of the JSON (exec) form, None if it is not used."""
        text = self.rest.text.strip()
        if not text.startswith("["):
            return None
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            return None
        spans = list(_JSON_ITEM.finditer(self.rest.text))
        if len(spans) != len(listed):
            return None
        pairs = zip(listed, spans, strict=True)
        return tuple(Word(text=item, start=span.start() + 1, end=span.end() - 1) for item, span in pairs)


@dataclass(slots=True)
class _Cursor:
    """Where the reader of lines is."""

    text: str
    position: int = 0

    def line(self) -> tuple[int, str]:
        start = self.position
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        self.position = min(end + 1, len(self.text)) if end < len(self.text) else len(self.text) + 1
        return start, self.text[start:end].removesuffix("\r")

    @property
    def done(self) -> bool:
        return self.position >= len(self.text)


def instructions(doc: Document) -> Iterator[Instruction | Unread]:
    """The instructions of a Dockerfile in order; a line that is not one becomes an Unread. Raises Unreadable."""
    cursor = _Cursor(limited_text(doc))
    escape = _escape_directive(cursor)
    for _ in range(MAX_INSTRUCTIONS):
        if cursor.done:
            return
        script = _logical_line(doc, cursor, escape)
        if script is not None:
            instruction = _instruction(doc, cursor, script)
            yield instruction
            if isinstance(instruction, Instruction) and instruction.unclosed:
                why = f"its here-document is not closed by a line `{instruction.unclosed[:60]}`; nothing of it is read"
                yield doc.unread(why, script.whole, what=script.text)
    if not cursor.done:
        yield doc.unread(f"more than {MAX_INSTRUCTIONS} instructions are not read")


def _escape_directive(cursor: _Cursor) -> str:
    """The escape character: comments of the form `# name=value` count only before anything else."""
    escape = "\\"
    while not cursor.done:
        before = cursor.position
        _, line = cursor.line()
        match = _DIRECTIVE.match(line.strip()[:256])
        if match is None:
            cursor.position = before
            break
        if match.group(1).lower() == "escape" and match.group(2) in ("\\", "`"):
            escape = match.group(2)
    return escape


def _logical_line(doc: Document, cursor: _Cursor, escape: str) -> Script | None:
    """The next instruction with its continuations joined; comments and empty lines between them are left out."""
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length = 0
    first = cursor.position
    while not cursor.done:
        start, line = cursor.line()
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if not parts:
            first = start
        continued = line.rstrip().endswith(escape)
        kept = line.rstrip()[:-1] if continued else line
        pieces.append((length, start))
        parts.append(kept)
        length += len(kept)
        if not continued:
            break
    if not parts:
        return None
    line_number, column = line_and_column(doc.text, first)
    return Script(doc, "".join(parts), pieces, doc.place(line_number, column))


def _instruction(doc: Document, cursor: _Cursor, script: Script) -> Instruction | Unread:
    text = script.text
    match = _INSTRUCTION.match(text)
    keyword = match.group(1).upper() if match else ""
    if match is None or keyword not in KEYWORDS:
        shown = text.strip()[:60]
        why = f"`{shown}` begins with no instruction of a Dockerfile; a long one ends its lines with a backslash"
        return doc.unread(why, script.place(0, len(text.rstrip())), what=text)
    if keyword == "ONBUILD":
        inner = _instruction(doc, cursor, script.cut(match.end(), len(text)))
        return replace(inner, is_trigger=True) if isinstance(inner, Instruction) else inner
    position, flags = match.end(), []
    while flag := _FLAG.match(text, position):
        flags.append((flag.group(1).lower(), (flag.group(2) or "").strip('"')))
        position = flag.end()
    heredocs, unclosed = _heredocs(doc, cursor, text[position:]) if keyword in _WITH_HEREDOCS else ((), "")
    rest = script.cut(position, len(text))
    line = script.place(0, 1).line or 0
    return Instruction(keyword=keyword, flags=tuple(flags), rest=rest, line=line, heredocs=heredocs, unclosed=unclosed)


def _heredocs(doc: Document, cursor: _Cursor, text: str) -> tuple[tuple[Heredoc, ...], str]:
    """The here-documents behind an instruction, and the name of one that no line closes: what follows is still read."""
    read: list[Heredoc] = []
    opened = () if text.startswith("[") else [match for match in _HEREDOC.finditer(text) if match["name"]]
    for match in opened:
        spend(BODIES)
        name = _QUOTING.sub(lambda quoted: next(part for part in quoted.groups() if part is not None), match["name"])
        start = min(cursor.position, len(doc.text))
        end = _end_of_heredoc(cursor, name, strips_tabs=bool(match["tabs"]))
        if end is None:
            cursor.position = start
            return tuple(read), name
        line_number, column = line_and_column(doc.text, start)
        body = Script(doc, doc.text[start:end], [(0, start)], doc.place(line_number, column))
        read.append(Heredoc(name=name, body=body))
    return tuple(read), ""


def _end_of_heredoc(cursor: _Cursor, name: str, *, strips_tabs: bool) -> int | None:
    """Where the line that closes a here-document begins; the reader is then past that line."""
    while not cursor.done:
        spend(HEREDOC_LINES)
        at, line = cursor.line()
        if (line.lstrip("\t") if strips_tabs else line) == name:
            return at
    return None


def words(script: Script, values: Mapping[str, str]) -> list[Word]:
    """The words of an instruction, variables replaced as the builder does, which splits no value."""
    return [token for token in Lexer(script.text, values, shell=False).tokens() if isinstance(token, Word)]


def shell_script(instruction: Instruction) -> Script:
    """What the shell of a RUN reads: the line, then the bodies of its here-documents."""
    rest = instruction.rest
    text, pieces = rest.text, list(rest.pieces)
    for heredoc in instruction.heredocs:
        pieces += [(len(text), -1)] + [(len(text) + 1 + at, to) for at, to in heredoc.body.pieces]
        text += f"\n{heredoc.body.text}"
        text += heredoc.name if text.endswith("\n") else f"\n{heredoc.name}"
        pieces.append((len(text) - len(heredoc.name), -1))
    return Script(rest.doc, text, pieces, rest.whole)


def assignments(instruction: Instruction, values: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """The names and values of an ARG or ENV instruction; the value is None if none is given or known."""
    parts = words(instruction.rest, values)
    if instruction.keyword == "ENV" and parts and "=" not in parts[0].text:
        # The old form `ENV NAME the rest of the line`.
        text = "".join(instruction.rest.text.split(None, 1)[1:]).strip()
        value = expanded(text, values)
        yield parts[0].text, None if value is None else within(value)
        return
    for word in parts:
        pair = _ASSIGNMENT.fullmatch(word.text)
        if pair:
            yield pair.group(1), None if word.unresolved else within(pair.group(2))
        elif instruction.keyword == "ARG" and not word.unresolved:
            yield word.text, None
