"""Simple commands of a shell script: assignments take effect, branches whose condition is known are decided."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping

from mlaudit.document.budget import Limit, spend
from mlaudit.grammars.shell.shell_words import Lexer, Operator, Redirection, Token, Word
from mlaudit.grammars.variables import EXPANDED, MAX_CUT, within
from mlaudit.model.globs import glob
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

COMMANDS = Limit(name="shell commands", most=50_000)
"""Commands in all scripts of one document."""

MAX_NESTING = 50
"""Compounds inside compounds that are distinguished."""

_ASSIGNMENT = lazy_pattern(r"([A-Za-z_]\w{0,127})(\+?)=(.*)", re.DOTALL)
_OPENERS = frozenset(("if", "case", "while", "until", "for", "select"))
_CLOSERS = frozenset(("fi", "esac", "done"))
_LEADING = frozenset(("then", "else", "elif", "do", "!", "time", "{", "}", "fi", "esac", "done"))
_NUMBER = lazy_pattern(r"-?\d{1,18}")
_NUMERIC: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-gt": operator.gt,
    "-ge": operator.ge,
    "-lt": operator.lt,
    "-le": operator.le,
}
_TESTS = {"[": "]", "[[": "]]", "test": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command.

    Attributes:
        words: its name and arguments.
        group: commands of one group are alternatives (branches of an `if`, both sides of `||`), ascending.
        skipped: it is in a branch that the known values exclude.
        redirections: where its output goes and its here-documents.
        subshells: the numbers of the subshells that it runs in, the outermost first.
        piped: what the command before it prints is its input.
    """

    words: tuple[Word, ...]
    group: int
    conditional: bool = False
    skipped: bool = False
    redirections: tuple[Redirection, ...] = ()
    subshells: tuple[int, ...] = ()
    piped: bool = False

    @property
    def name(self) -> str:
        """The last part of the path of the program, without `.exe`."""
        return self.words[0].text.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if self.words else ""


IsFile = Callable[[str], "bool | None"]
"""Whether a file is there when the command runs; None if nobody can tell."""
_FILE_TESTS = frozenset(("-f", "-e", "-r", "-s"))


@dataclass(slots=True)
class _Branch:
    """An open compound: whether its running branch is taken (None: unknown) and whether one was taken before."""

    word: str
    group: int
    taken: bool | None = None
    decided: bool = False


def commands(text: str, values: MutableMapping[str, str], is_file: IsFile = lambda _path: None) -> Iterator[Command]:
    """The commands of a script; `values` are read and, by assignments, written. Raises BudgetExceeded."""
    reader = _CommandReader(values, is_file)
    for token in Lexer(text, values).tokens():
        yield from reader.feed(token)
    yield from reader.finish()


