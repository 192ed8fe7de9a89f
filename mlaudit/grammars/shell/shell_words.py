"""POSIX shell text cut into words: quotes, escapes, comments, redirections, here-documents and expansions.

Grammar: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html. Nothing is ever run: what only
running would show (command substitution, positional parameters, unset variables) makes a word unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.grammars.variables import is_opening, reference, value_of
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_SCRIPT = 1024 * 1024
"""Characters of one script; what follows is not read."""

BODIES = Limit(name="here-documents", most=2_000)
"""Here-documents of one document; the end of each is searched for."""

_BLANK = lazy_pattern(r"(?:[ \t\r]|\\\r?\n)+")
_COMMENT = lazy_pattern(r"#[^\n]*")
_OPERATOR = lazy_pattern(r"&&|\|\||;;&?|;&|\|&|[;|()\n]|&(?!>)")
_REDIRECTION = lazy_pattern(r"(?:\d{1,3})?(?P<sign><<-|<<<|<<|>>|>\||>&|<&|<>|>|<)|(?P<both>&>>?)")
_PLAIN = lazy_pattern(r"[^\s'\"\\$`;&|()<>{}]+|[{}]")
_LITERAL = lazy_pattern(r"[^\s'\"\\${}]+|[{}]")
_DOUBLE_PLAIN = lazy_pattern(r'[^"\\$`]+')
_SINGLE = lazy_pattern(r"'([^']*)'")
_BACKTICK = lazy_pattern(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)
_JINJA = lazy_pattern(r"\{\{[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,200}%\}")
_NESTED = lazy_pattern(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[()]", re.DOTALL)
_DOUBLE_ESCAPES = '$`"\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word: its text once expanded and unquoted, its offsets in the script, and what in it has no value."""

    text: str
    start: int
    end: int
    unresolved: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What is between commands: `&&`, `;`, a line end, a bracket."""

    sign: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """`> file`, `2>&1`, `<< EOF`; `body` holds the offsets of a here-document, `tabs` that `<<-` strips them."""

    sign: str
    target: Word
    body: tuple[int, int] | None = None


Token = Word | Operator | Redirection


class _WordBuilder:
    """A word being read: pieces of text, of which those from unquoted expansions are split at blanks."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.pieces: list[tuple[str, bool]] = []
        self.unresolved = ""
        self.quoted = False

    def add(self, text: str, *, split: bool = False) -> None:
        self.pieces.append((text, split))

    def words(self, end: int) -> Iterator[Word]:
        fields: list[list[str]] = [[]]
        present = self.quoted
        for text, split in self.pieces:
            parts = text.split() if split else [text]
            if split and text[:1].isspace() and any(fields[-1]):
                fields.append([])
            fields[-1] += parts[:1]
            fields.extend([part] for part in parts[1:])
            if split and text[-1:].isspace() and any(fields[-1]):
                fields.append([])
            present = present or bool(parts)
        for text in map("".join, fields):
            if text or self.unresolved or (present and len(fields) == 1):
                yield Word(text=text, start=self.start, end=end, unresolved=self.unresolved, quoted=self.quoted)


