"""Places of the nodes of a YAML text, from the events of the parser: nothing is constructed, nothing expanded."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from mlaudit.document.budget import Limit, spend
from mlaudit.model.lazy_pattern import lazy_pattern

MERGES = Limit(name="steps along merge keys of YAML", most=1_000_000)

_BYTE_ORDER_MARK = "\ufeff"
# libyaml needs quadratic time for deep flow collections; real files stay far below
_MAX_DEPTH = 200
_PROPERTIES = lazy_pattern(r"(?:[&!]\S*\s*){0,2}")

_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _PlacedNode:
    """A value: a mapping has `children`, a sequence `items`, an alias its `target`, a scalar its `text`."""

    __slots__ = ("block", "children", "end", "items", "start", "target", "text")

    def __init__(self, start: int, end: int, text: str | None = None) -> None:
        self.start, self.end, self.text = start, end, text
        self.block = False
        self.children: dict[str, tuple[_PlacedNode, _PlacedNode]] | None = None
        self.items: list[_PlacedNode] | None = None
        self.target: _PlacedNode | None = None


class YamlIndex:
    """The nodes of one text; what follows broken syntax is missing."""

    def __init__(self, text: str, *, multi: bool) -> None:
        self._shift = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
        self._text = text[self._shift :]
        self._multi = multi
        self._documents: list[_PlacedNode] = []
        self._anchors: dict[str, _PlacedNode] = {}
        self._open: list[tuple[_PlacedNode, list[_PlacedNode]]] = []
        try:
            self._read(yaml.parse(self._text, Loader=_Loader))
        except yaml.YAMLError:
            self._close_all()

    def find(self, route: tuple[str | int, ...]) -> tuple[int, int, int, int] | None:
        """Offsets of the value at the route and of its key (-1 where it has none)."""
        steps = list(route)
        document = steps.pop(0) if self._multi else 0
        if not isinstance(document, int) or not 0 <= document < len(self._documents):
            return None
        key: _PlacedNode | None = None
        node: _PlacedNode | None = self._documents[document]
        for step in steps:
            key, node = _step(_resolved(node), step)
        if node is None:
            return None
        key_start, key_end = (key.start + self._shift, key.end + self._shift) if key else (-1, -1)
        return node.start + self._shift, node.end + self._shift, key_start, key_end

    def _read(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                self._add(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(_offsets(event)[1])
            elif isinstance(event, yaml.DocumentEndEvent) and not self._multi:
                return
            if len(self._open) > _MAX_DEPTH:
                self._close_all()
                return

    def _add(self, event: yaml.NodeEvent) -> None:
        node = self._node(event)
        if self._open:
            self._open[-1][1].append(node)
        else:
            self._documents.append(node)
            self._anchors.clear()
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            self._anchors[event.anchor] = node
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append((node, []))

    def _node(self, event: yaml.NodeEvent) -> _PlacedNode:
        start, end = _offsets(event)
        if isinstance(event, yaml.AliasEvent):
            node = _PlacedNode(start, end)
            node.target = self._anchors.get(event.anchor or "")
            return node
        properties = _PROPERTIES.match(self._text, start, end)
        node = _PlacedNode(properties.end() if properties else start, end)
        if isinstance(event, yaml.ScalarEvent):
            node.text = event.value
            return node
        if isinstance(event, yaml.CollectionStartEvent):
            node.block = not event.flow_style
        if isinstance(event, yaml.MappingStartEvent):
            node.children = {}
        return node

    def _close(self, end: int) -> None:
        node, members = self._open.pop()
        node.end = members[-1].end if node.block and members else end
        if node.children is None:
            node.items = members
            return
        for key, value in zip(members[::2], members[1::2], strict=False):
            name = _resolved(key)
            if name is not None and name.text is not None:
                node.children[name.text] = key, value

    def _close_all(self) -> None:
        while self._open:
            self._close(len(self._text))


def _offsets(event: yaml.Event) -> tuple[int, int]:
    """Where an event begins and ends; every event of a parser has marks."""
    start, end = event.start_mark, event.end_mark
    return (start.index if start else 0), (end.index if end else 0)


def _resolved(node: _PlacedNode | None) -> _PlacedNode | None:
    """What an alias stands for; any other node is itself."""
    return node.target if node and node.target else node


def _step(node: _PlacedNode | None, step: str | int) -> tuple[_PlacedNode | None, _PlacedNode | None]:
    """Key and value one step further; an integer is also the name of a key (`1: one`)."""
    if node is None:
        return None, None
    if node.items is not None:
        inside = isinstance(step, int) and 0 <= step < len(node.items)
        return None, node.items[int(step)] if inside else None
    return _member(node, str(step)) or (None, None)


def _member(node: _PlacedNode, name: str) -> tuple[_PlacedNode, _PlacedNode] | None:
    """The member of a mapping, else of what its merge key names; the visited set ends circles and repetitions."""
    if node.children is not None and name in node.children:
        return node.children[name]
    waiting = [node]
    visited: set[int] = set()
    while waiting:
        spend(MERGES)
        node = waiting.pop()
        if node.children is None or id(node) in visited:
            continue
        visited.add(id(node))
        if name in node.children:
            return node.children[name]
        waiting += reversed(_merged(node.children))
    return None


def _merged(children: dict[str, tuple[_PlacedNode, _PlacedNode]]) -> list[_PlacedNode]:
    """The mappings that `<<` names, in the order in which they win (https://yaml.org/type/merge.html)."""
    source = _resolved(children["<<"][1]) if "<<" in children else None
    if source is None:
        return []
    sources = [source] if source.items is None else source.items
    return [mapping for mapping in map(_resolved, sources) if mapping]
