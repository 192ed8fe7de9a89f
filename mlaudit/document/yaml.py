"""YAML whose scalars stay the text that is in the file, by libyaml where it is there, with bounded aliases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlaudit.document.budget import BudgetExceeded, Limit, spend
from mlaudit.model.errors import MlauditError

if TYPE_CHECKING:
    import yaml

VALUES = Limit(name="values of YAML, those of aliases and merge keys counted each time", most=700_000)

MAX_DEPTH = 200
"""Collections inside each other; libyaml needs quadratic time for deep flow collections."""

_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_NULL_TAG = "tag:yaml.org,2002:null"
_KEY_LENGTH = 200


class YamlProblem(MlauditError, ValueError):
    """What is wrong with a YAML text, and where (1-based); the attributes are those of json's and tomli's errors."""

    def __init__(self, why: str, lineno: int | None = None, colno: int | None = None) -> None:
        super().__init__(why)
        self.lineno = lineno
        self.colno = colno


class RepeatingTable(dict[str, object]):
    """A mapping in which keys stand more than once; the last value of each counts."""

    __slots__ = ("repeated",)
    repeated: tuple[str, ...]


def repeated_keys(value: object) -> tuple[str, ...]:
    """The keys that stand more than once in a mapping, each once, in the order of the text."""
    return value.repeated if isinstance(value, RepeatingTable) else ()


def yaml_loads(text: str) -> object:
    """The first document of a stream, None if there is none. Raises YamlProblem on bad syntax or an alias bomb."""
    return next(_documents(text), None)


def yaml_load_all(text: str) -> list[object]:
    """Every document of a stream. Raises YamlProblem on bad syntax or an alias bomb."""
    return list(_documents(text))


def _documents(text: str) -> Iterator[object]:
    import yaml

    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        yield from _TreeBuilder(text).documents(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        raise _too_deep(text, error) or _located(error) from None
    except yaml.YAMLError as error:
        raise YamlProblem(str(error).partition("\n")[0]) from None


def _located(error: yaml.MarkedYAMLError) -> YamlProblem:
    mark = error.problem_mark or error.context_mark
    why = " ".join(part for part in (error.problem, error.context) if part)
    return YamlProblem(why, mark.line + 1, mark.column + 1) if mark else YamlProblem(why)


def _too_deep(text: str, error: yaml.MarkedYAMLError) -> YamlProblem | None:
    """The problem of deep nesting where libyaml gives up at a bracket before it has given the events before it.

    It looks ahead, and some versions limit flow collections themselves (PyYAML 6.0.4: 1000 levels). The bracket is then
    the place of the error and of its context; of other errors at a bracket it is one of them at most.
    """
    import yaml.scanner

    mark, context = error.problem_mark, error.context_mark
    if not isinstance(error, yaml.scanner.ScannerError) or mark is None or context is None:
        return None
    if mark.index != context.index or text[mark.index : mark.index + 1] not in ("[", "{"):
        return None
    before = text[: mark.index]
    unclosed = sum(before.count(bracket) for bracket in "[{") - sum(before.count(bracket) for bracket in "]}")
    return YamlProblem(_DEEP, mark.line + 1, mark.column + 1) if unclosed >= MAX_DEPTH else None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _OpenCollection:
    """A collection whose end is not reached; `size` counts the values in it, aliases expanded."""

    __slots__ = ("anchor", "items", "key", "merged", "repeated", "size", "start", "table")

    def __init__(self, is_mapping: bool, anchor: str | None, start: int) -> None:
        self.anchor = anchor
        self.start = start
        self.size = 1
        self.items: list[object] = []
        self.table: dict[str, object] | None = {} if is_mapping else None
        self.key: str | None = None
        self.merged: list[object] = []
        self.repeated: list[str] = []

    def put(self, value: object) -> None:
        """Take a value: the next item, or the value of the key that was met before it."""
        if self.table is None:
            self.items.append(value)
            return
        key, self.key = self.key or "", None
        if key == "<<" and isinstance(value, (dict, list)):
            self.merged.append(value)
            return
        if key in self.table:
            self.repeated.append(key)
        self.table[key] = value

    def finished(self) -> object:
        """The finished collection; own keys win over merged ones, and earlier merged tables over later ones."""
        if self.table is None:
            return self.items
        table = self._with_merged(self.table) if self.merged else self.table
        if not self.repeated:
            return table
        repeating_table = RepeatingTable(table)
        repeating_table.repeated = tuple(dict.fromkeys(self.repeated))
        return repeating_table

    def _with_merged(self, own: dict[str, object]) -> dict[str, object]:
        table: dict[str, object] = {}
        for source in reversed(self.merged):
            for merged in reversed(source) if isinstance(source, list) else (source,):
                if isinstance(merged, dict):
                    table.update(merged)
        table.update(own)
        return table


class _TreeBuilder:
    """Makes values from the events of a parser; an alias shares its value, and its size is counted, not walked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[_OpenCollection] = []
        self.anchors: dict[str, tuple[object, int]] = {}
        self.root: object = None

    def documents(self, events: Iterator[yaml.Event]) -> Iterator[object]:
        import yaml

        scalar, start, end = yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.CollectionEndEvent
        mapping_start = yaml.MappingStartEvent
        for event in events:
            if isinstance(event, scalar):
                self._scalar(event)
            elif isinstance(event, start):
                self._start(event, isinstance(event, mapping_start))
            elif isinstance(event, end):
                self._end(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield self.root
                self.anchors, self.root = {}, None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        if self.open:
            frame = self.open[-1]
            if frame.table is not None and frame.key is None:
                frame.key = text
                frame.size += 1
                if event.anchor:
                    self.anchors[event.anchor] = text, 1
                return
        plain = event.style is None or event.style == ""
        is_null = plain and text in _NULLS and (event.tag is None or event.tag == _NULL_TAG)
        self._put(None if is_null else text, 1, event.anchor)

    def _start(self, event: yaml.CollectionStartEvent, is_mapping: bool) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise YamlProblem(_DEEP, _line(event))
        self.open.append(_OpenCollection(is_mapping, event.anchor, event.start_mark.index if event.start_mark else 0))

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        frame = self.open.pop()
        if self._expects_key():
            # Unquoted templates (`- {{ version }}`) are mappings with a mapping as key.
            source = self.text[frame.start : event.end_mark.index if event.end_mark else frame.start]
            self.open[-1].key = source[:_KEY_LENGTH]
            self.open[-1].size += frame.size
            if frame.anchor:
                self.anchors[frame.anchor] = frame.finished(), frame.size
            return
        self._put(frame.finished(), frame.size, frame.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        if name not in self.anchors:
            inside = any(frame.anchor == name for frame in self.open)
            why = "contains itself" if inside else "has no anchor"
            raise YamlProblem(f"the alias `*{name[:80]}` {why}", _line(event))
        value, size = self.anchors[name]
        if not self._expects_key():
            self._put(value, size, None)
        elif isinstance(value, str):
            self.open[-1].key = value
        else:
            raise YamlProblem(f"the alias `*{name[:80]}` is a key and is not a scalar", _line(event))

    def _expects_key(self) -> bool:
        return bool(self.open) and self.open[-1].table is not None and self.open[-1].key is None

    def _put(self, value: object, size: int, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = value, size
        if not self.open:
            spend(VALUES, size)
            self.root = value
            return
        frame = self.open[-1]
        frame.size += size
        if frame.size > VALUES.most:
            raise BudgetExceeded(VALUES)
        frame.put(value)