class Lexer:
    """Tokens of a script; `values` are the variables that are known at each point, changed by the reader meanwhile.

    Without `shell` there are only words, expansions are not split, and `;`, `|`, `<`, `#` and backquotes mean nothing.
    """

    def __init__(self, text: str, values: Mapping[str, str], *, shell: bool = True) -> None:
        self.text = text[:MAX_SCRIPT]
        self.shell = shell
        self.values = values
        self.position = 0
        self._behind: int | None = None

    def tokens(self) -> Iterator[Token]:
        """The tokens in order; the body of a here-document is reported with its redirection and then skipped."""
        while self.position < len(self.text):
            blank = _BLANK.match(self.text, self.position)
            if blank:
                self.position = blank.end()
            elif not self.shell:
                yield from self._words()
            elif self.text[self.position] == "#":
                self.position = self._end(_COMMENT)
            else:
                yield from self._token()

    def _end(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        return match.end() if match else self.position + 1

    def _token(self) -> Iterator[Token]:
        if self.text.startswith(("<(", ">("), self.position):
            yield self._process_substitution()
            return
        redirection = _REDIRECTION.match(self.text, self.position)
        if redirection:
            yield from self._redirection(redirection)
            return
        operator = _OPERATOR.match(self.text, self.position)
        if operator is None:
            yield from self._words()
            return
        self.position = operator.end()
        if operator[0] == "\n" and self._behind is not None:
            self.position, self._behind = self._behind, None
        yield Operator(sign=operator[0], start=operator.start())

    def _process_substitution(self) -> Word:
        """`<(command)`: a word that stands for what a command prints."""
        start = self.position
        self.position = self._bracket_end(start + 1)
        raw = self.text[start : self.position]
        return Word(text=raw, start=start, end=self.position, unresolved=raw[:200])

    def _redirection(self, match: re.Match[str]) -> Iterator[Token]:
        sign = match["sign"] or match["both"]
        self.position = match.end()
        blank = _BLANK.match(self.text, self.position)
        self.position = blank.end() if blank else self.position
        raw = self.position
        target = next(self._words(), None) or Word(text="", start=raw, end=raw)
        body = self._body(target.text) if sign in ("<<", "<<-") else None
        yield Redirection(sign=sign, target=target, body=body)

    def _body(self, delimiter: str) -> tuple[int, int]:
        """The offsets of a here-document: it begins behind the line, or behind the one before it of the same line."""
        spend(BODIES)
        if self._behind is None:
            line_end = self.text.find("\n", self.position)
            self._behind = line_end + 1 if line_end >= 0 else len(self.text)
        start = self._behind
        end, self._behind = self._body_end(delimiter, start)
        return start, end

    def _body_end(self, delimiter: str, start: int) -> tuple[int, int]:
        pattern = re.compile(rf"^\t*{re.escape(delimiter)}[ \t\r]*$", re.MULTILINE)
        match = pattern.search(self.text, start)
        return (match.start(), min(match.end() + 1, len(self.text))) if match else (len(self.text), len(self.text))

    def _words(self) -> Iterator[Word]:
        builder = _WordBuilder(self.position)
        before = -1
        while self.position < len(self.text) and self.position != before:
            before = self.position
            self._piece(builder)
        if self.position == builder.start:
            self.position += 1
            builder.add(self.text[builder.start : self.position])
        yield from builder.words(self.position)

    def _piece(self, builder: _WordBuilder) -> None:
        """One piece of a word from where the lexer is; it stands still where the word ends."""
        jinja = _JINJA.match(self.text, self.position)
        if jinja:
            builder.unresolved = builder.unresolved or jinja[0]
            builder.add(jinja[0])
            self.position = jinja.end()
            return
        first = self.text[self.position]
        if first == "'":
            self._single(builder)
        elif first == '"':
            self._double(builder)
        elif first == "\\":
            self._escape(builder)
        elif first == "$" or (first == "`" and self.shell):
            self._expansion(builder, split=self.shell)
        else:
            plain = (_PLAIN if self.shell else _LITERAL).match(self.text, self.position)
            if plain:
                builder.add(plain[0])
                self.position = plain.end()

    def _single(self, builder: _WordBuilder) -> None:
        match = _SINGLE.match(self.text, self.position)
        builder.quoted = True
        builder.add(match[1] if match else self.text[self.position + 1 :])
        self.position = match.end() if match else len(self.text)

    def _escape(self, builder: _WordBuilder) -> None:
        continuation = _BLANK.match(self.text, self.position)
        if continuation:
            self.position += 3 if continuation[0][1] == "\r" else 2
            return
        builder.add(self.text[self.position + 1 : self.position + 2])
        builder.quoted = True
        self.position = min(self.position + 2, len(self.text))

    def _double(self, builder: _WordBuilder) -> None:
        self.position += 1
        builder.quoted = True
        while self.position < len(self.text) and self.text[self.position] != '"':
            plain = _DOUBLE_PLAIN.match(self.text, self.position)
            if plain:
                builder.add(plain[0])
                self.position = plain.end()
            elif self.text[self.position] == "\\":
                self._escape_in_quotes(builder)
            else:
                self._expansion(builder, split=False)
        self.position += 1

    def _escape_in_quotes(self, builder: _WordBuilder) -> None:
        escaped = self.text[self.position + 1 : self.position + 2]
        if escaped != "\n":
            builder.add(escaped if escaped in _DOUBLE_ESCAPES else "\\" + escaped)
        self.position += 2

    def _expansion(self, builder: _WordBuilder, *, split: bool) -> None:
        start = self.position
        if self.text.startswith("$'", start) and split:
            self.position += 1
            return
        match = reference(self.text, start)
        if match:
            value = value_of(match, self.values)
            self.position = match.end()
        elif self.text[start] == "$" and not is_opening(self.text, start):
            value = "$"
            self.position += 1
        else:
            value = None
            self.position = self._substitution_end(start)
        raw = self.text[start : self.position]
        if value is None:
            builder.unresolved = builder.unresolved or raw[:200]
        builder.add(raw if value is None else value, split=split and value is not None)

    def _substitution_end(self, start: int) -> int:
        """Behind `$(...)`, backticks, `${...}` of an unknown form or a special parameter."""
        if self.text[start] == "`":
            match = _BACKTICK.match(self.text, start)
            return match.end() if match else len(self.text)
        if self.text.startswith("${", start):
            closing = self.text.find("}", start)
            return closing + 1 if closing >= 0 else len(self.text)
        if not self.text.startswith("$(", start):
            return start + 2
        return self._bracket_end(start + 1)

    def _bracket_end(self, start: int) -> int:
        """Behind the bracket that closes the one at `start`."""
        depth = 0
        for bracket in _NESTED.finditer(self.text, start):
            depth += {"(": 1, ")": -1}.get(bracket[0], 0)
            if depth == 0 and bracket[0] == ")":
                return bracket.end()
        return len(self.text)