class _CommandReader:
    """Collects tokens to commands.

    `guard` is whether the next command runs as far as `&&` and `||` show, `last` the outcome of the command before it
    if that is known: of a test whose words are all known, or of one that does not run.
    """

    def __init__(self, values: MutableMapping[str, str], is_file: IsFile) -> None:
        self.values = values
        self.is_file = is_file
        self.group = 0
        self.words: list[Word] = []
        self.redirections: list[Redirection] = []
        self.branches: list[_Branch] = []
        self.alternative = False
        self.guard: bool | None = True
        self.last: bool | None = None
        self.last_is_test = False
        self.negated = False
        self.subshells: tuple[int, ...] = ()
        self.begun = 0
        self.piped = False

    def feed(self, token: Token) -> Iterator[Command]:
        if isinstance(token, Word):
            self.words.append(token)
        elif isinstance(token, Redirection):
            self.redirections.append(token)
        else:
            begun = bool(self.words)
            if token.sign != "\n" or begun:
                spend(COMMANDS)
            yield from self.finish()
            # A line may end behind the sign of a pipe.
            self.piped = token.sign in ("|", "|&") or (self.piped and token.sign == "\n" and not begun)
            self._bracket(token.sign)
            self._joined(token)

    def _bracket(self, sign: str) -> None:
        if sign == "(" and len(self.subshells) < MAX_NESTING:
            self.begun += 1
            self.subshells = (*self.subshells, self.begun)
        elif sign == ")":
            self.subshells = self.subshells[:-1]

    def _joined(self, connector: Operator) -> None:
        """What a connector means for the next command."""
        if connector.sign == "&&":
            self.guard = self.last if self.last_is_test else self.guard
            return
        self.alternative = connector.sign == "||" and not self.last_is_test
        if connector.sign == "||":
            self.guard = not self.last if self.last_is_test and self.last is not None else None
        else:
            self.guard = True

    def finish(self) -> Iterator[Command]:
        """The command that the tokens so far make."""
        words, self.words = self.words, []
        redirections, self.redirections = tuple(self.redirections), []
        words = self._without_assignments(self._without_keywords(words))
        if words and words[0].text in _TESTS:
            outcome = _outcome(words, self.is_file)
            outcome = not outcome if self.negated and outcome is not None else outcome
            self.last = False if self.guard is False else outcome
            self.last_is_test, self.negated = True, False
            return
        if words or any(redirection.body for redirection in redirections):
            command = self._command(tuple(words), redirections)
            self._exported(command)
            self.last_is_test = self.guard is False
            self.last = False if self.guard is False else None
            yield command

    def _inside(self) -> list[_Branch]:
        return [branch for branch in self.branches if branch.word in ("if", "case")]

    def _command(self, words: tuple[Word, ...], redirections: tuple[Redirection, ...]) -> Command:
        inside = self._inside()
        if not inside and not self.alternative:
            self.group += 1
        return Command(
            words=words,
            group=inside[0].group if inside else self.group,
            conditional=any(branch.taken is None for branch in inside) or self.guard is None,
            skipped=any(branch.taken is False for branch in inside) or self.guard is False,
            redirections=redirections,
            subshells=self.subshells,
            piped=self.piped,
        )

    def _without_keywords(self, words: list[Word]) -> list[Word]:
        """The command behind `then`, `do`, `!`; compounds open and close on the way."""
        for index, word in enumerate(words):
            if word.quoted:
                return words[index:]
            if word.text in _OPENERS:
                self._open(word.text, words, index)
                if word.text in ("for", "case", "select"):
                    return []
            elif word.text in _LEADING:
                self._continue(word.text)
            else:
                return words[index:]
        return []

    def _open(self, word: str, words: list[Word], index: int) -> None:
        if word in ("if", "case") and not self._inside():
            self.group += 1
        if len(self.branches) < MAX_NESTING:
            self.branches.append(_Branch(word, self.group))
        if word == "for" and len(words) > index + 2 and words[index + 2].text == "in":
            self._loop(words[index + 1].text, words[index + 3 :])

    def _loop(self, name: str, items: list[Word]) -> None:
        """The variable of a loop stands for all its values at once."""
        if any(item.unresolved for item in items):
            self.values.pop(name, None)
        else:
            self.values[name] = within(" ".join(item.text for item in items))

    def _continue(self, word: str) -> None:
        self.negated = word == "!"
        if not self.branches:
            return
        branch = self.branches[-1]
        if word in _CLOSERS:
            self.branches.pop()
            self.last, self.last_is_test = None, False
        elif word == "then":
            outcome = self.last if self.last_is_test else None
            branch.taken = False if branch.decided else outcome
            branch.decided = branch.decided or outcome is True
        elif word in ("else", "elif"):
            branch.taken = False if branch.decided else (None if branch.taken is None else True)
        if word in ("then", "else", "elif", "do"):
            self.guard, self.alternative = True, False

    def _without_assignments(self, words: list[Word]) -> list[Word]:
        """`A=1 B=2 command`; without a command the values stay."""
        for index, word in enumerate(words):
            match = _ASSIGNMENT.fullmatch(word.text)
            if match is None:
                return words[index:]
            self._assign(match, word)
        return []

    def _assign(self, match: re.Match[str], word: Word) -> None:
        name, plus, value = match.groups()
        taken = {branch.taken for branch in self._inside()} | {self.guard}
        if False in taken:
            return
        if word.unresolved or None in taken:
            self.values.pop(name, None)
        else:
            before = self.values.get(name, "") if plus else ""
            spend(EXPANDED, len(before))
            self.values[name] = within(before + value)

    def _exported(self, command: Command) -> None:
        if command.name not in ("export", "local", "declare", "readonly"):
            return
        for word in command.words[1:]:
            match = _ASSIGNMENT.fullmatch(word.text)
            if match:
                self._assign(match, word)


def _outcome(words: list[Word], is_file: IsFile) -> bool | None:
    """What `[ a = b ]`, `[ -n a ]` and their like come to, None if that depends on what is unknown."""
    closing = _TESTS[words[0].text]
    inner = [word for word in words[1:] if word.text != closing or not closing]
    if any(word.unresolved for word in inner):
        return None
    texts = [word.text for word in inner]
    negated = texts[:1] == ["!"]
    is_glob = words[0].text == "[[" and bool(inner) and not inner[-1].quoted
    tested = texts[1:] if negated else texts
    about_file = len(tested) == 2 and tested[0] in _FILE_TESTS
    outcome = is_file(tested[1]) if about_file else _comparison(tested, is_glob=is_glob)
    return outcome if outcome is None or not negated else not outcome


def _comparison(texts: list[str], *, is_glob: bool) -> bool | None:
    if len(texts) == 1:
        return bool(texts[0])
    if len(texts) == 2 and texts[0] in ("-n", "-z"):
        return bool(texts[1]) == (texts[0] == "-n")
    if len(texts) != 3:
        return None
    left, sign, right = texts
    if sign in ("=", "==", "!="):
        return _same(left, right, is_glob=is_glob, equal=sign != "!=")
    compare = _NUMERIC.get(sign)
    if compare is None or not (_NUMBER.fullmatch(left) and _NUMBER.fullmatch(right)):
        return None
    return compare(int(left), int(right))


def _same(left: str, right: str, *, is_glob: bool, equal: bool) -> bool | None:
    if not is_glob:
        return (left == right) is equal
    pattern = glob(right)
    if pattern is None or len(left) > MAX_CUT:
        return None
    return pattern.matches(left) is equal
